// Several disks of the machine onto one: the partitions of the others come after those of the first, and mirrors between them end. Pure.

import type { DeviceId, Disk, Layout, Partition, PartitionTable } from "../../machine/model.ts";
import { standsOn } from "../../machine/own-layout.ts";
import { BARE_TYPES, LINUX_TYPE, LVM_TYPE, RAID_TYPE } from "../partition-types.ts";
import { isSpareable, isSwap, movedOn, replacedDevice, withoutDevices, type Reduced } from "./without-disk.ts";

export type Merged = { readonly isMerged: true; readonly reduced: Reduced } | { readonly isMerged: false; readonly problem: string };

const MIB = 2 ** 20;

/** What was on `from` is on `into`, which stands for both from then on, and is as large as all that comes. */
export function mergeDisks(reduced: Reduced, into: Disk, from: Disk): Merged {
  const refused = (why: string): Merged => ({ isMerged: false, problem: `${from.id} and ${into.id} cannot go to one disk: ${why}` });
  if (into.table?.kind !== "gpt") return refused(`${into.id} has no GPT, and only that takes any number of partitions`);
  if (from.table?.kind === "mbr") return refused(`${from.id} has an MBR, whose partitions get other PARTUUIDs in a GPT`);
  const needed = (from.table?.partitions ?? []).filter(({ type }) => BARE_TYPES.has(type) && !has(into.table, type));
  const own: readonly DeviceId[] = from.table === undefined ? [from.id] : from.table.partitions.map(({ id }) => id);
  const isNeeded = (id: DeviceId) => needed.some((one) => one.id === id) || isSwap(reduced.layout, id);
  const spared = own.filter((id) => !isNeeded(id) && isSpareable(reduced.layout, id));
  const left = spared.length === 0 ? reduced : withoutDevices(reduced, new Set(spared));
  if (left === undefined) return refused("what is mirrored on both would not have its room on one");
  const target = left.layout.disks.find(({ id }) => id === into.id);
  if (target?.table === undefined) return refused(`${into.id} is gone`);
  return { isMerged: true, reduced: moveOnto(left, { into: { ...target, table: target.table }, from, spared }) };
}

function has(table: PartitionTable | undefined, type: string): boolean {
  return table?.partitions.some((partition) => partition.type === type) === true;
}

interface Merging {
  readonly into: Disk & { readonly table: PartitionTable };
  readonly from: Disk;
  /** Of `from`: what is not needed twice. */
  readonly spared: readonly DeviceId[];
}

function moveOnto({ layout, replaced, changes }: Reduced, { into, from, spared }: Merging): Reduced {
  const coming = comingFrom(layout, from).filter(({ id }) => !spared.includes(id));
  const added = afterLast(into, coming, from);
  const partitions = [...into.table.partitions, ...added];
  const both: Disk = {
    ...into,
    sizeBytes: into.sizeBytes + bytesThatCome(from, spared),
    table: { ...into.table, firstSector: undefined, lastSector: undefined, partitions },
  };
  const disks = layout.disks.filter(({ id }) => id !== from.id).map((disk) => (disk.id === into.id ? both : disk));
  let now = replaced;
  let result: Layout = { ...layout, disks };
  coming.forEach(({ id }, index) => {
    const place = added[index]!.id;
    result = replacedDevice(result, id, place);
    now = movedOn(now, id, place);
  });
  const lines = coming.map(({ id }, index) => `${id} becomes ${added[index]!.id}`);
  return { layout: result, replaced: now, changes: [...changes, `disk ${from.id} goes to the disk that ${into.id} goes to`, ...lines] };
}

/** What was free comes too, as it was left so on purpose. */
function bytesThatCome({ sizeBytes, table, logicalSectorBytes }: Disk, spared: readonly DeviceId[]): number {
  if (table === undefined) return spared.length === 0 ? sizeBytes + MIB : 0;
  const left = table.partitions.filter(({ id }) => spared.includes(id));
  if (left.length === table.partitions.length) return 0;
  return sizeBytes - left.reduce((total, { sizeSectors }) => total + sizeSectors, 0) * logicalSectorBytes;
}

/** The partitions, or one that takes the place of all of the disk. */
function comingFrom(layout: Layout, from: Disk): readonly Partition[] {
  if (from.table !== undefined) return from.table.partitions;
  const above = layout.stack.find(({ id }) => standsOn(layout, id).includes(from.id));
  const type = above?.kind === "volume-group" ? LVM_TYPE : above?.kind === "array" ? RAID_TYPE : LINUX_TYPE;
  const whole = { startSector: 0, sizeSectors: from.sizeBytes / from.logicalSectorBytes, role: "primary", uuid: undefined } as const;
  return [{ ...whole, id: from.id, number: 1, type, label: undefined, attributes: "", active: false }];
}

function afterLast({ id, table, logicalSectorBytes }: Merging["into"], coming: readonly Partition[], from: Disk): readonly Partition[] {
  const last = Math.max(1, ...table.partitions.map(({ startSector, sizeSectors }) => startSector + sizeSectors));
  const first = Math.max(0, ...table.partitions.map(({ number }) => number)) + 1;
  const alignedSectors = (bytes: number) => (Math.ceil(bytes / MIB) * MIB) / logicalSectorBytes;
  let at = alignedSectors(last * logicalSectorBytes);
  return coming.map((partition, index) => {
    const number = first + index;
    const sizeBytes = partition.sizeSectors * from.logicalSectorBytes;
    const placed: Partition = {
      ...partition,
      id: `${id}${/\d$/.test(id) ? "p" : ""}${number}`,
      number,
      startSector: at,
      sizeSectors: sizeBytes / logicalSectorBytes,
    };
    at += alignedSectors(sizeBytes);
    return placed;
  });
}
