// Whether a machine could be built again from its model, and if not, why: in a person's words, before the first byte is archived.
import {
  efiOf,
  type BootLoader,
  type DeviceId,
  type FileSystem,
  type Layout,
  type Machine,
  type MountPoint,
  type Swap,
} from "../machine/model.ts";
import { below, partitionsOf } from "../machine/own-layout.ts";
import { NO_INSTALLER, NO_PARTS } from "./needed-grub.ts";
import { stackedReason } from "./stacked-reason.ts";
import { isWhole } from "./subvolumes.ts";
import { ESP_TYPES } from "./partition-types.ts";
import { hasBiosBootPartition } from "./plan-bios-boot.ts";

/** Empty: the machine is restorable. */
export function restorableReasons(machine: Machine): readonly string[] {
  const { layout, system } = machine;
  return [
    ...(system.architecture === "x86_64" ? [] : [`the architecture is ${system.architecture}: only x86_64 is rebuilt yet`]),
    ...(layout.mounts.some(({ path }) => path === "/") ? [] : [NO_ROOT]),
    ...mountedFileSystems(layout).flatMap((mounted) => fileSystemReasons(mounted, layout)),
    ...layout.swaps.flatMap((swap) => swapReasons(swap, layout)),
    ...layout.images.flatMap(({ device }) => placeReasons(`the content of "${device}", which is imaged,`, device, layout)),
    ...bootReasons(machine),
  ];
}

const NO_ROOT = `"/" is not among the mounted file systems that are on this machine's disks (lsblk and findmnt tell them: package util-linux)`;

interface Mounted {
  readonly fileSystem: FileSystem;
  /** The mount that shows most of it. */
  readonly mount: MountPoint;
}

function mountedFileSystems({ fileSystems, mounts }: Layout): readonly Mounted[] {
  return fileSystems.flatMap((fileSystem): Mounted[] => {
    const own = mounts.filter(({ device }) => device === fileSystem.device);
    const mount = own.find((candidate) => isWhole(candidate, { fileSystems })) ?? own[0];
    return mount === undefined ? [] : [{ fileSystem, mount }];
  });
}

const NO_EXT = "dumpe2fs (package e2fsprogs) did not tell how it was made, or its journal is on another device";

/** What mkfs can be told again, and what is wrong where its parameters are unknown. */
const KNOWN_TYPES: Readonly<Record<string, string>> = {
  ext2: NO_EXT,
  ext3: NO_EXT,
  ext4: NO_EXT,
  xfs: "xfs_info (package xfsprogs) did not tell how it was made, or its log is on another device",
  vfat: "its boot sector could not be read",
  btrfs: "btrfs (package btrfs-progs) did not tell how it was made",
  jfs: "nothing told how it was made",
  reiserfs: "nothing told how it was made",
  f2fs: "its superblock could not be read, or it is on several devices or zones",
};

export function isMadeType(type: string): boolean {
  return KNOWN_TYPES[type] !== undefined;
}

function fileSystemReasons({ fileSystem, mount }: Mounted, layout: Layout): readonly string[] {
  const { device, type, parameters } = fileSystem;
  const what = `"${mount.path}"`;
  const trouble = KNOWN_TYPES[type];
  // Pools such as ZFS are on no device; their type says enough.
  if (trouble === undefined && placeOf(device, layout) === undefined) return [`${what} is ${type}: ${type} is not rebuilt yet`];
  const devices = parameters.kind === "btrfs" ? parameters.devices : [device];
  const reasons = devices.flatMap((id) => placeReasons(what, id, layout));
  if (trouble === undefined) reasons.push(`${what} is ${type}: ${type} is not rebuilt yet`);
  else if (parameters.kind === "unknown") reasons.push(`${what} is ${type}, and ${trouble}`);
  else if (parameters.kind === "btrfs" && parameters.subvolumes === undefined)
    reasons.push(`${what} is btrfs, and its subvolumes could not be listed`);
  if (trouble !== undefined && !isWhole(mount, layout)) {
    reasons.push(`${what} shows only "${mount.fsRoot}" of the file system on "${device}": the rest of it is not mounted`);
  }
  return reasons;
}

