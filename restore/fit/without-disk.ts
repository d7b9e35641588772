// A machine with one disk less: mirrors do with what is left, RAID1 of one disk becomes what stood on it. Pure.

import { linksOf } from "../../machine/array-names.ts";
import { isImaged } from "../../machine/device-image.ts";
import type { DeviceId, Disk, FileSystem, Layout } from "../../machine/model.ts";
import { deviceBytes, devicesOn, partitionsOf } from "../../machine/own-layout.ts";
import type { StackedDevice } from "../../machine/stacked-device.ts";
import { BARE_TYPES, ESP_TYPES, MEMBER_TYPES } from "../partition-types.ts";
import { withoutSwaps } from "./dropped-swaps.ts";
import { leastBtrfsBytes } from "./file-system-size.ts";

export interface Reduced {
  readonly layout: Layout;
  /** From devices that are no longer made, by all of their names below /dev, to those that take their place. */
  readonly replaced: ReadonlyMap<DeviceId, DeviceId>;
  /** One line each. */
  readonly changes: readonly string[];
}

/** Undefined: the disk holds something that is nowhere else. */
export function withoutDisk(reduced: Reduced, disk: Disk): Reduced | undefined {
  const own: readonly DeviceId[] = disk.table === undefined ? [disk.id] : disk.table.partitions.map(({ id }) => id);
  if (!own.every((id) => isSpareable(reduced.layout, id))) return undefined;
  const line = `disk ${disk.id} is left out: what was on it is on another disk too`;
  const left = withoutDevices({ ...reduced, changes: [...reduced.changes, line] }, new Set(devicesOn(disk)));
  if (left === undefined) return undefined;
  return { ...left, layout: { ...left.layout, disks: left.layout.disks.filter(({ id }) => id !== disk.id) } };
}

/** Without what stood on these devices, which must be spareable. The disks stay as they are. Undefined: what is left would not hold it. */
export function withoutDevices({ layout, replaced, changes }: Reduced, gone: ReadonlySet<DeviceId>): Reduced | undefined {
  const fileSystems = layout.fileSystems.flatMap((fileSystem) => onFewerDevices(fileSystem, gone));
  if (!fileSystems.every((fileSystem) => layout.fileSystems.includes(fileSystem) || hasRoom(layout, fileSystem))) return undefined;
  const moved = movedDevices(layout, fileSystems, gone);
  const without: Layout = {
    ...withoutSwaps(layout, gone),
    stack: layout.stack.map((stacked) => withoutMembers(stacked, gone)),
    fileSystems,
    mounts: layout.mounts.map((mount) => ({ ...mount, device: moved.get(mount.device) ?? mount.device })),
  };
  const single = without.stack.flatMap((stacked) =>
    stacked.kind === "array" && stacked.members.length === 1 && stacked.level === "raid1" ? [stacked] : [],
  );
  const lines = layout.swaps.filter((swap) => !without.swaps.includes(swap)).map(({ place }) => `swap on ${place} is left out`);
  let result: Layout = without;
  const links = [...moved].flatMap(([id, place]) => partitionLinks(layout, id).map((name) => [name, place] as const));
  const now = new Map([...replaced, ...moved, ...links]);
  for (const array of single) {
    const { id } = array;
    const [member = ""] = array.members;
    result = replacedDevice(result, id, member);
    result = { ...result, disks: result.disks.map((disk) => plainPartition(disk, member)) };
    for (const name of [id, ...linksOf(array)]) now.set(name, member);
    lines.push(`${id} was RAID1, and becomes plain ${member}`);
  }
  return { layout: result, replaced: now, changes: [...changes, ...lines] };
}

/** Whether all that is on a device is on another one too, or nothing is. */
export function isSpareable(layout: Layout, id: DeviceId): boolean {
  const partition = partitionsOf(layout).find((one) => one.id === id);
  if (isImaged(layout, id)) return false;
  const array = layout.stack.find((stacked) => stacked.kind === "array" && [...stacked.members, ...stacked.spares].includes(id));
  if (array?.kind === "array") return array.spares.includes(id) || (array.level === "raid1" && array.members.length > 1);
  const fileSystem = layout.fileSystems.find(
    ({ device, parameters }) => device === id || (parameters.kind === "btrfs" && parameters.devices.includes(id)),
  );
  if (fileSystem?.parameters.kind === "btrfs") return isMirrored(fileSystem);
  if (isSwap(layout, id)) return true;
  const isMounted = layout.mounts.some(({ device }) => device === id);
  const isTwinEsp = partition !== undefined && ESP_TYPES.has(partition.type) && !isMounted;
  const isBare = partition !== undefined && (BARE_TYPES.has(partition.type) || partition.role === "extended");
  return isTwinEsp || isBare;
}

export function isSwap({ swaps }: Layout, id: DeviceId): boolean {
  return swaps.some(({ kind, place }) => kind === "partition" && place === id);
}

/** What profiles do with; RAID1 of one device is what is made without mirrors. */
const LEAST_DEVICES: ReadonlyMap<string, number> = new Map([
  ["raid1", 1],
  ["raid1c3", 3],
  ["raid1c4", 4],
]);

function isMirrored({ parameters }: FileSystem): boolean {
  if (parameters.kind !== "btrfs" || parameters.devices.length < 2) return false;
  const left = parameters.devices.length - 1;
  return [parameters.dataProfile, parameters.metadataProfile].every((profile) => left >= (LEAST_DEVICES.get(profile ?? "") ?? Infinity));
}

