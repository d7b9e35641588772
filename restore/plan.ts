// What a restore will do, as data: steps, what is lost, what is kept, and why disks were chosen (DESIGN section 7).

import type { DeviceImage } from "../machine/device-image.ts";
import type { Subvolume } from "../machine/file-system-parameters.ts";
import type { DeviceId, FileSystem, Layout, Multipath, PartitionTable } from "../machine/model.ts";
import type { VolumeName } from "./crypttab.ts";
import type { GrubArray } from "./grub-arrays.ts";
import type { GoneArray, MovedArray } from "./plan-arrays.ts";
import type { GoneNames } from "./plan-gone-words.ts";
import type { WwidChange } from "./plan-multipath.ts";
import type { CardChange, OpenCard } from "./plan-network.ts";
import type { LogicalVolume, LuksVolume, RaidArray, VolumeGroup } from "../machine/stacked-device.ts";

/** A disk that is here now. */
export interface TargetDisk {
  /** Kernel name, e.g. `nvme0n1`. */
  readonly name: string;
  readonly path: string;
  /** With serial, model and size: what tells it from others of its kind. */
  readonly wwid: string | undefined;
  readonly serial: string | undefined;
  readonly model: string | undefined;
  readonly driver: string | undefined;
  /** As in the machine's model. */
  readonly drivers: readonly string[];
  readonly sizeBytes: number;
  readonly logicalSectorBytes: number;
  /** When it is reached on several paths: `name` is the one that is written through. */
  readonly multipath?: Multipath | undefined;
}

