// EFI system partitions: the one that is mounted, on several disks where it is mirrored, and copies of it that nothing mounts.

import { isImaged } from "../machine/device-image.ts";
import { below } from "../machine/own-layout.ts";
import type { DeviceId, EfiLoader, Layout, MountPoint, Partition } from "../machine/model.ts";
import { ESP_TYPES } from "./partition-types.ts";

export interface PlacedPartition {
  readonly diskId: DeviceId;
  readonly partition: Partition;
}

/** The partitions that `device` is, or that it is an array of. */
export function partitionsBelow(layout: Layout, device: DeviceId): readonly PlacedPartition[] {
  const ids = new Set(below(layout, device));
  return placedPartitions(layout).filter(({ partition }) => ids.has(partition.id));
}

/** Beside the mounted one: administrators and installers keep a copy on a second disk, for the day on which the first is gone. */
export function twinEsps(layout: Layout, mounted: DeviceId): readonly PlacedPartition[] {
  const own = new Set(below(layout, mounted));
  const isVfat = (id: DeviceId) => layout.fileSystems.some(({ device, type }) => device === id && type === "vfat");
  const isSaved = (id: DeviceId) => layout.mounts.some(({ device }) => device === id) || isImaged(layout, id);
  return placedPartitions(layout).filter(
    ({ partition: { id, type } }) => ESP_TYPES.has(type) && !own.has(id) && isVfat(id) && !isSaved(id),
  );
}

/** The loader's own first. */
export function mountedEsps(layout: Layout, { mountPoint }: Pick<EfiLoader, "mountPoint">): readonly MountPoint[] {
  const isEsp = (device: DeviceId) => partitionsBelow(layout, device).some(({ partition }) => ESP_TYPES.has(partition.type));
  const own = layout.mounts.filter(({ path }) => path === mountPoint);
  return [...own, ...layout.mounts.filter((mount) => !own.includes(mount) && mount.type === "vfat" && isEsp(mount.device))];
}

function placedPartitions({ disks }: Layout): readonly PlacedPartition[] {
  return disks.flatMap(({ id, table }) => (table?.partitions ?? []).map((partition) => ({ diskId: id, partition })));
}
