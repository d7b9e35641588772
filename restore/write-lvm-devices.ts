// Makes LVM's list of devices (lvmdevices(8)) name what the volume groups are on now: an entry for a disk that is gone hides all that is in its place.

import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { exists, makeDirectory, makeTemporaryDirectory, removeFile } from "#os/files";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import type { Originals } from "./keep-original.ts";
import { readLatin1, writeLatin1 } from "./latin1-files.ts";
import { idsOf } from "./plan-lvm.ts";
import type { Step } from "./plan.ts";
import type { OwnChange } from "./run-step.ts";
import { WITHOUT_UDEV } from "./run-stack.ts";
import { importDevicesCommand } from "./stack-commands.ts";

type DevicesStep = Extract<Step, { readonly kind: "write-lvm-devices" }>;

export interface LvmDevicesPlace {
  readonly root: string;
  readonly originals: Originals;
  /** Of what a person should know afterwards. */
  remark(line: string): void;
}

/** Where LVM cannot name all of them the file is moved aside: LVM then looks at all devices. */
export async function writeLvmDevices(step: DevicesStep, { root, originals, remark }: LvmDevicesPlace): Promise<readonly OwnChange[]> {
  const place = await insideRoot(root, step.file);
  const changes = (paths: readonly string[], why: string) => paths.map((path) => ({ path: pathInMachine(root, path), why }));
  const isThere = await exists(place);
  if (!isThere && !(await originals.isKept(place))) return [];
  const before = await originals.read(place);
  try {
    const text = await importedDevices(step, before);
    if (isThere && entriesOf(text).join("\n") === entriesOf(before).join("\n")) return [];
    return changes(await originals.change(place, () => text), "LVM's list of devices names what its groups are on now");
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    const original = await originals.keep(place);
    await removeFile(place);
    remark(`${step.file} was moved to ${pathInMachine(root, original)}, and LVM looks at all devices: ${error.message}`);
    return changes([place, original], "LVM's list of devices was moved aside, as what its groups are on now could not be written into it");
  }
}

/** The text of the list, one character a byte, as LVM itself writes it. Throws LifeboatError. */
async function importedDevices({ file, stale, groups }: DevicesStep, before: string): Promise<string> {
  await using directory = await makeTemporaryDirectory("lifeboat-lvm-");
  const own = `${directory.path}/devices/system.devices`;
  await makeDirectory(`${directory.path}/devices`);
  await writeLatin1(own, withoutEntries(before, stale));
  const env = { ...WITHOUT_UDEV, LVM_SYSTEM_DIR: directory.path };
  for (const group of groups) await run(importDevicesCommand(group), { env });
  const text = await readLatin1(own);
  const listed = new Set(entriesOf(text).map(idOf));
  const missing = groups.flatMap(({ group }) => idsOf(group)).filter((id) => !listed.has(id));
  if (missing.length === 0) return text;
  throw new LifeboatError(`Cannot write ${file} as each physical volume must be in it: LVM did not list ${missing.join(", ")}`);
}

function withoutEntries(text: string, ids: readonly string[]): string {
  const lines = text.split("\n");
  return lines.filter((line) => !ENTRY.test(line) || !ids.includes(idOf(line) ?? "")).join("\n");
}

const ENTRY = /^\s*IDTYPE=/;

function entriesOf(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => ENTRY.test(line))
    .sort();
}

function idOf(entry: string): string | undefined {
  return /(?:^|\s)PVID=(\S+)/.exec(entry)?.[1];
}