function withoutMembers(stacked: StackedDevice, gone: ReadonlySet<DeviceId>): StackedDevice {
  if (stacked.kind !== "array" || ![...stacked.members, ...stacked.spares].some((id) => gone.has(id))) return stacked;
  const members = stacked.members.filter((id) => !gone.has(id));
  const lost = stacked.members.length - members.length;
  const { shape } = stacked;
  return {
    ...stacked,
    members,
    spares: stacked.spares.filter((id) => !gone.has(id)),
    shape: shape === undefined ? undefined : { ...shape, deviceCount: shape.deviceCount - lost },
  };
}

/** On one device nothing is mirrored; metadata is kept twice there, as mkfs.btrfs does by itself. */
function onFewerDevices(fileSystem: FileSystem, gone: ReadonlySet<DeviceId>): readonly FileSystem[] {
  const { parameters } = fileSystem;
  if (parameters.kind !== "btrfs") return gone.has(fileSystem.device) ? [] : [fileSystem];
  const devices = parameters.devices.filter((id) => !gone.has(id));
  const [first] = devices;
  if (first === undefined) return [];
  if (devices.length === parameters.devices.length) return [fileSystem];
  const profiles = devices.length === 1 ? { dataProfile: "single", metadataProfile: "dup" } : {};
  return [{ ...fileSystem, device: first, parameters: { ...parameters, ...profiles, devices } }];
}

/** Whether the devices that are left hold the data that all of them held. A device whose size is not known has no room. */
function hasRoom(layout: Layout, fileSystem: FileSystem): boolean {
  const { parameters } = fileSystem;
  if (parameters.kind !== "btrfs") return true;
  const least = leastBtrfsBytes(fileSystem, parameters);
  return parameters.devices.every((id) => (deviceBytes(layout, id) ?? 0) >= least);
}

/** A btrfs is named by any of its devices: where that is left out, by the first that is not. */
function movedDevices(layout: Layout, left: readonly FileSystem[], gone: ReadonlySet<DeviceId>): ReadonlyMap<DeviceId, DeviceId> {
  return new Map(
    layout.fileSystems.flatMap(({ parameters }) => {
      const devices = parameters.kind === "btrfs" ? parameters.devices : [];
      const now = devices.find((id) => !gone.has(id));
      if (now === undefined || !left.some((one) => one.device === now)) return [];
      return devices.filter((id) => gone.has(id)).map((id) => [id, now] as const);
    }),
  );
}

/** Below /dev: those that are made of the partition's own UUID and name, which go with it. A name that another has too still leads somewhere. */
export function partitionLinks(layout: Layout, id: DeviceId): readonly string[] {
  const partitions = partitionsOf(layout);
  const own = partitions.find((one) => one.id === id);
  if (own === undefined) return [];
  const isOnly = own.label !== undefined && own.label !== "" && partitions.filter(({ label }) => label === own.label).length === 1;
  return [...(own.uuid === undefined ? [] : [`disk/by-partuuid/${own.uuid}`]), ...(isOnly ? [`disk/by-partlabel/${own.label}`] : [])];
}

/** What had moved there before moves on. */
export function movedOn(replaced: Reduced["replaced"], old: DeviceId, now: DeviceId): Reduced["replaced"] {
  return new Map([...[...replaced].map(([from, place]) => [from, place === old ? now : place] as const), [old, now] as const]);
}

/** All that stood on the one stands on the other. */
export function replacedDevice(layout: Layout, old: DeviceId, now: DeviceId): Layout {
  const id = (device: DeviceId) => (device === old ? now : device);
  return {
    ...layout,
    stack: layout.stack.filter((stacked) => stacked.id !== old).map((stacked) => onOther(stacked, id)),
    fileSystems: layout.fileSystems.map((one) => ({ ...one, device: id(one.device), parameters: withDevices(one, id) })),
    swaps: layout.swaps.map((swap) => (swap.kind === "partition" ? { ...swap, place: id(swap.place) } : swap)),
    mounts: layout.mounts.map((mount) => ({ ...mount, device: id(mount.device) })),
    images: layout.images.map((image) => ({ ...image, device: id(image.device) })),
  };
}

function withDevices({ parameters }: FileSystem, id: (device: DeviceId) => DeviceId): FileSystem["parameters"] {
  return parameters.kind === "btrfs" ? { ...parameters, devices: parameters.devices.map(id) } : parameters;
}

function plainPartition(disk: Disk, id: DeviceId): Disk {
  if (disk.table === undefined) return disk;
  const partitions = disk.table.partitions.map((partition) => {
    return partition.id === id ? { ...partition, type: MEMBER_TYPES.get(partition.type) ?? partition.type } : partition;
  });
  return { ...disk, table: { ...disk.table, partitions } };
}

function onOther(stacked: StackedDevice, id: (device: DeviceId) => DeviceId): StackedDevice {
  switch (stacked.kind) {
    case "array":
      return { ...stacked, members: stacked.members.map(id), spares: stacked.spares.map(id) };
    case "volume-group":
      return { ...stacked, physicalVolumes: stacked.physicalVolumes.map((one) => ({ ...one, device: id(one.device) })) };
    case "logical-volume":
      return { ...stacked, form: formOn(stacked.form, id) };
    case "luks":
      return { ...stacked, device: id(stacked.device) };
    case "other":
      return { ...stacked, on: stacked.on.map(id) };
  }
}

function formOn(form: Extract<StackedDevice, { kind: "logical-volume" }>["form"], id: (device: DeviceId) => DeviceId) {
  switch (form.type) {
    case "segments":
      return { ...form, segments: form.segments.map((segment) => ({ ...segment, on: segment.on.map(id) })) };
    case "raid":
    case "thin-pool":
      return { ...form, on: form.on.map(id) };
    case "thin":
    case "other":
      return form;
  }
}