type Place = "partition" | "disk" | "stacked";

function placeOf(device: DeviceId, { disks, stack }: Layout): Place | undefined {
  if (disks.some(({ table }) => table?.partitions.some(({ id }) => id === device) === true)) return "partition";
  if (disks.some(({ id }) => id === device)) return "disk";
  return stack.some(({ id }) => id === device) ? "stacked" : undefined;
}

/** ReaR #2482: what maps to no disk must be said before the backup, not found out after the disaster. */
function placeReasons(what: string, device: DeviceId, layout: Layout): readonly string[] {
  const isLost = below(layout, device).some((id) => placeOf(id, layout) === undefined);
  if (isLost) {
    return [
      `${what} is on "${device}", which is on no disk that Lifeboat can describe (sfdisk tells what is: package fdisk or util-linux)`,
    ];
  }
  const stacked = layout.stack.filter(({ id }) => below(layout, device).includes(id));
  return stacked.flatMap((one) => {
    const reason = stackedReason(one);
    return reason === undefined ? [] : [`${what} is on ${reason}`];
  });
}

function swapReasons({ kind, place }: Swap, layout: Layout): readonly string[] {
  return kind === "file" ? [] : placeReasons("swap", place, layout);
}

function bootReasons({ firmware, bootLoader, layout }: Machine): readonly string[] {
  const unknown = bootLoader.kind === "unknown" ? [`the boot loader is none that Lifeboat can put back: ${bootLoader.detail}`] : [];
  if (firmware.kind === "bios") {
    if (bootLoader.kind === "extlinux") return extlinuxReasons(bootLoader);
    return bootLoader.kind === "grub" ? biosReasons(bootLoader, layout) : unknown;
  }
  const esps = new Set(
    partitionsOf(layout)
      .filter(({ type }) => ESP_TYPES.has(type))
      .map(({ id }) => id),
  );
  const esp = layout.mounts.find(({ device }) => esps.has(device));
  if (efiOf(bootLoader) !== undefined) return [];
  if (esp === undefined) return [...unknown, "the machine starts by UEFI, and no EFI system partition is mounted"];
  return bootLoader.kind === "unknown" ? unknown : [`the machine starts by UEFI, and there is no GRUB in "${esp.path}/EFI"`];
}

function extlinuxReasons({ installer, bootCode }: Extract<BootLoader, { kind: "extlinux" }>): readonly string[] {
  const missing = [
    ...(installer === undefined ? ["extlinux"] : []),
    ...(bootCode === undefined ? ["its boot code, mbr.bin or gptmbr.bin"] : []),
  ];
  return missing.map((what) => `${what}: without it nothing starts the restored machine, and it is not there (Debian: package extlinux)`);
}

function biosReasons(loader: Extract<BootLoader, { kind: "grub" }>, { disks }: Layout): readonly string[] {
  const { directory, biosDisks, biosTools } = loader;
  if (biosDisks.length === 0) return [`GRUB is in ${directory}, and no disk's first sector starts it`];
  const missing = [...(biosTools.installer === undefined ? [NO_INSTALLER] : []), ...(biosTools.modules === undefined ? [NO_PARTS] : [])];
  const homeless = disks.filter(({ id, table }) => biosDisks.includes(id) && table?.kind === "gpt" && !hasBiosBootPartition(table));
  return [
    ...missing.map(
      (what) => `${what}: without it nothing starts the restored machine, and it is not there, or is left out (Debian: package grub-pc)`,
    ),
    ...homeless.map(
      ({ id }) => `GRUB starts from disk "${id}", which has a GPT and no BIOS boot partition: it cannot be installed there again`,
    ),
  ];
}
