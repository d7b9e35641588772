// What room a disk's partitions need at their places. Moving them, to fit smaller disks, is a later part.

import type { Disk } from "../machine/model.ts";

/** UEFI 2.10, section 5.3.2: the copy of the entries, 16 KiB at least, and the copy of the header. */
const GPT_TAIL_BYTES = 16 * 1024;

/** The least size of a disk that can take this one's partitions, in bytes. */
export function neededDiskBytes({ table, logicalSectorBytes, sizeBytes }: Disk): number {
  if (table === undefined) return sizeBytes;
  const ends = table.partitions.map(({ startSector, sizeSectors }) => startSector + sizeSectors);
  const lastEnd = Math.max(0, ...ends) * logicalSectorBytes;
  if (table.kind === "mbr") return lastEnd;
  const tail = Math.max(GPT_TAIL_BYTES, (table.entryCount ?? 128) * 128);
  return lastEnd + Math.ceil(tail / logicalSectorBytes) * logicalSectorBytes + logicalSectorBytes;
}
