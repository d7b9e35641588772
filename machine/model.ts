// A computer as data: everything that is needed to build it again. `machine.json` is one value of `Machine`.

import type { DeviceImage } from "./device-image.ts";
import type { FileSystemParameters } from "./file-system-parameters.ts";
import type { StackedDevice } from "./stacked-device.ts";

/**
 * Names a device inside one machine: what the kernel called it when it was inspected (`sda`, `sda1`, `md0`), for
 * LVM `VG` and `VG/LV`, for other mapped devices the mapper's name (`safe`, `mpatha`). Good for references within the same machine.json; never for finding a device again.
 */
export type DeviceId = string;

export interface Machine {
  readonly formatVersion: 1;
  readonly hostName: string;
  /** The word in /etc/machine-id. */
  readonly machineId: string | undefined;
  /** UTC, ISO 8601. */
  readonly inspectedAt: string;
  readonly system: OperatingSystem;
  readonly firmware: Firmware;
  readonly hardware: Hardware;
  readonly layout: Layout;
  readonly bootLoader: BootLoader;
  readonly network: readonly NetworkCard[];
  /** Undefined where it has no volume group. */
  readonly lvm: LvmSettings | undefined;
}

export interface OperatingSystem {
  /** ID of os-release. */
  readonly id: string;
  readonly versionId: string | undefined;
  readonly prettyName: string;
  /** A name of machine/distributions.ts. */
  readonly family: string;
  /** As `uname -m` says. */
  readonly architecture: string;
  readonly kernelRelease: string;
  readonly kernelCommandLine: string;
}

export type Firmware =
  | { readonly kind: "bios" }
  | {
      readonly kind: "uefi";
      readonly secureBoot: boolean;
      /** NVRAM's boot entries. */
      readonly entries: readonly BootEntry[];
      /** Numbers of entries, first tried first. */
      readonly order: readonly string[];
    };

export interface BootEntry {
  /** Four hexadecimal digits. */
  readonly number: string;
  readonly label: string;
  readonly active: boolean;
  /** The GPT partition with the loader, lower case; undefined for entries that name no partition. */
  readonly partitionUuid: string | undefined;
  /** As firmware writes it, e.g. `\EFI\debian\shimx64.efi`. */
  readonly loaderPath: string | undefined;
  /** As efibootmgr prints it, for people. */
  readonly devicePath: string;
}

export interface Hardware {
  readonly vendor: string | undefined;
  readonly product: string | undefined;
  readonly serial: string | undefined;
  readonly memoryBytes: number;
  readonly processors: number;
}

export interface NetworkCard {
  readonly name: string;
  readonly mac: string | undefined;
  readonly driver: string | undefined;
  /** With the length of the prefix, e.g. `10.0.2.15/24`. */
  readonly addresses: readonly string[];
  readonly gateway: string | undefined;
}

/** What LVM is told about the devices that it may use (lvm.conf(5), section devices). */
export interface LvmSettings {
  /** Its list of them (lvmdevices(8)), which may be there though LVM does not go by it; undefined: there is none. */
  readonly devicesFile: string | undefined;
  /** Where there is a list: filters then count for nothing. */
  readonly usesDevicesFile: boolean;
  readonly filters: readonly LvmFilter[];
}

export interface LvmFilter {
  /** A device has to pass both. */
  readonly key: "filter" | "global_filter";
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
  /** `a` or `r`, and a regular expression between two equal signs or brackets. */
  readonly patterns: readonly string[];
}

/** The part of a machine that is storage. */
export interface Layout {
  readonly disks: readonly Disk[];
  /** What stands between partitions and file systems, each after what it stands on. */
  readonly stack: readonly StackedDevice[];
  readonly fileSystems: readonly FileSystem[];
  readonly swaps: readonly Swap[];
  /** What is mounted and belongs to the machine, in the order of mounting. */
  readonly mounts: readonly MountPoint[];
  readonly fstab: readonly FstabEntry[];
  /** Of devices whose content is in the set as blocks; chosen when it is made. */
  readonly images: readonly DeviceImage[];
}

/** Matched by wwid, then serial, then size and bus; never by name (DESIGN section 7). All trimmed and normalised. */
export interface DiskIdentity {
  readonly wwid: string | undefined;
  readonly serial: string | undefined;
  readonly model: string | undefined;
  /** The driver of the controller, e.g. `nvme`, `ahci`, `virtio_blk`. */
  readonly driver: string | undefined;
  /** All that a kernel must have to reach it, nearest to the disk first, e.g. `sd`, `ahci`; empty in sets that do not tell. */
  readonly drivers: readonly string[];
}

export interface Disk {
  readonly id: DeviceId;
  readonly identity: DiskIdentity;
  readonly sizeBytes: number;
  readonly logicalSectorBytes: number;
  readonly physicalSectorBytes: number;
  readonly rotational: boolean;
  readonly removable: boolean;
  /** Undefined: none, or one that is not known. */
  readonly table: PartitionTable | undefined;
  /** When it is reached on several paths, or the device mapper's multipath target makes it. */
  readonly multipath?: Multipath | undefined;
}

