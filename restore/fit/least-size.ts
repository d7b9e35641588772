// How small each device of a layout may become: from what is on it upwards, through LVM, LUKS and arrays, down to the partition. Pure.

import type { DeviceId, Layout } from "../../machine/model.ts";
import { standsOn, volumesIn } from "../../machine/own-layout.ts";
import type { LogicalVolume, RaidArray, VolumeGroup } from "../../machine/stacked-device.ts";
import { dataMembers } from "../array-levels.ts";
import { leastFileSystemBytes } from "./file-system-size.ts";
import { sum } from "./share-out.ts";

const MIB = 2 ** 20;

export interface DeviceNeed {
  readonly leastBytes: number;
  /** It keeps its size whatever room there is: swap, boot and EFI system partitions, and what nobody knows. */
  readonly isFixed: boolean;
}

/** `sizeBytes` is what the device has: with as much, everything is as it was. */
export function deviceNeed(layout: Layout, id: DeviceId, sizeBytes: number): DeviceNeed {
  const { leastBytes, isFixed } = ownNeed(layout, id, sizeBytes);
  return { leastBytes: Math.min(leastBytes, sizeBytes), isFixed };
}

function ownNeed(layout: Layout, id: DeviceId, sizeBytes: number): DeviceNeed {
  const fileSystem = layout.fileSystems.find(({ device, parameters }) =>
    parameters.kind === "btrfs" ? parameters.devices.includes(id) : device === id,
  );
  if (fileSystem !== undefined) {
    const leastBytes = leastFileSystemBytes(fileSystem);
    const isBoot = layout.mounts.some(({ device, path }) => device === fileSystem.device && BOOT_PATHS.has(path));
    const isFixed = isBoot || fileSystem.parameters.kind === "vfat" || fileSystem.parameters.kind === "unknown";
    return isFixed ? fixed(sizeBytes) : { leastBytes, isFixed };
  }
  const above = layout.stack.find((stacked) => standsOn(layout, stacked.id).includes(id));
  if (above === undefined) return fixed(sizeBytes);
  switch (above.kind) {
    case "array":
      return memberNeed(layout, above);
    case "luks": {
      const need = deviceNeed(layout, above.id, above.sizeBytes);
      return { ...need, leastBytes: need.leastBytes + (above.header?.dataOffsetBytes ?? 0) };
    }
    case "volume-group":
      return physicalNeed(layout, above, id);
    case "logical-volume":
    case "other":
      return fixed(sizeBytes);
  }
}

const BOOT_PATHS: ReadonlySet<string> = new Set(["/boot", "/boot/efi", "/efi"]);

function fixed(sizeBytes: number): DeviceNeed {
  return { leastBytes: sizeBytes, isFixed: true };
}

/** Superblocks at the end, and rounding to chunks. */
const ARRAY_OWN_BYTES = MIB;

function memberNeed(layout: Layout, array: RaidArray): DeviceNeed {
  const { leastBytes, isFixed } = deviceNeed(layout, array.id, array.sizeBytes);
  const own = (array.shape?.dataOffsetBytes ?? 0) + ARRAY_OWN_BYTES;
  return { leastBytes: leastBytes / dataMembers(array) + own, isFixed };
}

/** What an array or LUKS rounds off a physical volume, and nobody can reckon to the byte. */
export const SLACK_EXTENTS = 1;

/**
 * What of a group lies on one of its physical volumes. Volumes of a group on several are not made smaller: which piece of which may lie where
 * would have to be found out anew.
 */
function physicalNeed(layout: Layout, group: VolumeGroup, id: DeviceId): DeviceNeed {
  const startBytes = group.physicalVolumes.find(({ device }) => device === id)?.startBytes ?? MIB;
  const extents = group.physicalVolumes.length > 1 ? usedExtents(layout, group, id) : leastGroupExtents(layout, group);
  return { leastBytes: startBytes + (extents + SLACK_EXTENTS) * group.extentBytes, isFixed: false };
}

/** On a physical volume as it is. */
export function usedExtents(layout: Layout, group: VolumeGroup, id: DeviceId): number {
  const volumes = volumesOf(layout, group);
  return Math.ceil(sum(volumes.map((volume) => extentCount(volume, group) * shareOn(volume, id)))) + poolExtents(layout, group);
}

/** Of a group on one physical volume. */
function leastGroupExtents(layout: Layout, group: VolumeGroup): number {
  return sum(volumesOf(layout, group).map((volume) => leastExtents(layout, volume, group))) + poolExtents(layout, group);
}

/** For the metadata of thin pools, which stays as large as it is, and once more for the largest, as LVM keeps a spare. */
export function poolExtents(layout: Layout, group: VolumeGroup): number {
  const sizes = volumesOf(layout, group).flatMap(({ form }) =>
    form.type === "thin-pool" ? [Math.ceil(form.metadataBytes / group.extentBytes)] : [],
  );
  return sum(sizes) + Math.max(0, ...sizes);
}

export function extentCount({ sizeBytes }: LogicalVolume, { extentBytes }: VolumeGroup): number {
  return Math.ceil(sizeBytes / extentBytes);
}

/** Those that take room of their own: thin ones are in their pool. */
export function volumesOf(layout: Layout, group: VolumeGroup): readonly LogicalVolume[] {
  return volumesIn(layout, group).filter(({ form }) => form.type !== "thin");
}

/** Of the volume as its user sees it. */
export function leastExtents(layout: Layout, volume: LogicalVolume, { extentBytes }: VolumeGroup): number {
  return Math.ceil(leastVolumeBytes(layout, volume) / extentBytes);
}

function leastVolumeBytes(layout: Layout, volume: LogicalVolume): number {
  if (volume.form.type !== "thin-pool") return deviceNeed(layout, volume.id, volume.sizeBytes).leastBytes;
  const inside = layout.stack.filter(
    (stacked): stacked is LogicalVolume =>
      stacked.kind === "logical-volume" && stacked.form.type === "thin" && stacked.form.pool === volume.id,
  );
  const needed = sum(inside.map((thin) => deviceNeed(layout, thin.id, thin.sizeBytes).leastBytes));
  return Math.min(volume.sizeBytes, needed);
}

/** Which part of a volume's size lies on a physical volume: 1 for all of it. */
function shareOn({ form }: LogicalVolume, id: DeviceId): number {
  switch (form.type) {
    case "segments": {
      const all = sum(form.segments.map(({ extents }) => extents));
      const here = sum(form.segments.map(({ extents, on }) => (extents * on.filter((device) => device === id).length) / on.length));
      return all === 0 ? 0 : here / all;
    }
    // Each image holds its part of the data, and an extent of what LVM knows of it; parity has images too.
    case "raid":
      return form.on.includes(id) ? 1 / form.dataStripes + RAID_OWN_SHARE : 0;
    // How it lies on them is not told: it may be on either.
    case "thin-pool":
      return form.on.includes(id) ? 1 : 0;
    case "thin":
    case "other":
      return 0;
  }
}

const RAID_OWN_SHARE = 0.01;