export type Step =
  | { readonly kind: "wipe"; readonly disk: TargetDisk }
  | { readonly kind: "partition"; readonly disk: TargetDisk; readonly table: PartitionTable }
  /** Old signatures of a partition or volume that is used again, before something else is made on it. */
  | { readonly kind: "wipe-device"; readonly device: string }
  /** An array, a volume group or a LUKS volume that is there, and stays. */
  | {
      readonly kind: "open-device";
      readonly stacked: RaidArray | VolumeGroup | LuksVolume;
      readonly device: string;
      readonly on: readonly string[];
    }
  | {
      readonly kind: "create-array";
      readonly device: string;
      readonly array: RaidArray;
      /** Nodes, in the order of their places. */
      readonly members: readonly string[];
      readonly spares: readonly string[];
    }
  | { readonly kind: "create-luks"; readonly device: string; readonly luks: LuksVolume }
  /** Its header is in the set, with the volume's old passphrases. */
  | { readonly kind: "restore-luks-header"; readonly device: string; readonly luks: LuksVolume }
  | {
      readonly kind: "create-volume-group";
      readonly group: VolumeGroup;
      /** Nodes, in the order of the group's physical volumes. */
      readonly devices: readonly string[];
    }
  | {
      readonly kind: "create-logical-volume";
      readonly volume: LogicalVolume;
      readonly extentBytes: number;
      /** Nodes of the physical volumes that it is on, by their ids. */
      readonly places: ReadonlyMap<string, string>;
    }
  | {
      readonly kind: "keep-volume-ids";
      readonly group: VolumeGroup;
      /** All of the group's. */
      readonly volumes: readonly LogicalVolume[];
      /** Nodes of its physical volumes. */
      readonly devices: readonly string[];
    }
  | {
      readonly kind: "make-filesystem";
      /** btrfs alone may have several. */
      readonly devices: readonly MadeDevice[];
      readonly fileSystem: FileSystem;
    }
  | {
      readonly kind: "make-subvolumes";
      readonly device: string;
      /** Those that hold others before them. */
      readonly subvolumes: readonly Subvolume[];
      /** "" for the top level. */
      readonly defaultSubvolume: string;
    }
  /** What is on the device comes from the set block by block. */
  | { readonly kind: "restore-image"; readonly device: string; readonly image: DeviceImage }
  | { readonly kind: "make-swap"; readonly device: string; readonly uuid: string | undefined; readonly label: string | undefined }
  | {
      readonly kind: "mount";
      readonly device: string;
      /** As the machine has it. */
      readonly path: string;
      readonly type: string;
      readonly options: readonly string[];
      /** What of the file system is mounted there: `/` unless it is a subvolume. */
      readonly fsRoot: string;
    }
  | { readonly kind: "extract"; readonly paths: number; readonly streamBytes: number }
  | {
      readonly kind: "make-swap-file";
      readonly path: string;
      readonly uuid: string | undefined;
      readonly label: string | undefined;
      readonly sizeBytes: number;
    }
  /** Names of devices in /etc/fstab that no longer hold become UUIDs. */
  | { readonly kind: "write-fstab"; readonly changes: readonly FstabChange[] }
  /** The same in /etc/crypttab, for these volumes; those that are not made again become comments. */
  | { readonly kind: "write-crypttab"; readonly volumes: readonly VolumeName[]; readonly unmade: readonly DeviceId[] }
  /** Arrays that are no longer made leave mdadm.conf, and so do names of devices that others have moved away from. */
  | { readonly kind: "write-mdadm-conf"; readonly gone: readonly GoneArray[]; readonly moved: readonly MovedArray[] }
  /** LVM's list of devices names those that its groups are on now. */
  | {
      readonly kind: "write-lvm-devices";
      /** As the machine has it. */
      readonly file: string;
      /** Ids of physical volumes whose entries go, as the list has them. */
      readonly stale: readonly string[];
      readonly groups: readonly {
        readonly group: VolumeGroup;
        /** Nodes of its physical volumes. */
        readonly devices: readonly string[];
      }[];
    }
  /** A disk that took the place of a multipath disk gets its name in multipath's own files. */
  | { readonly kind: "write-multipath"; readonly changes: readonly WwidChange[] }
  /** Names of devices that no longer hold or are not made, wherever the boot loader has them for the kernel's command line. */
  | {
      readonly kind: "write-command-line";
      /** GRUB's own directory, then others that may hold a configuration of it. */
      readonly directories: readonly string[];
      readonly changes: readonly CommandLineChange[];
      /** Words that name these are taken out. */
      readonly gone: GoneNames;
      /** That GRUB may look for its files on. */
      readonly arrays: readonly GrubArray[];
    }
  /** Addresses of network cards that took the place of others. */
  | { readonly kind: "write-network"; readonly changes: readonly CardChange[] }
  /** For a copy that lives beside the machine: its own machine-id, host keys and name. */
  | { readonly kind: "write-identity"; readonly hostName: string; readonly oldHostName: string }
  /** Makes the initramfs again when it cannot start from the new controllers, waits for what is not made, or has a copy that is out of date. */
  | {
      readonly kind: "check-initramfs";
      readonly drivers: readonly string[];
      readonly copies: readonly InitramfsCopy[];
      readonly gone: GoneNames;
    }
  | { readonly kind: "install-boot-loader"; readonly directory: string; readonly disks: readonly TargetDisk[] }
  /** GRUB's programs on EFI system partitions that look for its files where these are no more are made again. */
  | {
      readonly kind: "install-efi-grub";
      /** GRUB's own. */
      readonly directory: string;
      readonly mountPoints: readonly string[];
      /** For people: arrays and partitions that it was on. */
      readonly gone: readonly DeviceId[];
      /** As GRUB writes them between parentheses. */
      readonly names: readonly string[];
    }
  | {
      readonly kind: "install-extlinux";
      readonly disk: TargetDisk;
      readonly directory: string;
      /** The machine's own. */
      readonly installer: string;
      /** For the first sector. */
      readonly bootCode: string;
    }
  | {
      readonly kind: "write-boot-entry";
      readonly disk: TargetDisk;
      readonly partition: number;
      readonly partitionUuid: string | undefined;
      readonly label: string;
      /** `\EFI\debian\shimx64.efi` */
      readonly loaderPath: string;
      /** Where the EFI system partition is mounted, to see that its removable path has a loader; undefined for a copy of it. */
      readonly mountPoint: string | undefined;
    }
  /** An EFI system partition that nothing mounts gets what is in the mounted one. */
  | { readonly kind: "copy-esp"; readonly device: string; readonly mountPoint: string }
  | { readonly kind: "set-flags" }
  | { readonly kind: "write-mark" }
  | { readonly kind: "check"; readonly paths: number }
  | { readonly kind: "unmount" };

