// Which of the block devices that lsblk tells belong to the machine, and what each stands on.
import { volumeNames } from "./lvm-names.ts";
import type { DeviceId, FstabEntry } from "./model.ts";
import type { LsblkDevice } from "./parse-lsblk.ts";
import type { Mount } from "./parse-findmnt.ts";

export interface LayoutDevice {
  readonly id: DeviceId;
  readonly device: LsblkDevice;
  /** What it stands on; empty for disks. */
  readonly on: readonly DeviceId[];
  readonly place: "disk" | "partition" | "stacked";
}

/** Everything but optical discs, floppies, loop devices, memory, what stands on these, and paths of multipath disks. */
export function layoutDevices(devices: readonly LsblkDevice[]): readonly LayoutDevice[] {
  const found = new Map<DeviceId, LayoutDevice>();
  const add = (device: LsblkDevice, parent: LayoutDevice | undefined): void => {
    if (NO_LAYOUT_TYPES.has(device.type) || NO_LAYOUT_NAMES.test(device.kernelName)) return;
    const multipath = parent === undefined ? device.children.filter(({ type }) => type === "mpath") : [];
    // The disk is what its paths lead to: partitions that the kernel shows on one of them too are its own.
    if (multipath.length > 0) return multipath.forEach((disk) => add(disk, undefined));
    const id = deviceId(device);
    const known = found.get(id);
    const on = [...(known?.on ?? []), ...(parent === undefined || known?.on.includes(parent.id) === true ? [] : [parent.id])];
    const node: LayoutDevice = { id, device, on, place: placeOf(device, parent) };
    found.set(id, node);
    for (const child of device.children) add(child, node);
  };
  for (const device of devices) add(device, undefined);
  return [...found.values()];
}

const NO_LAYOUT_TYPES: ReadonlySet<string> = new Set(["rom", "loop"]);
const NO_LAYOUT_NAMES = /^(?:zram|ram|fd)\d+$/;

function placeOf(device: LsblkDevice, parent: LayoutDevice | undefined): LayoutDevice["place"] {
  if (parent === undefined) return "disk";
  return device.type === "part" && parent.place === "disk" ? "partition" : "stacked";
}

/** The kernel's name; for device-mapper the mapper's name, for LVM `VG/LV`. */
function deviceId(device: LsblkDevice): DeviceId {
  const mapperName = /^\/dev\/mapper\/(.+)$/.exec(device.path)?.[1];
  if (mapperName === undefined) return device.kernelName.replace(/!/g, "/");
  const volume = device.type === "lvm" ? volumeNames(mapperName) : undefined;
  return volume === undefined ? mapperName : `${volume.group}/${volume.volume}`;
}

/** Mounted there, a device belongs to the machine even if no fstab says so (systemd's generators find some by themselves). */
const SYSTEM_PATHS: ReadonlySet<string> = new Set(["/", "/usr", "/boot", "/efi", "/boot/efi"]);

/**
 * Without USB and removable disks that neither fstab mounts at boot nor the system is on: they are plugged in for a while, and a
 * restore must not ask for them.
 */
export function ownDevices(
  devices: readonly LayoutDevice[],
  mounts: readonly Mount[],
  fstab: readonly FstabEntry[],
): readonly LayoutDevice[] {
  const byId = new Map(devices.map((device) => [device.id, device]));
  const disksBelow = (id: DeviceId): readonly DeviceId[] => {
    const on = byId.get(id)?.on ?? [];
    return on.length === 0 ? [id] : on.flatMap(disksBelow);
  };
  const atBoot = fstab.filter(({ options }) => !options.includes("noauto"));
  const isWanted = ({ device }: LayoutDevice): boolean =>
    atBoot.some(({ spec }) => isNamedBy(device, spec)) ||
    mounts.some(
      (mount) => isMountOf(mount, device) && (SYSTEM_PATHS.has(mount.target) || atBoot.some(({ path }) => path === mount.target)),
    );
  const isPlugged = ({ device }: LayoutDevice): boolean => device.removable || device.transport === "usb";
  const wanted = new Set(devices.filter(isWanted).flatMap(({ id }) => disksBelow(id)));
  const own = new Set(
    devices.filter((device) => device.place === "disk" && (!isPlugged(device) || wanted.has(device.id))).map(({ id }) => id),
  );
  return devices.filter(({ id }) => disksBelow(id).some((disk) => own.has(disk)));
}

/** btrfs mounts carry an anonymous device number: only the source tells where they are. */
export function isMountOf(mount: Mount, device: LsblkDevice): boolean {
  return mount.source === device.path || (device.majorMinor !== "" && mount.majorMinor === device.majorMinor);
}

/** Whether a word of fstab's first column means this device. */
export function isNamedBy(device: LsblkDevice, spec: string): boolean {
  const [, tag, value] = /^(UUID|LABEL|PARTUUID|PARTLABEL)=(.*)$/.exec(spec) ?? /^\/dev\/disk\/by-([a-z]+)\/(.*)$/.exec(spec) ?? [];
  if (tag === undefined || value === undefined) return spec === device.path || spec === `/dev/${deviceId(device)}`;
  const tags = new Map([
    ["UUID", device.uuid],
    ["PARTUUID", device.partitionUuid],
    ["LABEL", device.label],
    ["PARTLABEL", device.partitionLabel],
  ]);
  const own = tags.get(tag.toUpperCase());
  return tag.toUpperCase().endsWith("UUID") ? own?.toLowerCase() === value.toLowerCase() : own === value;
}