export interface Multipath {
  /** What multipath-tools know it by, `3600508b4000156d7…`; undefined: its names do not tell. */
  readonly wwid: string | undefined;
  /** Kernel names, of which none is listed as a disk of its own. */
  readonly paths: readonly string[];
}

export interface PartitionTable {
  readonly kind: "gpt" | "mbr";
  /** GPT: the disk's GUID, lower case. MBR: `0x` and eight hexadecimal digits. */
  readonly id: string;
  /** GPT: the number of entries, 128 nearly everywhere. */
  readonly entryCount: number | undefined;
  /** GPT: the first and the last sector that partitions may have. */
  readonly firstSector: number | undefined;
  readonly lastSector: number | undefined;
  readonly partitions: readonly Partition[];
}

export interface Partition {
  readonly id: DeviceId;
  readonly number: number;
  /** In logical sectors of the disk. */
  readonly startSector: number;
  readonly sizeSectors: number;
  readonly role: "primary" | "extended" | "logical";
  /** GPT: a GUID, lower case. MBR: hexadecimal without `0x`, e.g. `83`. */
  readonly type: string;
  /** PARTUUID, lower case. */
  readonly uuid: string | undefined;
  /** GPT's partition name. */
  readonly label: string | undefined;
  /** GPT's attributes as sfdisk writes them, e.g. `RequiredPartition LegacyBIOSBootable GUID:63`; "" for none. */
  readonly attributes: string;
  /** MBR's active flag. */
  readonly active: boolean;
}

export interface FileSystem {
  readonly device: DeviceId;
  /** The kernel's name: `ext4`, `xfs`, `vfat`, … */
  readonly type: string;
  /** As blkid writes it: for vfat `XXXX-XXXX`. */
  readonly uuid: string | undefined;
  readonly label: string | undefined;
  /** Of the device that it is on. */
  readonly sizeBytes: number;
  /** Undefined where it is not mounted. */
  readonly usedBytes: number | undefined;
  /** Undefined too where inodes are not counted: vfat, btrfs. */
  readonly usedInodes: number | undefined;
  readonly parameters: FileSystemParameters;
}

export interface Swap {
  readonly kind: "partition" | "file";
  /** Where it is: a device's id, or the path of a file. */
  readonly place: string;
  readonly uuid: string | undefined;
  readonly label: string | undefined;
  readonly sizeBytes: number;
}

export interface MountPoint {
  readonly path: string;
  readonly device: DeviceId;
  readonly type: string;
  readonly options: readonly string[];
  /** What of the file system is seen here: `/` unless it is a subvolume or a bind mount. */
  readonly fsRoot: string;
}

/** One line of /etc/fstab, the escapes `\040` and so on resolved. */
export interface FstabEntry {
  readonly spec: string;
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

export type BootLoader =
  | {
      readonly kind: "grub";
      /** `/boot/grub` or `/boot/grub2`. */
      readonly directory: string;
      /** Disks whose first sector starts this GRUB: BIOS. */
      readonly biosDisks: readonly DeviceId[];
      readonly biosTools: GrubTools;
      /** What is on the EFI system partition; undefined on BIOS. */
      readonly efi: EfiLoader | undefined;
    }
  /** Its kernels and entries are files of the EFI system partition, or of one beside it. */
  | { readonly kind: "systemd-boot"; readonly efi: EfiLoader }
  | {
      readonly kind: "extlinux";
      /** `/boot/extlinux` */
      readonly directory: string;
      /** The one that it is started from: that of its directory. */
      readonly disk: DeviceId;
      /** What of the machine's own installs it; undefined what is not there. */
      readonly installer: string | undefined;
      /** What goes into the first sector of a disk with such a table. */
      readonly bootCode: string | undefined;
    }
  /** `detail` says what was found, for the reasons why the machine cannot be restored. */
  | { readonly kind: "unknown"; readonly detail: string };

export function efiOf(loader: BootLoader): EfiLoader | undefined {
  return "efi" in loader ? loader.efi : undefined;
}

/** What of the machine's own installs GRUB for BIOS; undefined what is not there, or in no set. */
export interface GrubTools {
  /** `/usr/sbin/grub-install` */
  readonly installer: string | undefined;
  /** The directory with GRUB's parts, `/usr/lib/grub/i386-pc`. */
  readonly modules: string | undefined;
}

export interface EfiLoader {
  /** Where the EFI system partition is mounted. */
  readonly mountPoint: string;
  readonly device: DeviceId;
  /** Below `EFI`, e.g. `debian`. */
  readonly vendorDirectory: string;
  /** Loaders in that directory and in `EFI/BOOT`, relative to the mount point. */
  readonly files: readonly string[];
  /** Kernels with their initramfs and command line in one program, relative to the mount point, where there are any. */
  readonly unifiedKernels?: readonly string[] | undefined;
}
