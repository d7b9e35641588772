// What stands between partitions and file systems, as data: arrays, LVM, LUKS. A part of the machine's model.

import type { DeviceId } from "./model.ts";

export type StackedDevice = RaidArray | VolumeGroup | LogicalVolume | LuksVolume | OtherDevice;

/** Linux md. Fields that are undefined could not be read: then it is not rebuilt. */
export interface RaidArray {
  readonly kind: "array";
  readonly id: DeviceId;
  /** In the usual form with hyphens; mdadm writes the same digits with colons. */
  readonly uuid: string | undefined;
  /** `raid0`, `raid1`, `raid4`, `raid5`, `raid6`, `raid10` or `linear`. */
  readonly level: string;
  /** In the order of their places in the array; fewer than `deviceCount` when it is degraded. */
  readonly members: readonly DeviceId[];
  readonly spares: readonly DeviceId[];
  readonly sizeBytes: number;
  readonly shape: ArrayShape | undefined;
  /** Members that are read only where no other can be (`--write-mostly`), where there are any. */
  readonly writeMostly?: readonly DeviceId[] | undefined;
  /** With a partial parity log. */
  readonly hasPpl?: true | undefined;
  /** What of it is not made again, in words: `its journal on sdd1`. */
  readonly unkept?: readonly string[] | undefined;
}

export interface ArrayShape {
  readonly deviceCount: number;
  /** Of the superblock: `0.90`, `1.0`, `1.1`, `1.2`. */
  readonly metadata: string;
  /** As mdadm keeps it, often `HOST:WORD`. */
  readonly name: string | undefined;
  /** Undefined for levels without stripes. */
  readonly chunkBytes: number | undefined;
  /** mdadm's word for --layout, `left-symmetric` or `n2`; undefined for levels that have none. */
  readonly layout: string | undefined;
  readonly hasBitmap: boolean;
  /** What it uses of each member. */
  readonly memberBytes: number;
  /** Where its data begins on the members. */
  readonly dataOffsetBytes: number;
}

export interface VolumeGroup {
  readonly kind: "volume-group";
  /** Its name. */
  readonly id: DeviceId;
  /** As LVM writes it: 32 letters and digits in groups. */
  readonly uuid: string | undefined;
  readonly extentBytes: number;
  readonly physicalVolumes: readonly PhysicalVolume[];
  readonly tags: readonly string[];
  /** Why it is not made again. */
  readonly problem: string | undefined;
}

export interface PhysicalVolume {
  readonly device: DeviceId;
  readonly uuid: string | undefined;
  /** Where its extents begin. */
  readonly startBytes: number;
  readonly extents: number;
  readonly allocatable: boolean;
}

export interface LogicalVolume {
  readonly kind: "logical-volume";
  /** `VG/LV` */
  readonly id: DeviceId;
  readonly uuid: string | undefined;
  readonly volumeGroup: DeviceId;
  /** As its user sees it. */
  readonly sizeBytes: number;
  readonly form: VolumeForm;
  readonly tags: readonly string[];
}

export type VolumeForm =
  /** One piece after the other, linear (one stripe) or striped. */
  | { readonly type: "segments"; readonly segments: readonly VolumeSegment[] }
  /** LVM's own RAID, and its older `mirror`. */
  | {
      readonly type: "raid";
      /** LVM's word: `raid1`, `raid5_ls`, `raid6_zr`, `raid10`, `mirror`. */
      readonly level: string;
      /** Without parity and copies; 1 for a mirror. */
      readonly dataStripes: number;
      readonly copies: number;
      /** Undefined for a mirror. */
      readonly stripeBytes: number | undefined;
      readonly regionBytes: number | undefined;
      readonly on: readonly DeviceId[];
    }
  | {
      readonly type: "thin-pool";
      readonly chunkBytes: number;
      readonly metadataBytes: number;
      readonly zero: boolean;
      /** `ignore`, `nopassdown` or `passdown`. */
      readonly discards: string;
      readonly on: readonly DeviceId[];
    }
  | {
      readonly type: "thin";
      readonly pool: DeviceId;
      /** The volume that it was once a snapshot of. */
      readonly origin: DeviceId | undefined;
    }
  /** Snapshots, caches, VDO: LVM's word. */
  | { readonly type: "other"; readonly word: string };

export interface VolumeSegment {
  readonly extents: number;
  readonly stripes: number;
  /** Undefined with one stripe. */
  readonly stripeBytes: number | undefined;
  /** One physical volume for each stripe. */
  readonly on: readonly DeviceId[];
}

export interface LuksVolume {
  readonly kind: "luks";
  /** The mapper's name. */
  readonly id: DeviceId;
  readonly device: DeviceId;
  readonly uuid: string | undefined;
  readonly sizeBytes: number;
  /** Undefined: it could not be read, or is one that Lifeboat does not make; then `problem` says why. */
  readonly header: LuksHeader | undefined;
  readonly problem: string | undefined;
}

export interface LuksHeader {
  readonly version: 1 | 2;
  /** `aes-xts-plain64` */
  readonly cipher: string;
  readonly keyBits: number;
  readonly hash: string;
  /** 512 in LUKS1. */
  readonly sectorBytes: number;
  /** Where the encrypted data begins. */
  readonly dataOffsetBytes: number;
  readonly label: string | undefined;
  readonly subsystem: string | undefined;
  /** How a passphrase becomes a key: `pbkdf2`, `argon2i` or `argon2id`. */
  readonly derivation: string;
  readonly keySlots: number;
  readonly tokens: number;
}

/** What no part of Lifeboat knows how to build. `type` is lsblk's word. */
export interface OtherDevice {
  readonly kind: "other";
  readonly id: DeviceId;
  readonly type: string;
  readonly on: readonly DeviceId[];
  readonly sizeBytes: number;
}