const STACK_KINDS = [
  "wipe-device",
  "open-device",
  "create-array",
  "create-luks",
  "restore-luks-header",
  "create-volume-group",
  "create-logical-volume",
  "keep-volume-ids",
  "make-subvolumes",
] as const;

/** What stands between partitions and what is mounted. */
export type StackStep = Extract<Step, { readonly kind: (typeof STACK_KINDS)[number] }>;

export function isStackStep(step: Step): step is StackStep {
  return STACK_KINDS.some((kind) => kind === step.kind);
}

/** Changes the machine's own configuration. */
export type ConfigurationStep = Extract<
  Step,
  {
    readonly kind:
      | "write-fstab"
      | "write-command-line"
      | "write-crypttab"
      | "write-mdadm-conf"
      | "write-lvm-devices"
      | "write-multipath"
      | "write-network"
      | "write-identity";
  }
>;

/** Makes it start. */
export type BootStep = Extract<
  Step,
  {
    readonly kind: "check-initramfs" | "install-boot-loader" | "install-efi-grub" | "install-extlinux" | "copy-esp" | "write-boot-entry";
  }
>;

export interface MadeDevice {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface FstabChange {
  readonly path: string;
  readonly from: string;
  /** Undefined: the device is not made, and the line becomes a comment. */
  readonly to: string | undefined;
  /** When the file system is made as another type. */
  readonly as?: { readonly type: string; readonly options: readonly string[] };
}

/** What an initramfs holds of the machine's configuration. */
export interface InitramfsCopy {
  /** For a sentence. */
  readonly what: string;
  /** It is out of date when this kind of step has changed anything, or this file; undefined: it is. */
  readonly changedBy: { readonly step: Step["kind"]; readonly file?: string } | undefined;
}

export interface CommandLineChange {
  readonly from: string;
  /** What the kernel calls it here and now. */
  readonly now: string;
  /** What an initramfs finds it by. */
  readonly to: string;
  /** What the kernel itself finds it by. */
  readonly withoutInitramfs: string;
}

/** How a disk of the machine was found among those that are here. */
export type MatchReason =
  | "named by you"
  | "same wwid"
  | "same serial"
  | "same size and driver"
  | "same size"
  | "the only one that is large enough";

export interface DiskMatch {
  /** The disk's id in machine.json. */
  readonly from: string;
  readonly disk: TargetDisk;
  readonly reason: MatchReason;
}

export interface Plan {
  readonly setId: string;
  /** The machine's, as it will be. */
  readonly layout: Layout;
  readonly matches: readonly DiskMatch[];
  readonly steps: readonly Step[];
  /** Devices of the machine that are no longer made, each with the one that takes its place. */
  readonly replaced: readonly (readonly [from: DeviceId, to: DeviceId])[];
  /** One line each: what will be of another size, or made in another way, than it was. */
  readonly changes: readonly string[];
  /** Mount points of file systems that are kept, and of those that are not made again: nothing is written there. */
  readonly keptPaths: readonly string[];
  /** One line each: what is on the disks now and will be gone. */
  readonly lost: readonly string[];
  /** One line each: disks that are left alone, with the reason. */
  readonly kept: readonly string[];
  readonly warnings: readonly string[];
  /** Warnings speak of them too. */
  readonly openCards: readonly OpenCard[];
}

/** The device node of a partition: `/dev/sda1`, `/dev/nvme0n1p1`. */
export function partitionPath(disk: Pick<TargetDisk, "path">, number: number): string {
  return /\d$/.test(disk.path) ? `${disk.path}p${number}` : `${disk.path}${number}`;
}
