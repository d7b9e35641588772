// A partition table on a disk of another size: the same partitions in the same order, larger or smaller, each at a place that suits disks. Pure.

import type { DeviceId, Disk, Layout, Partition, PartitionTable } from "../../machine/model.ts";
import { ESP_TYPES } from "../partition-types.ts";
import { deviceNeed } from "./least-size.ts";
import { shareOut, sum, type Claim } from "./share-out.ts";

const MIB = 2 ** 20;
/** What a GPT keeps at the end of its disk, rounded up. */
const GPT_TAIL_BYTES = MIB;
/** MBR has 32 bits for sectors. */
const MBR_LIMIT_SECTORS = 2 ** 32 - 1;

export interface Place {
  readonly sizeBytes: number;
  readonly logicalSectorBytes: number;
}

export type Placed =
  | { readonly fits: true; readonly table: PartitionTable }
  /** How much more room all partitions need. */
  | { readonly fits: false; readonly missingBytes: number };

/** The least size of a disk that this one's partitions fit on, each as small as it may be. */
export function leastDiskBytes(layout: Layout, disk: Disk): number {
  if (disk.table === undefined) return Math.min(disk.sizeBytes, deviceNeed(layout, disk.id, disk.sizeBytes).leastBytes);
  const claims = claimsOf(layout, disk, disk.table);
  return ownRoom(disk.table, disk) + sum(claims.map(({ leastBytes }) => Math.ceil(leastBytes / MIB) * MIB));
}

export function placePartitions(layout: Layout, disk: Disk & { readonly table: PartitionTable }, place: Place): Placed {
  const { table } = disk;
  const claims = claimsOf(layout, disk, table);
  const limit = table.kind === "mbr" ? Math.min(place.sizeBytes, MBR_LIMIT_SECTORS * place.logicalSectorBytes) : place.sizeBytes;
  const room = limit - ownRoom(table, disk);
  const free = { leastBytes: 0, weight: freeBytes(disk, table) };
  const sizes = shareOut([...claims, free], room, MIB);
  if (sizes === undefined) {
    return {
      fits: false,
      missingBytes: sum(claims.map(({ leastBytes }) => Math.ceil(leastBytes / MIB) * MIB)) - Math.floor(room / MIB) * MIB,
    };
  }
  const byId = new Map(contentPartitions(table).map(({ id }, index) => [id, sizes[index]!]));
  return { fits: true, table: { ...table, firstSector: undefined, lastSector: undefined, partitions: inPlaces(disk, byId, place) } };
}

/** Those that hold something: an extended partition is as large as what is in it. */
export function contentPartitions({ partitions }: PartitionTable): readonly Partition[] {
  return partitions.filter(({ role }) => role !== "extended");
}

function claimsOf(layout: Layout, disk: Disk, table: PartitionTable): readonly Claim[] {
  return contentPartitions(table).map(({ id, sizeSectors, type }) => {
    const sizeBytes = sizeSectors * disk.logicalSectorBytes;
    const need = deviceNeed(layout, id, sizeBytes);
    const isFixed = need.isFixed || ESP_TYPES.has(type);
    return isFixed ? { leastBytes: sizeBytes, weight: 0 } : { leastBytes: need.leastBytes, weight: sizeBytes };
  });
}

/** Before the first partition, before each logical one, and at the end. */
function ownRoom(table: PartitionTable, disk: Disk): number {
  const logical = table.partitions.filter(({ role }) => role === "logical").length;
  const tail = table.kind === "gpt" ? GPT_TAIL_BYTES : 0;
  return firstByte(table, disk) + logical * MIB + tail;
}

/** Where the first partition begins: loaders stand before it. */
function firstByte({ partitions }: PartitionTable, { logicalSectorBytes }: Disk): number {
  const first = Math.min(...partitions.map(({ startSector }) => startSector)) * logicalSectorBytes;
  return Number.isFinite(first) ? Math.ceil(Math.min(first, MIB) / MIB) * MIB : MIB;
}

/** Room that was left free on purpose: not what rounding and the table itself leave. */
function freeBytes(disk: Disk, { partitions }: PartitionTable): number {
  const used = sum(partitions.filter(({ role }) => role !== "logical").map(({ sizeSectors }) => sizeSectors)) * disk.logicalSectorBytes;
  const free = disk.sizeBytes - used;
  return free > disk.sizeBytes / 100 ? free : 0;
}

function inPlaces(
  disk: Disk & { readonly table: PartitionTable },
  sizes: ReadonlyMap<DeviceId, number>,
  place: Place,
): readonly Partition[] {
  const { partitions } = disk.table;
  const sectors = (bytes: number) => bytes / place.logicalSectorBytes;
  let at = firstByte(disk.table, disk);
  const put = (partition: Partition, sizeBytes: number): Partition => {
    const placed = { ...partition, startSector: sectors(at), sizeSectors: sectors(sizeBytes) };
    at += sizeBytes;
    return placed;
  };
  const byStart = [...partitions].sort((a, b) => a.startSector - b.startSector);
  const logical = byStart.filter(({ role }) => role === "logical");
  const placed = byStart
    .filter(({ role }) => role !== "logical")
    .flatMap((partition): readonly Partition[] => {
      if (partition.role !== "extended") return [put(partition, sizes.get(partition.id)!)];
      const inside = sum(logical.map(({ id }) => sizes.get(id)! + MIB));
      const extended = { ...partition, startSector: sectors(at), sizeSectors: sectors(inside) };
      return [
        extended,
        ...logical.map((one) => {
          // Its own boot record stands before it.
          at += MIB;
          return put(one, sizes.get(one.id)!);
        }),
      ];
    });
  const order = new Map(partitions.map(({ id }, index) => [id, index]));
  return [...placed].sort((a, b) => order.get(a.id)! - order.get(b.id)!);
}
