// Several paths to one disk, which the kernel shows as disks: they are one, written through one of them, and the others are left alone. Pure.

import type { DeviceId, Disk } from "../machine/model.ts";
import { multipathWwid } from "../machine/multipath.ts";
import type { PresentDisk } from "./present-disk.ts";

export interface PathFacts {
  /** The first bytes; undefined when they cannot be read, as on the path to a controller that stands by. */
  readonly head: Uint8Array | undefined;
  /** Of SCSI's ALUA, as sysfs tells it: `active/optimized`, `active/non-optimized`, `standby`, … */
  readonly accessState: string | undefined;
}

/**
 * Disks of one world-wide name and one size are one disk. `facts`: of all possible paths. Where what they hold says otherwise, as cheap disks of one batch may share a
 * name, all of them are locked: nobody can tell which is which.
 */
export function joinPaths(present: readonly PresentDisk[], facts: ReadonlyMap<DeviceId, PathFacts>): readonly PresentDisk[] {
  const groups = new Map<string, PresentDisk[]>();
  for (const one of present) {
    const key = keyOf(one.disk);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => (group.length === 1 ? group : joined(group, facts)));
}

/** Those that may be one with another. */
export function possiblePaths(disks: readonly Disk[]): readonly Disk[] {
  return disks.filter((disk) => disks.some((other) => other !== disk && keyOf(other) === keyOf(disk)));
}

/** Names that a standard makes unique; serial numbers and what vendors make up is not enough. */
function keyOf(disk: Disk): string {
  const wwid = disk.multipath === undefined ? multipathWwid(disk.identity) : undefined;
  return wwid === undefined ? disk.id : `${wwid} ${disk.sizeBytes} ${disk.logicalSectorBytes} ${disk.identity.serial ?? ""}`;
}

function joined(group: readonly PresentDisk[], facts: ReadonlyMap<DeviceId, PathFacts>): readonly PresentDisk[] {
  const ids = group.map(({ disk }) => disk.id);
  const paths = group.map((one) => ({ one, ...(facts.get(one.disk.id) ?? { head: undefined, accessState: undefined }) }));
  const readable = paths.filter(({ head }) => head !== undefined);
  if (readable.some(({ head }) => !isSame(head!, readable[0]!.head!))) {
    const reason = `${ids.join(" and ")} have one wwid and differ in what they hold: whether they are one disk is not known`;
    return group.map((one) => ({ ...one, lockedBecause: one.lockedBecause ?? reason }));
  }
  const [best] = [...(readable.length > 0 ? readable : paths)].sort((a, b) => rank(a.accessState) - rank(b.accessState));
  const { disk, contents } = best!.one;
  const lockedBecause = group.map((one) => one.lockedBecause).find((reason) => reason !== undefined);
  return [{ disk: { ...disk, multipath: { wwid: multipathWwid(disk.identity), paths: ids } }, contents, lockedBecause }];
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** SPC-4, "target port asymmetric access state": only the first two take what is written. A disk without ALUA has no state, and takes it too. */
function rank(state: string | undefined): number {
  if (state === undefined || state === "active/optimized") return 0;
  return state === "active/non-optimized" ? 1 : 2;
}
