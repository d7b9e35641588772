// Partitions of one disk that are physical volumes of one group, after groups or disks were put together: one takes the room of the others. Pure.

import type { DeviceId, Disk, Layout, Partition, PartitionTable } from "../../machine/model.ts";
import { groupsOf, volumesIn } from "../../machine/own-layout.ts";
import type { PhysicalVolume, VolumeGroup } from "../../machine/stacked-device.ts";
import { movedOn, replacedDevice, type Reduced } from "./without-disk.ts";

const MIB = 2 ** 20;

/**
 * For these groups, where a disk has a GPT and its table is made anew: volumes of a group on one physical volume alone can be of other sizes.
 * What must lie on two, such as stripes and mirrors, keeps both.
 */
export function joinPartitions(reduced: Reduced, groups: ReadonlySet<DeviceId>, reused: ReadonlySet<DeviceId>): Reduced {
  let result = reduced;
  for (const { id } of reduced.layout.disks.filter((disk) => !reused.has(disk.id))) {
    for (const name of groups)
      for (let next = joinedOnce(result, id, name); next !== undefined; next = joinedOnce(result, id, name)) result = next;
  }
  return result;
}

/** Undefined: there is nothing to join any more. */
function joinedOnce({ layout, replaced, changes }: Reduced, diskId: DeviceId, name: DeviceId): Reduced | undefined {
  const disk = layout.disks.find(({ id }) => id === diskId);
  const group = groupsOf(layout).find(({ id }) => id === name);
  if (disk?.table?.kind !== "gpt" || group === undefined) return undefined;
  const { table, logicalSectorBytes } = disk;
  const own = group.physicalVolumes.flatMap((physical) => {
    const partition = table.partitions.find(({ id }) => id === physical.device);
    return partition === undefined ? [] : [{ physical, partition }];
  });
  const [first, ...others] = own;
  if (first === undefined) return undefined;
  for (const { physical, partition } of others) {
    const gainedBytes = Math.floor((partition.sizeSectors * logicalSectorBytes) / MIB) * MIB;
    const extents = Math.floor(gainedBytes / group.extentBytes);
    const isAlike = physical.allocatable === first.physical.allocatable && extents >= physical.extents;
    if (!isAlike || isSpread(layout, group, [first.physical.device, physical.device])) continue;
    const joined = { ...first.physical, extents: first.physical.extents + extents };
    const tables = {
      ...disk,
      table: withRoom(table, { into: first.partition, from: partition, gainedSectors: gainedBytes / logicalSectorBytes }),
    };
    const [gone, now] = [physical.device, first.physical.device];
    return {
      layout: withJoined(replacedDevice(layout, gone, now), tables, { ...group, physicalVolumes: without(group, gone, joined) }),
      replaced: movedOn(replaced, gone, now),
      changes: [...changes, `${now} takes the room of ${gone}: both were to hold ${name}`],
    };
  }
  return undefined;
}

/** Whether a volume has to lie on both at a time. */
function isSpread(layout: Layout, group: VolumeGroup, devices: readonly DeviceId[]): boolean {
  const hasBoth = (on: readonly DeviceId[]) => devices.every((id) => on.includes(id));
  return volumesIn(layout, group).some(({ form }) =>
    form.type === "segments" ? form.segments.some(({ on }) => hasBoth(on)) : form.type === "raid" && hasBoth(form.on),
  );
}

function without({ physicalVolumes }: VolumeGroup, gone: DeviceId, joined: PhysicalVolume): readonly PhysicalVolume[] {
  return physicalVolumes.filter(({ device }) => device !== gone).map((physical) => (physical.device === joined.device ? joined : physical));
}

function withJoined(layout: Layout, disk: Disk, group: VolumeGroup): Layout {
  return {
    ...layout,
    disks: layout.disks.map((one) => (one.id === disk.id ? disk : one)),
    stack: layout.stack.map((stacked) => (stacked.kind === "volume-group" && stacked.id === group.id ? group : stacked)),
  };
}

interface Joining {
  readonly into: Partition;
  readonly from: Partition;
  /** Whole MiB: what comes after the two keeps to its alignment. */
  readonly gainedSectors: number;
}

/** What lies between the two moves by as much. */
function withRoom(table: PartitionTable, { into, from, gainedSectors }: Joining): PartitionTable {
  const moved = (partition: Partition): Partition => {
    const isAfter = (one: Partition) => partition.startSector > one.startSector;
    const startSector = partition.startSector + (isAfter(into) ? gainedSectors : 0) - (isAfter(from) ? gainedSectors : 0);
    const sizeSectors = partition.id === into.id ? partition.sizeSectors + gainedSectors : partition.sizeSectors;
    return { ...partition, startSector, sizeSectors };
  };
  return { ...table, partitions: table.partitions.filter(({ id }) => id !== from.id).map(moved) };
}
