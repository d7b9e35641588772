// What stands against a plan, before anything is written: one sentence each, which follow a colon. Pure.

import type { Disk, Layout, Machine } from "../machine/model.ts";
import { foreignContents, mayBeWiped, wipeName } from "./foreign-data.ts";
import { describeIdentity, namesOf } from "./match-disks.ts";
import type { PresentDisk } from "./present-disk.ts";
import { wipeWord } from "./serial-word.ts";
import { isWhole } from "./subvolumes.ts";

/** A set may have been made of a machine that could not be restored; ReaR #1353: an empty plan is an error, not a success. */
export function layoutProblems(layout: Layout): readonly string[] {
  const { disks, mounts, fileSystems } = layout;
  const unmade = mounts.filter((mount) => {
    const fileSystem = fileSystems.find(({ device }) => device === mount.device);
    return isWhole(mount, layout) && (fileSystem === undefined || fileSystem.parameters.kind === "unknown");
  });
  return [
    ...(disks.length === 0 ? ["the machine has no disk"] : []),
    ...(mounts.some((mount) => mount.path === "/" && isWhole(mount, layout)) ? [] : [`no whole file system is mounted at "/"`]),
    ...unmade.map(({ path, device, type }) => `how "${path}" (${type} on ${device}) was made is not known`),
  ];
}

export function sectorProblems(from: Disk, to: Disk): readonly string[] {
  if (from.logicalSectorBytes === to.logicalSectorBytes) return [];
  return [`disk ${to.id} has sectors of ${to.logicalSectorBytes} bytes, and the machine's ${from.id} had ${from.logicalSectorBytes}`];
}

/** A name that was mistyped protects no disk: what was meant is not done, and that must not pass unseen. */
export function namingProblems(present: readonly PresentDisk[], excluded: readonly string[]): readonly string[] {
  const isUnknown = (name: string) => !present.some(({ disk }) => namesOf(disk).includes(name));
  return excluded.filter(isUnknown).map((name) => `no disk here is called "${name}", which was to be left alone`);
}

export interface WipeConsent {
  readonly present: readonly PresentDisk[];
  /** Serials and wwids that were typed. */
  readonly wipe: readonly string[];
}

export function foreignProblems(target: PresentDisk, machine: Machine, { present, wipe }: WipeConsent): readonly string[] {
  const { disk } = target;
  const foreign = foreignContents(target, machine);
  if (foreign.length === 0 || mayBeWiped(disk, present, wipe)) return [];
  const name = wipeName(disk, present);
  const way =
    name === undefined
      ? "it has no serial of its own to name it by: overwrite its beginning with zeros by hand"
      : `--wipe ${quoted(name)}, at the boot prompt ${wipeWord([name])} allows it`;
  return [`disk ${disk.id} (${describeIdentity(disk)}) holds data that is not this machine's, ${foreign.join(", ")}: ${way}`];
}

/** For a shell, as it is. */
function quoted(word: string): string {
  return `"${word.replace(/["$`\\]/g, "\\$&")}"`;
}

export function firmwareProblems({ firmware, layout }: Machine, now: "bios" | "uefi"): readonly string[] {
  if (firmware.kind === now) return [];
  // A BIOS system's disk never starts under UEFI, and the other way round.
  const tables = layout.disks.map(({ table }) => table?.kind ?? "none").join(", ");
  return [
    `the machine started by ${firmware.kind.toUpperCase()} (partition table ${tables}), and this one by ${now.toUpperCase()}: switch the firmware over`,
  ];
}
