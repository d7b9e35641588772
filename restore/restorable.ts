// Whether a machine could be built again from its model, and if not, why: in a person's words, before the first byte is archived.
import {
  efiOf,
  type BootLoader,
  type DeviceId,
  type FileSystem,
  type Layout,
  type Machine,
  type MountPoint,
  type Partition,
  type Swap,
} from "../machine/model.ts";
import type { StackedDevice } from "../machine/stacked-device.ts";
import { below, standsOn, usedDevices } from "../machine/own-layout.ts";
import { isSmallXfs } from "./mkfs-command.ts";
import { NO_INSTALLER, NO_PARTS } from "./needed-grub.ts";
import { isWhole } from "./subvolumes.ts";
import { BARE_TYPES, ESP_TYPES } from "./partition-types.ts";
import { biosBoot, hasBiosBootPartition } from "./plan-bios-boot.ts";
import { mountPoint } from "./plan-fstab.ts";

/** Empty: the machine is restorable. */
export function restorableReasons(machine: Machine): readonly string[] {
  const { layout, system } = machine;
  return [
    ...(system.architecture === "x86_64" ? [] : [`the architecture is ${system.architecture}: only x86_64 is rebuilt yet`]),
    ...(layout.mounts.some(({ path }) => path === "/") ? [] : [NO_ROOT]),
    ...mountedFileSystems(layout).flatMap((mounted) => fileSystemReasons(mounted, layout)),
    ...layout.swaps.flatMap((swap) => swapReasons(swap, layout)),
    ...bootReasons(machine),
  ];
}

/** What a restore would not bring back, or do worse than it could. Nothing here stands in a restore's way. */
export function layoutWarnings(machine: Machine): readonly string[] {
  return [
    ...unmountedWarnings(machine.layout),
    ...unknownContentWarnings(machine.layout),
    ...unmadeWarnings(machine.layout),
    ...smallXfsWarnings(machine.layout),
    ...fstabWarnings(machine.layout),
    ...identityWarnings(machine.layout),
    ...nvramWarnings(machine),
    ...biosBoot(machine).notes,
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
  f2fs: "nothing told how it was made",
};

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

const ARRAY_LEVELS = /^(?:linear|raid(?:0|1|4|5|6|10))$/;

/** Why one cannot be made again; undefined when it can. */
export function stackedReason(stacked: StackedDevice): string | undefined {
  switch (stacked.kind) {
    case "array":
      if (stacked.shape !== undefined && stacked.members.length > stacked.shape.deviceCount)
        return `array "${stacked.id}", which is being changed just now`;
      if (stacked.level === "raid10" && stacked.shape !== undefined && stacked.members.length < stacked.shape.deviceCount) {
        return `array "${stacked.id}" (raid10), which lacks a member: put one in first`;
      }
      if (stacked.shape === undefined) return `array "${stacked.id}" (${stacked.level}), whose metadata is none that Lifeboat makes`;
      return ARRAY_LEVELS.test(stacked.level) ? undefined : `array "${stacked.id}" (${stacked.level}): that level is not rebuilt`;
    case "volume-group":
      return stacked.extentBytes > 0
        ? undefined
        : `LVM group "${stacked.id}", and LVM's programs (package lvm2) did not tell how it is made`;
    case "logical-volume":
      return stacked.form.type === "other" ? `LVM volume "${stacked.id}": what is ${stacked.form.word} is not rebuilt` : undefined;
    case "luks":
      return stacked.header === undefined
        ? `encrypted volume "${stacked.id}", and ${stacked.problem ?? "its header is not known"}`
        : undefined;
    case "other":
      return `"${stacked.id}" of type ${stacked.type}: that is not rebuilt`;
  }
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

function unmountedWarnings({ fileSystems, mounts }: Layout): readonly string[] {
  const mounted = new Set(mounts.map(({ device }) => device));
  return fileSystems
    .filter(({ device }) => !mounted.has(device))
    .map(({ device, type, label }) => {
      const name = label === undefined ? "" : ` "${label}"`;
      return `"${device}" holds ${type}${name}, which is not mounted: what is in it is not archived`;
    });
}

function unknownContentWarnings(layout: Layout): readonly string[] {
  const known = new Set([
    ...layout.fileSystems.map(({ device }) => device),
    ...layout.swaps.map(({ place }) => place),
    ...layout.stack.flatMap(({ id }) => standsOn(layout, id)),
  ]);
  return partitionsOf(layout)
    .filter(({ id, role, type }) => role !== "extended" && !BARE_TYPES.has(type) && !known.has(id))
    .map(({ id }) => `"${id}" holds nothing that Lifeboat knows: the partition is made again, what is in it is not archived`);
}

/** Snapshots, caches and the like that nothing is mounted from. */
function unmadeWarnings(layout: Layout): readonly string[] {
  const used = usedDevices(layout);
  return layout.stack.flatMap((stacked) => {
    const reason = used.has(stacked.id) ? undefined : stackedReason(stacked);
    return reason === undefined ? [] : [`not made again, and not archived: ${reason}`];
  });
}

function smallXfsWarnings({ fileSystems }: Layout): readonly string[] {
  return fileSystems
    .filter(isSmallXfs)
    .map(({ device }) => `"${device}" holds an XFS below 300 MiB, a size that xfsprogs no longer supports: it is made again all the same`);
}

/** Types of fstab that are no local file system, or none that could be mounted. */
const NOT_LOCAL =
  /^(?:swap|none|proc|sysfs|tmpfs|devpts|devtmpfs|debugfs|cgroup2?|efivarfs|overlay|nfs4?|cifs|smb3|ceph|glusterfs|fuse\..*|9p|virtiofs)$/;

function fstabWarnings({ fstab, mounts }: Layout): readonly string[] {
  const mounted = new Set(mounts.map(({ path }) => path));
  return fstab
    .filter(({ spec, path, type, options }) => {
      const isDevice = /^(?:(?:PART)?(?:UUID|LABEL)=|\/dev\/)/.test(spec) && !/^\/dev\/(?:sr|cdrom|fd|loop)/.test(spec);
      return isDevice && path.startsWith("/") && !NOT_LOCAL.test(type) && !options.includes("noauto") && !mounted.has(mountPoint(path));
    })
    .map(({ spec, path }) => `"${path}" stands in /etc/fstab (${spec}) and is not mounted: what is in it is not archived`);
}

function identityWarnings({ disks }: Layout): readonly string[] {
  return disks.flatMap(({ id, identity }): readonly string[] => {
    const name = identity.wwid ?? identity.serial;
    if (name === undefined) return [`disk "${id}" has neither a wwid nor a serial number: a restore knows it by its size only`];
    const twin = disks.find((other) => other.id !== id && (other.identity.wwid ?? other.identity.serial) === name);
    // Each pair once.
    return twin !== undefined && id < twin.id
      ? [`disks "${id}" and "${twin.id}" both call themselves ${name}: a restore knows them by size only`]
      : [];
  });
}

function nvramWarnings({ firmware }: Machine): readonly string[] {
  if (firmware.kind === "bios" || firmware.entries.length > 0) return [];
  return ["no boot entries could be read from the firmware (efibootmgr tells them: package efibootmgr)"];
}

function partitionsOf({ disks }: Layout): readonly Partition[] {
  return disks.flatMap(({ table }) => table?.partitions ?? []);
}
