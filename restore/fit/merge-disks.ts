// Several disks of the machine onto one: the partitions of the others come after those of the first, and mirrors between them end. Pure.

import type { DeviceId, Disk, Layout, Partition, PartitionTable } from "../../machine/model.ts";
import { standsOn } from "../../machine/own-layout.ts";
import { BARE_TYPES, LINUX_TYPE, LVM_TYPE, RAID_TYPE, typeIn } from "../partition-types.ts";
import { appendPartitions, type DiskWithTable } from "./append-partitions.ts";
import { contentPartitions } from "./place-partitions.ts";
import { isSpareable, isSwap, movedOn, partitionLinks, replacedDevice, withoutDevices, type Reduced } from "./without-disk.ts";

export type Merged = { readonly isMerged: true; readonly reduced: Reduced } | { readonly isMerged: false; readonly problem: string };

const MIB = 2 ** 20;

/** What was on `from` is on `into`, which stands for both from then on, and is as large as all that comes. */
export function mergeDisks(reduced: Reduced, into: Disk, from: Disk): Merged {
  const refused = (why: string): Merged => ({ isMerged: false, problem: `${from.id} and ${into.id} cannot go to one disk: ${why}` });
  const { table } = into;
  if (table === undefined) return refused(`${into.id} has no partition table that would take more`);
  const needed = (from.table?.partitions ?? []).filter(({ type }) => isNeededThere(type, table));
  const own = from.table === undefined ? [from.id] : contentPartitions(from.table).map(({ id }) => id);
  const isNeeded = (id: DeviceId) => needed.some((one) => one.id === id) || isSwap(reduced.layout, id);
  const spared = own.filter((id) => !isNeeded(id) && isSpareable(reduced.layout, id));
  const left = spared.length === 0 ? reduced : withoutDevices(reduced, new Set(spared));
  if (left === undefined) return refused("what is mirrored on both would not have its room on one");
  const target = left.layout.disks.find(({ id }) => id === into.id);
  if (target?.table === undefined) return refused(`${into.id} is gone`);
  const coming = { ...from, partitions: comingFrom(left.layout, from).filter(({ id }) => !spared.includes(id)) };
  const appended = appendPartitions({ ...target, table: target.table }, coming);
  if (!appended.fits) return refused(appended.why);
  const { partitions, added } = appended;
  const moved = coming.partitions.map(({ id }, index) => ({
    id,
    place: added[index]!,
    links: linksThatEnd(left.layout, id, added[index]!),
  }));
  const sizeBytes = target.sizeBytes + bytesThatCome(from, spared) + ownRoom(added);
  const both: DiskWithTable = {
    ...target,
    sizeBytes,
    table: { ...target.table, firstSector: undefined, lastSector: undefined, partitions },
  };
  return { isMerged: true, reduced: moveOnto(left, { both, from, moved }) };
}

/** Of what holds no files. Where GRUB's second part goes in an MBR, there is no partition. */
function isNeededThere(type: string, table: PartitionTable): boolean {
  const wanted = typeIn(table.kind, type);
  return BARE_TYPES.has(type) && wanted !== undefined && !table.partitions.some((partition) => partition.type === wanted);
}

/** What it can no longer be found by, as it is made of what the other table does not keep. */
function linksThatEnd(layout: Layout, id: DeviceId, { uuid, label }: Partition): readonly string[] {
  const kept = [`disk/by-partuuid/${uuid}`, `disk/by-partlabel/${label}`];
  return partitionLinks(layout, id).filter((link) => !kept.includes(link));
}

/** Logical partitions have a boot record before them. */
function ownRoom(added: readonly Partition[]): number {
  return added.filter(({ role }) => role === "logical").length * MIB;
}

interface Merging {
  /** With all that comes. */
  readonly both: DiskWithTable;
  readonly from: Disk;
  readonly moved: readonly { readonly id: DeviceId; readonly place: Partition; readonly links: readonly string[] }[];
}

function moveOnto({ layout, replaced, changes }: Reduced, { both, from, moved }: Merging): Reduced {
  const disks = layout.disks.filter(({ id }) => id !== from.id).map((disk) => (disk.id === both.id ? both : disk));
  let now = replaced;
  let result: Layout = { ...layout, disks };
  for (const { id, place, links } of moved) {
    result = replacedDevice(result, id, place.id);
    now = new Map([...movedOn(now, id, place.id), ...links.map((link) => [link, place.id] as const)]);
  }
  const lines = moved.map(({ id, place }) => `${id} becomes ${place.id}`);
  return { layout: result, replaced: now, changes: [...changes, `disk ${from.id} goes to the disk that ${both.id} goes to`, ...lines] };
}

/** What was free comes too, as it was left so on purpose. */
function bytesThatCome({ sizeBytes, table, logicalSectorBytes }: Disk, spared: readonly DeviceId[]): number {
  if (table === undefined) return spared.length === 0 ? sizeBytes + MIB : 0;
  const left = table.partitions.filter(({ id }) => spared.includes(id));
  if (left.length === contentPartitions(table).length) return 0;
  return sizeBytes - left.reduce((total, { sizeSectors }) => total + sizeSectors, 0) * logicalSectorBytes;
}

/** The partitions, or one that takes the place of all of the disk. */
function comingFrom(layout: Layout, from: Disk): readonly Partition[] {
  if (from.table !== undefined) return contentPartitions(from.table);
  const above = layout.stack.find(({ id }) => standsOn(layout, id).includes(from.id));
  const type = above?.kind === "volume-group" ? LVM_TYPE : above?.kind === "array" ? RAID_TYPE : LINUX_TYPE;
  const whole = { startSector: 0, sizeSectors: from.sizeBytes / from.logicalSectorBytes, role: "primary", uuid: undefined } as const;
  return [{ ...whole, id: from.id, number: 1, type, label: undefined, attributes: "", active: false }];
}
