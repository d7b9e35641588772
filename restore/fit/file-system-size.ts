// How small a file system may become and still hold what was in it, and what of its parameters follows its size. Pure.

import type { FileSystemParameters } from "../../machine/file-system-parameters.ts";
import type { FileSystem } from "../../machine/model.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** The least size of each of its devices. What was not mounted has no files in the set: it only has to be one. */
export function leastFileSystemBytes(fileSystem: FileSystem): number {
  const { parameters, sizeBytes, usedBytes } = fileSystem;
  switch (parameters.kind) {
    case "ext":
      return Math.min(sizeBytes, leastExtBytes(fileSystem, parameters));
    case "xfs":
      return Math.min(sizeBytes, Math.max(LEAST_XFS_BYTES, (usedBytes ?? 0) * 1.05 + XFS_OWN_BYTES));
    case "btrfs":
      return Math.min(sizeBytes, leastBtrfsBytes(fileSystem, parameters));
    case "f2fs":
    case "plain":
      return Math.min(sizeBytes, (usedBytes ?? 0) * 1.1 + PLAIN_OWN_BYTES);
    // The number of its clusters makes a FAT what it is.
    case "vfat":
    case "unknown":
      return sizeBytes;
  }
}

/** Of each of its devices, and more than they have where its data does not fit on them. */
export function leastBtrfsBytes({ usedBytes = 0 }: FileSystem, { devices, dataProfile }: Btrfs): number {
  const needed = ((usedBytes * 1.15 + BTRFS_OWN_BYTES) * btrfsCopies(dataProfile)) / devices.length;
  return Math.max(LEAST_BTRFS_BYTES, needed);
}

type Btrfs = Extract<FileSystemParameters, { readonly kind: "btrfs" }>;

/** xfsprogs from 5.19 on makes none below. */
const LEAST_XFS_BYTES = 300 * MIB;
/** The log, and what the kernel keeps free in each allocation group. */
const XFS_OWN_BYTES = 96 * MIB;
const LEAST_BTRFS_BYTES = 128 * MIB;
const BTRFS_OWN_BYTES = 256 * MIB;
const PLAIN_OWN_BYTES = 64 * MIB;

/** How often data is stored (mkfs.btrfs(8), "PROFILES"); parity is reckoned as another copy. */
const COPIES: ReadonlyMap<string, number> = new Map([
  ["dup", 2],
  ["raid1", 2],
  ["raid10", 2],
  ["raid1c3", 3],
  ["raid1c4", 4],
  ["raid5", 2],
  ["raid6", 3],
]);

export function btrfsCopies(profile: string | undefined): number {
  return COPIES.get(profile ?? "single") ?? 1;
}

type Ext = Extract<FileSystemParameters, { readonly kind: "ext" }>;

/** Bitmaps, group descriptors, and blocks that are reserved for growing. */
const EXT_SHARE = 0.03;
const EXT_OWN_BYTES = 16 * MIB;

function leastExtBytes({ usedBytes = 0, usedInodes = 0 }: FileSystem, { features, inodeBytes }: Ext): number {
  const inodeTable = leastInodes(usedInodes) * inodeBytes;
  const journal = features.includes("has_journal") ? journalBytes(usedBytes) : 0;
  return (usedBytes * 1.02 + inodeTable + journal) / (1 - EXT_SHARE) + EXT_OWN_BYTES;
}

function leastInodes(usedInodes: number): number {
  return Math.ceil(usedInodes * 1.1) + 128;
}

/** What mke2fs takes for a journal by the size of the file system (lib/ext2fs/mkjournal.c, ext2fs_default_journal_size, 4 KiB blocks). */
function journalBytes(sizeBytes: number): number {
  const steps: readonly (readonly [below: number, journal: number])[] = [
    [128 * MIB, 4 * MIB],
    [GIB, 16 * MIB],
    [2 * GIB, 32 * MIB],
    [16 * GIB, 64 * MIB],
    [32 * GIB, 128 * MIB],
    [64 * GIB, 256 * MIB],
    [128 * GIB, 512 * MIB],
  ];
  return steps.find(([below]) => sizeBytes < below)?.[1] ?? GIB;
}

/** The same file system on a device of another size, or of larger sectors. What was in it says nothing of the room that there will be. */
export function resizedFileSystem(fileSystem: FileSystem, sizeBytes: number, logicalSectorBytes: number): FileSystem {
  const { parameters } = fileSystem;
  const usedBytes = sizeBytes < fileSystem.sizeBytes ? undefined : fileSystem.usedBytes;
  return { ...fileSystem, sizeBytes, usedBytes, parameters: resizedParameters(fileSystem, parameters, { sizeBytes, logicalSectorBytes }) };
}

interface NewDevice {
  readonly sizeBytes: number;
  readonly logicalSectorBytes: number;
}

function resizedParameters(fileSystem: FileSystem, parameters: FileSystemParameters, device: NewDevice): FileSystemParameters {
  const ratio = device.sizeBytes / Math.max(1, fileSystem.sizeBytes);
  const sectorBytes = (was: number) => Math.max(was, device.logicalSectorBytes);
  switch (parameters.kind) {
    case "ext": {
      const inodeCount = Math.max(leastInodes(fileSystem.usedInodes ?? 0), Math.round(parameters.inodeCount * ratio));
      // Blocks are no smaller than the disk's sectors; reserved ones are as much in bytes.
      const blockBytes = Math.max(parameters.blockBytes, device.logicalSectorBytes);
      const reservedBlocks = Math.floor((parameters.reservedBlocks * ratio * parameters.blockBytes) / blockBytes);
      return { ...parameters, ...retuned(parameters, { blockBytes, sizeBytes: device.sizeBytes }), blockBytes, inodeCount, reservedBlocks };
    }
    case "xfs":
      return {
        ...parameters,
        sectorBytes: sectorBytes(parameters.sectorBytes),
        blockBytes: Math.max(parameters.blockBytes, device.logicalSectorBytes),
      };
    case "vfat": {
      // Clusters keep their size in bytes: the number of them makes a FAT what it is.
      const larger = sectorBytes(parameters.sectorBytes) / parameters.sectorBytes;
      const clusterSectors = Math.max(1, Math.floor(parameters.clusterSectors / larger));
      return { ...parameters, sectorBytes: parameters.sectorBytes * larger, clusterSectors };
    }
    case "btrfs":
    case "f2fs":
    case "plain":
    case "unknown":
      return parameters;
  }
}

/** As many bytes, in blocks of another size; a journal of a size of its own only where it is a small part of what there is. */
function retuned(
  { tuning, blockBytes: was }: Ext,
  { blockBytes, sizeBytes }: { readonly blockBytes: number; readonly sizeBytes: number },
): Pick<Ext, "tuning"> {
  if (tuning === undefined) return {};
  const blocks = (count: number) => Math.floor((count * was) / blockBytes);
  const { journalBlocks = 0, ...others } = tuning;
  const isSmall = journalBlocks * was * LEAST_JOURNALS <= sizeBytes;
  return {
    tuning: {
      ...others,
      strideBlocks: blocks(tuning.strideBlocks),
      stripeBlocks: blocks(tuning.stripeBlocks),
      ...(journalBlocks > 0 && isSmall ? { journalBlocks: blocks(journalBlocks) } : {}),
    },
  };
}

const LEAST_JOURNALS = 32;
