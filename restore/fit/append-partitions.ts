// Where partitions that come from another disk stand in a table: after the last one, in the places that such a table has for them. Pure.

import type { Disk, Partition, PartitionTable } from "../../machine/model.ts";
import { typeIn } from "../partition-types.ts";

export type Appended =
  | {
      readonly fits: true;
      /** All of the table's. */
      readonly partitions: readonly Partition[];
      /** Those that came, in the order in which they were given. */
      readonly added: readonly Partition[];
    }
  /** In words that follow a colon. */
  | { readonly fits: false; readonly why: string };

export type DiskWithTable = Disk & { readonly table: PartitionTable };

/** Sizes of `coming` are in sectors of the disk that it is from. */
export interface Coming {
  readonly partitions: readonly Partition[];
  readonly logicalSectorBytes: number;
}

const MIB = 2 ** 20;

export function appendPartitions(into: DiskWithTable, coming: Coming): Appended {
  const { kind } = into.table;
  const strange = coming.partitions.find(({ type }) => typeIn(kind, type) === undefined);
  if (strange !== undefined) return { fits: false, why: `${strange.id} is of a type that ${TABLE_NAMES[kind]} does not know` };
  return kind === "gpt" ? inGpt(into, coming) : inMbr(into, coming);
}

const TABLE_NAMES = { gpt: "a GPT", mbr: "an MBR" } as const;

function inGpt(into: DiskWithTable, coming: Coming): Appended {
  const next = Math.max(0, ...into.table.partitions.map(({ number }) => number)) + 1;
  const added = placed(into, coming, { role: "primary", numbers: coming.partitions.map((_, index) => next + index), from: endOf(into) });
  return { fits: true, partitions: [...into.table.partitions, ...added], added };
}

const MBR_PLACES = [1, 2, 3, 4];
/** Logical partitions are numbered from here on. */
const FIRST_LOGICAL = 5;
const EXTENDED_TYPE = "f";

/** In places that are free; else as logical ones, in the extended partition that is the last of its disk, or in a new one. */
function inMbr(into: DiskWithTable, coming: Coming): Appended {
  const { partitions } = into.table;
  const free = MBR_PLACES.filter((place) => !partitions.some(({ number }) => number === place));
  if (coming.partitions.length <= free.length) {
    const added = placed(into, coming, { role: "primary", numbers: free, from: endOf(into) });
    return { fits: true, partitions: [...partitions, ...added], added };
  }
  const extended = partitions.find(({ role }) => role === "extended") ?? newExtended(into, free[0]);
  if (extended === undefined) return { fits: false, why: `the MBR of ${into.id} has no place that is free` };
  if (partitions.some(({ role, startSector }) => role === "primary" && startSector > extended.startSector))
    return { fits: false, why: `the extended partition ${extended.id} is not the last of ${into.id}, and cannot take more` };
  const next = Math.max(FIRST_LOGICAL - 1, ...partitions.map(({ number }) => number)) + 1;
  const numbers = coming.partitions.map((_, index) => next + index);
  const added = placed(into, coming, { role: "logical", numbers, from: Math.max(endOf(into), extended.startSector) });
  const last = added[added.length - 1]!;
  const larger = { ...extended, sizeSectors: last.startSector + last.sizeSectors - extended.startSector };
  const others = partitions.filter(({ id }) => id !== extended.id);
  const primary = others.filter(({ role }) => role === "primary");
  return { fits: true, partitions: [...primary, larger, ...others.filter(({ role }) => role === "logical"), ...added], added };
}

function newExtended(into: DiskWithTable, number: number | undefined): Partition | undefined {
  if (number === undefined) return undefined;
  const place = { number, startSector: endOf(into), sizeSectors: 0, role: "extended", type: EXTENDED_TYPE } as const;
  return { id: partitionId(into, number), ...place, uuid: undefined, label: undefined, attributes: "", active: false };
}

interface Places {
  readonly role: Partition["role"];
  readonly numbers: readonly number[];
  /** A sector. */
  readonly from: number;
}

function placed(into: DiskWithTable, coming: Coming, { role, numbers, from }: Places): readonly Partition[] {
  const { logicalSectorBytes, table } = into;
  const isGpt = table.kind === "gpt";
  const hasActive = table.partitions.some(({ active }) => active);
  let at = from;
  return coming.partitions.map((partition, index): Partition => {
    const sizeBytes = partition.sizeSectors * coming.logicalSectorBytes;
    // A logical one has a boot record of its own before it.
    const startSector = at + (role === "logical" ? MIB / logicalSectorBytes : 0);
    at = startSector + alignedSectors(sizeBytes, logicalSectorBytes);
    const type = typeIn(table.kind, partition.type)!;
    const isSameKind = type === partition.type;
    return {
      ...partition,
      id: partitionId(into, numbers[index]!),
      number: numbers[index]!,
      startSector,
      sizeSectors: sizeBytes / logicalSectorBytes,
      role,
      type,
      // An MBR's is made of its own number and the partition's.
      uuid: isGpt && isSameKind ? partition.uuid : undefined,
      label: isGpt ? partition.label : undefined,
      attributes: isGpt ? partition.attributes : "",
      active: !isGpt && partition.active && !hasActive,
    };
  });
}

/** The first sector after all partitions that is aligned. */
function endOf({ table, logicalSectorBytes }: DiskWithTable): number {
  const end = Math.max(1, ...table.partitions.map(({ startSector, sizeSectors }) => startSector + sizeSectors));
  return alignedSectors(end * logicalSectorBytes, logicalSectorBytes);
}

function alignedSectors(bytes: number, sectorBytes: number): number {
  return (Math.ceil(bytes / MIB) * MIB) / sectorBytes;
}

function partitionId({ id }: Disk, number: number): string {
  return `${id}${/\d$/.test(id) ? "p" : ""}${number}`;
}
