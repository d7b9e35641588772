// Puts a machine's layout together from what the system's tools say.
import { isMountOf, type LayoutDevice } from "./layout-devices.ts";
import type { FileSystemParameters } from "./file-system-parameters.ts";
import type { DeviceId, Disk, FileSystem, FstabEntry, Layout, MountPoint, Swap } from "./model.ts";
import type { Mount } from "./parse-findmnt.ts";
import type { LsblkDevice } from "./parse-lsblk.ts";
import type { SwapSpace } from "./parse-swaps.ts";
import { stackedDevices, type StackFacts } from "./stack.ts";

/** What only the file system itself can tell, by device. */
export interface FileSystemFacts {
  readonly parameters: FileSystemParameters | undefined;
  readonly usedBytes: number | undefined;
  readonly usedInodes: number | undefined;
}

export interface LayoutFacts {
  /** Disks with their partition tables; those without a device in `devices` are left out. */
  readonly disks: readonly Disk[];
  /** The machine's own. */
  readonly devices: readonly LayoutDevice[];
  readonly mounts: readonly MountPoint[];
  readonly stack: StackFacts;
  readonly fileSystems: ReadonlyMap<DeviceId, FileSystemFacts>;
  /** As findmnt sees them: for what lsblk does not know. */
  readonly mountTable: readonly Mount[];
  readonly swapsInUse: readonly SwapSpace[];
  readonly swapFiles: readonly Swap[];
  readonly fstab: readonly FstabEntry[];
}

export function makeLayout(facts: LayoutFacts): Layout {
  const ownDisks = new Set(facts.devices.filter(({ place }) => place === "disk").map(({ id }) => id));
  return {
    disks: facts.disks.filter(({ id }) => ownDisks.has(id)),
    stack: stackedDevices(facts.devices, facts.stack),
    fileSystems: [...fileSystemDevices(facts.devices).map((node) => knownFileSystem(node, facts)), ...strayFileSystems(facts)],
    swaps: [...swapDevices(facts), ...facts.swapFiles],
    mounts: facts.mounts,
    fstab: facts.fstab,
    images: [],
  };
}

/** What libblkid calls parts of stacks, swap, and journals on devices of their own. */
const NO_FILE_SYSTEM = /_member$|^(?:crypto_LUKS|BitLocker|swap|swsuspend|bcache|drbd|jbd|xfs_external_log|DM_.*|lvm2pv)$/;

/** Of these, what holds a person's data though nothing that stands on it is there: it is named by its type. */
const CLOSED = /^(?:zfs_member|crypto_LUKS|linux_raid_member|bcache|drbd|BitLocker)$/;

function isClosed({ device: { fsType, children } }: LayoutDevice): boolean {
  return fsType !== undefined && CLOSED.test(fsType) && children.length === 0;
}

/** Devices that carry a file system, mounted or not, or what is closed; one for each, though btrfs may be on several. */
export function fileSystemDevices(devices: readonly LayoutDevice[]): readonly LayoutDevice[] {
  return devices.filter((node) => {
    const { place, device } = node;
    const isDivided = place === "disk" && device.children.some(({ type }) => type === "part");
    const isNone = device.fsType === undefined || (NO_FILE_SYSTEM.test(device.fsType) && !isClosed(node));
    return !isNone && !isDivided && poolDevices(node, devices)[0] === node;
  });
}

/** All devices of the file system that is on this one, in the order of lsblk: only btrfs has more than one. */
export function poolDevices(node: LayoutDevice, devices: readonly LayoutDevice[]): readonly LayoutDevice[] {
  const { fsType, uuid } = node.device;
  if (fsType !== "btrfs" || uuid === undefined) return [node];
  return devices.filter(({ device }) => device.fsType === fsType && device.uuid === uuid);
}

