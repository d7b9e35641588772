// The headers of LUKS volumes that a set may hold: their names, and whether each is the one that machine.json tells of.

import { parseLuks } from "../machine/parse-luks.ts";
import type { DeviceId, Layout } from "../machine/model.ts";
import type { LuksHeader, LuksVolume } from "../machine/stacked-device.ts";
import { checkFile, damaged, problemOf, readChecked, type OpenSet } from "./open-set.ts";
import { LUKS_HEADER_FILE, luksHeaderFile } from "./set-manifest.ts";

/** The headers' bytes by the names of their volumes. */
export type LuksHeaders = ReadonlyMap<DeviceId, Uint8Array>;

export function luksVolumes({ stack }: Layout): readonly LuksVolume[] {
  return stack.flatMap((stacked) => (stacked.kind === "luks" ? [stacked] : []));
}

/** Those that the set has. Throws LifeboatError (5) for one that is damaged, or not that of its volume. */
export async function readLuksHeaders(set: OpenSet, layout: Layout): Promise<LuksHeaders> {
  const headers = new Map<DeviceId, Uint8Array>();
  for (const volume of luksVolumes(layout)) {
    const name = luksHeaderFile(volume.uuid);
    if (name === undefined || !set.manifest.files.some((file) => file.name === name)) continue;
    const bytes = await readChecked(set, name);
    const state = headerProblem(bytes, volume);
    if (state !== undefined) throw damaged(set.source, name, { rule: `it must be the header of "${volume.id}"`, state });
    headers.set(volume.id, bytes);
  }
  return headers;
}

/** In words that follow a colon; undefined when it is what is known of the volume. */
export function headerProblem(bytes: Uint8Array, volume: LuksVolume): string | undefined {
  const found = parseLuks(bytes);
  if (found === undefined) return "it is no header of LUKS";
  if (found.uuid !== volume.uuid?.toLowerCase()) return `it is that of another volume, UUID ${found.uuid}`;
  const { header } = found;
  if ("why" in header) return header.why;
  if (bytes.length > header.dataOffsetBytes) return "it reaches into the volume's data";
  const other = Object.entries(FACTS).find(([fact]) => header[fact as Fact] !== volume.header?.[fact as Fact]);
  return other === undefined ? undefined : `its ${other[1]} is another than in machine.json`;
}

type Fact = "version" | "cipher" | "keyBits" | "sectorBytes" | "dataOffsetBytes";

/** What of a header stays the same as long as the volume's data does. */
const FACTS: Readonly<Record<Fact & keyof LuksHeader, string>> = {
  version: "version",
  cipher: "cipher",
  keyBits: "key size",
  sectorBytes: "sector size",
  dataOffsetBytes: "data offset",
};

/** A set without the headers that are damaged: such a volume is encrypted anew. */
export async function withoutBadHeaders(set: OpenSet): Promise<{ readonly set: OpenSet; readonly remarks: string[] }> {
  const remarks: string[] = [];
  const bad = new Set<string>();
  for (const { name } of set.manifest.files.filter((file) => LUKS_HEADER_FILE.test(file.name))) {
    const problem = await problemOf(checkFile(set, name));
    if (problem === undefined) continue;
    bad.add(name);
    remarks.push(`${problem}: its volume will be encrypted anew, with a new passphrase`);
  }
  if (bad.size === 0) return { set, remarks };
  const files = set.manifest.files.filter(({ name }) => !bad.has(name));
  return { set: { ...set, manifest: { ...set.manifest, files } }, remarks };
}
