// What a file system was made with, as far as it is made so again: a part of the machine's model. Pure.

import type { DeviceId } from "./model.ts";

/** What mkfs is told again. */
export type FileSystemParameters =
  | {
      readonly kind: "ext";
      readonly blockBytes: number;
      /** With the feature `bigalloc`: the least that a file takes. Undefined without it. */
      readonly clusterBytes: number | undefined;
      readonly inodeBytes: number;
      readonly inodeCount: number;
      /** As dumpe2fs lists them, without those that only say what state it is in (`needs_recovery`, `orphan_present`). */
      readonly features: readonly string[];
      readonly reservedBlocks: number;
      readonly maximumMountCount: number;
      readonly checkIntervalSeconds: number;
      readonly defaultMountOptions: readonly string[];
      /** `continue`, `remount-ro` or `panic`. */
      readonly onErrors: string;
      /** Where anything of it is other than usual. */
      readonly tuning?: ExtTuning | undefined;
    }
  | {
      readonly kind: "xfs";
      readonly blockBytes: number;
      readonly sectorBytes: number;
      readonly inodeBytes: number;
      /** As xfs_info names them, e.g. `crc`, `finobt`, `reflink`, and whether they are on. */
      readonly features: Readonly<Record<string, boolean>>;
      /** As xfs_info says: `version 2`. */
      readonly naming: string;
    }
  | { readonly kind: "vfat"; readonly fatBits: 12 | 16 | 32; readonly sectorBytes: number; readonly clusterSectors: number }
  | BtrfsParameters
  | {
      readonly kind: "f2fs";
      /** In the words of `mkfs.f2fs -O`. */
      readonly features: readonly string[];
      /** Of names, with the feature `casefold`. */
      readonly encoding?: "utf8" | undefined;
    }
  /** JFS, ReiserFS: made with what their programs take for usual. */
  | { readonly kind: "plain" }
  /** Of a type that is not built again yet, or not to be read: the tool is missing, or it has a journal on another device. */
  | { readonly kind: "unknown" };

/** What tune2fs alone sets. */
export interface ExtTuning {
  /** What of a file system's blocks lies on one disk of a striped array, and on all of them; 0: none. */
  readonly strideBlocks: number;
  readonly stripeBlocks: number;
  /** Whose the reserved blocks are. */
  readonly reservedUid: number;
  readonly reservedGid: number;
  /** `flex_bg`: groups whose tables lie together, where they are not 16. */
  readonly flexGroups?: number | undefined;
  /** Of a journal that has another size than mke2fs takes. */
  readonly journalBlocks?: number | undefined;
  /** With the feature `quota`: `usrquota`, `grpquota`, `prjquota`, where it is not what mke2fs takes. */
  readonly quotaTypes?: readonly string[] | undefined;
  /** Of names, with the feature `casefold`, where it is known. */
  readonly encoding?: string | undefined;
  /** How directories are hashed, where not by `half_md4`. */
  readonly directoryHash?: string | undefined;
  /** In the words of mount(8), beside the default mount options; one that holds a comma tune2fs cannot set, and is left out. */
  readonly mountOptions?: string | undefined;
}

export interface BtrfsParameters {
  readonly kind: "btrfs";
  /** All that it is on, the file system's own `device` first. */
  readonly devices: readonly DeviceId[];
  readonly nodeBytes: number;
  readonly sectorBytes: number;
  /** `crc32c`, `xxhash64`, `sha256` or `blake2`. */
  readonly checksum: string;
  /** Data and metadata in the same places. */
  readonly isMixed: boolean;
  /** `single`, `dup`, `raid0`, `raid1`, `raid1c3`, …; undefined where it is not mounted. */
  readonly dataProfile: string | undefined;
  readonly metadataProfile: string | undefined;
  /** Those that hold others before them. Undefined where it is not mounted. */
  readonly subvolumes: readonly Subvolume[] | undefined;
  /** Path of the one that is mounted when none is named; "" for the top level. */
  readonly defaultSubvolume: string;
}

export interface Subvolume {
  /** From the top level, without a slash before it. */
  readonly path: string;
  readonly isReadOnly: boolean;
  readonly isSnapshot: boolean;
}