function knownFileSystem(node: LayoutDevice, facts: LayoutFacts): FileSystem {
  const { id, device } = node;
  const { label, sizeBytes } = device;
  // Nothing makes it again: a disk that carries it is neither the machine's own nor a twin of what a plan makes.
  const uuid = isClosed(node) ? undefined : device.uuid;
  return fileSystem({ device: id, type: device.fsType ?? "", uuid, label, sizeBytes }, facts);
}

/** Mounted, but on nothing that lsblk lists or whose content it knows. */
function strayFileSystems(facts: LayoutFacts): readonly FileSystem[] {
  const known = new Set(fileSystemDevices(facts.devices).map(({ id }) => id));
  const strays = facts.mounts.filter(({ device }, index) => {
    return !known.has(device) && facts.mounts.findIndex((mount) => mount.device === device) === index;
  });
  return strays.map(({ device, path, type }) => {
    const seen = facts.mountTable.find(({ target }) => target === path);
    return fileSystem({ device, type, uuid: seen?.uuid, label: seen?.label, sizeBytes: seen?.sizeBytes ?? 0 }, facts);
  });
}

function fileSystem(base: Pick<FileSystem, "device" | "type" | "uuid" | "label" | "sizeBytes">, facts: LayoutFacts): FileSystem {
  const own = facts.fileSystems.get(base.device);
  return { ...base, usedBytes: own?.usedBytes, usedInodes: own?.usedInodes, parameters: own?.parameters ?? { kind: "unknown" } };
}

function swapDevices({ devices, swapsInUse }: LayoutFacts): readonly Swap[] {
  const inUse = new Set(swapsInUse.map(({ path }) => path));
  return devices
    .filter(({ device }) => device.fsType === "swap" || inUse.has(device.path) || inUse.has(`/dev/${device.kernelName}`))
    .map(({ id, device: { uuid, label, sizeBytes } }) => ({ kind: "partition", place: id, uuid, label, sizeBytes }));
}

/** File systems that live on no block device that lsblk shows, and yet are disks' content. */
const POOLED_TYPES: ReadonlySet<string> = new Set(["zfs"]);
const NO_LAYOUT_SOURCE = /^\/dev\/(?:loop|zram|ram|sr|fd|fuse)\d*/;

/**
 * The mounts that belong to the machine: on its own devices, or on some device that nobody knows, which is a reason not to call the machine
 * restorable (ReaR #2482). `all` are lsblk's devices, the machine's own or not. Of mounts on one another the last is seen.
 */
export function ownMounts(mounts: readonly Mount[], devices: readonly LayoutDevice[], all: readonly LsblkDevice[]): readonly MountPoint[] {
  const lastAt = new Map(mounts.map((mount) => [mount.target, mount]));
  return mounts
    .filter((mount) => lastAt.get(mount.target) === mount)
    .flatMap((mount): MountPoint[] => {
      const { target: path, fsType: type, options, fsRoot } = mount;
      const own = devices.find(({ device }) => isMountOf(mount, device));
      const isForeign = own === undefined && all.some((device) => isMountOf(mount, device));
      const isStray = POOLED_TYPES.has(type) || (mount.source.startsWith("/dev/") && !NO_LAYOUT_SOURCE.test(mount.source));
      if (isForeign || (own === undefined && !isStray)) return [];
      const device =
        (own === undefined ? undefined : poolDevices(own, devices)[0]?.id) ?? mount.source.replace(/^\/dev\/(?:mapper\/)?/, "");
      return [{ path, device, type, options, fsRoot }];
    });
}

/** As seen from a directory that another system's root is mounted at; mounts outside of it are left out. */
export function mountsBelow(mounts: readonly Mount[], root: string): readonly Mount[] {
  if (root === "/") return mounts;
  return mounts.flatMap((mount) => {
    if (mount.target === root) return [{ ...mount, target: "/" }];
    return mount.target.startsWith(`${root}/`) ? [{ ...mount, target: mount.target.slice(root.length) }] : [];
  });
}
