// Sets in an ISO image that lies in a file: found and read without mounting it.

import { LifeboatError } from "#os/error";
import { fileInfo, readRange } from "#os/files";
import { findOnIso, listIsoDirectory, readIsoVolume, type IsoEntry } from "../formats/iso9660.ts";
import { utf8Decode } from "../formats/text.ts";
import { MEDIUM_DIRECTORY } from "../set/image-manifest.ts";
import { MANIFEST_FILE } from "../set/set-manifest.ts";
import type { FileSource, SetSource } from "../set/set-source.ts";
import { isSetName } from "./store-names.ts";
import { manifestState, type StoredSet } from "./stored-set.ts";

export interface OpenIso {
  /** Names of the sets on it. */
  readonly ids: readonly string[];
  /** What the volume says that it has, and the file has less. */
  readonly isCutShort: boolean;
  source(id: string): SetSource;
}

/** Directories stand before all files, so that the beginning is enough; it is read in larger pieces until they are in it. */
const FIRST_BYTES = 1024 * 1024;
const MOST_BYTES = 16 * FIRST_BYTES;

/** Undefined for what is no ISO 9660 image. Throws LifeboatError for one whose directories are damaged. */
export async function openIso(path: string): Promise<OpenIso | undefined> {
  const { type, sizeBytes = 0 } = (await fileInfo(path)) ?? {};
  if (type !== "file") return undefined;
  for (let headBytes = FIRST_BYTES; ; headBytes *= 4) {
    const head = await readRange(path, 0, headBytes);
    if (!isIso(head)) return undefined;
    try {
      return readSets(path, head, sizeBytes);
    } catch (error) {
      if (!(error instanceof LifeboatError) || head.length < headBytes || headBytes >= MOST_BYTES) throw error;
    }
  }
}

/** All sets on an image, for a list; none where it is no image, or holds none. */
export async function readIsoSets(path: string): Promise<readonly StoredSet[]> {
  try {
    const iso = await openIso(path);
    const sets = (iso?.ids ?? []).map((id) => readIsoSet({ id, path, kind: "iso" }, iso!));
    return await Promise.all(sets);
  } catch (error) {
    // Somebody else's image that is broken is nobody's set.
    if (error instanceof LifeboatError) return [];
    throw error;
  }
}

async function readIsoSet(about: Pick<StoredSet, "id" | "path" | "kind">, iso: OpenIso): Promise<StoredSet> {
  const damaged = (problem: string): StoredSet => ({ ...about, state: "damaged", manifest: undefined, problem });
  if (iso.isCutShort) return damaged("its image is cut short: the file ends before the volume does");
  const source = iso.source(about.id);
  const sizeBytes = await source.sizeOf(MANIFEST_FILE);
  if (sizeBytes === undefined) return damaged("there is no manifest");
  return manifestState(about, utf8Decode(await source.read(MANIFEST_FILE, 0, sizeBytes)));
}

const SECTOR_BYTES = 2048;

/** The first volume descriptor begins with 01 CD001 (ECMA-119, section 8.1). */
function isIso(head: Uint8Array): boolean {
  return utf8Decode(head.subarray(16 * SECTOR_BYTES + 1, 16 * SECTOR_BYTES + 6)) === "CD001";
}

function readSets(path: string, head: Uint8Array, sizeBytes: number): OpenIso {
  const { blockBytes, blockCount } = readIsoVolume(head);
  const sourceOf = (description: string, entries: ReadonlyMap<string, IsoEntry>): FileSource => ({
    description,
    sizeOf: async (name) => entries.get(name)?.sizeBytes,
    read: (name, offset, room) => readExtents(path, { entry: entries.get(name), name, blockBytes }, { offset, room }),
  });
  const directories = listIsoDirectory(head, findOnIso(head, "/")!).filter(({ type, name }) => type === "directory" && isSetName(name));
  const files = new Map(directories.map((directory) => [directory.name, filesIn(head, directory)] as const));
  const medium = sourceOf(path, rescueImageIn(head));
  return {
    ids: [...files.keys()],
    isCutShort: sizeBytes < blockCount * blockBytes,
    source: (id) => ({ ...sourceOf(`${path}/${id}`, files.get(id) ?? new Map()), medium }),
  };
}

function rescueImageIn(head: Uint8Array): ReadonlyMap<string, IsoEntry> {
  const directory = findOnIso(head, MEDIUM_DIRECTORY);
  const entries = directory === undefined ? [] : listIsoDirectory(head, directory);
  return new Map(entries.map((entry) => [`${MEDIUM_DIRECTORY}/${entry.name}`, entry]));
}

/** As deep as a set is. */
function filesIn(head: Uint8Array, directory: IsoEntry): ReadonlyMap<string, IsoEntry> {
  const entries = listIsoDirectory(head, directory);
  const below = entries
    .filter(({ type }) => type === "directory")
    .flatMap((sub) => listIsoDirectory(head, sub).map((entry) => ({ sub, entry })));
  return new Map([
    ...entries.filter(({ type }) => type === "file").map((entry) => [entry.name, entry] as const),
    ...below.map(({ sub, entry }) => [`${sub.name}/${entry.name}`, entry] as const),
  ]);
}

interface IsoFile {
  readonly entry: IsoEntry | undefined;
  readonly name: string;
  readonly blockBytes: number;
}

async function readExtents(
  path: string,
  { entry, name, blockBytes }: IsoFile,
  { offset, room }: { readonly offset: number; readonly room: number | Uint8Array },
): Promise<Uint8Array> {
  if (entry === undefined) throw new LifeboatError(`Cannot read "${name}" of "${path}" as it must be on the image: there is no such file`);
  const wanted = Math.max(0, Math.min(typeof room === "number" ? room : room.length, entry.sizeBytes - offset));
  const content = typeof room === "number" ? new Uint8Array(wanted) : room;
  let filled = 0;
  let start = 0;
  for (const { lba, sizeBytes } of entry.extents) {
    const from = Math.max(offset + filled, start) - start;
    const length = Math.min(sizeBytes - from, wanted - filled);
    if (length > 0) {
      const piece = await readRange(path, lba * blockBytes + from, content.subarray(filled, filled + length));
      filled += piece.length;
      if (piece.length < length) return content.subarray(0, filled);
    }
    start += sizeBytes;
  }
  return content.subarray(0, filled);
}
