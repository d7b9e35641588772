// The part of a layout that a set brings back: disks that carry something of this machine. Others are left alone, then and later.

import type { DeviceId, Disk, Layout, Machine, MountPoint, Partition } from "./model.ts";
import type { LogicalVolume, VolumeGroup } from "./stacked-device.ts";

export interface OwnLayout {
  readonly machine: Machine;
  /** Disks that are no part of it, with the reason. */
  readonly leftOut: readonly { readonly disk: Disk; readonly reason: string }[];
}

/** `isTaken` says for a mount point whether its files are in the set, `isExcluded` for a device whether the user leaves it out. */
export function ownLayout(
  machine: Machine,
  isTaken: (path: string) => boolean,
  isExcluded: (device: DeviceId) => boolean = () => false,
): OwnLayout {
  const { layout } = machine;
  const mounts = layout.mounts.filter(({ path }) => isTaken(path));
  const used = usedDevices({ ...layout, mounts, swaps: layout.swaps.filter(({ place }) => !isExcluded(place)) });
  const isUsed = (disk: Disk) => devicesOn(disk).some((device) => used.has(device));
  const disks = layout.disks.filter(isUsed);
  const kept = new Set([...disks.flatMap(devicesOn), ...used]);
  // What stands on disks that are made again is made again too, mounted or not.
  const stack = layout.stack.filter((stacked) => {
    const on = standsOn(layout, stacked.id);
    const isKept = used.has(stacked.id) || (on.length > 0 && on.every((id) => kept.has(id)));
    if (isKept) kept.add(stacked.id);
    return isKept;
  });
  return {
    machine: {
      ...machine,
      layout: {
        ...layout,
        disks,
        stack,
        fileSystems: layout.fileSystems.filter(({ device }) => kept.has(device)),
        swaps: layout.swaps.filter(({ kind, place }) => kind === "file" || kept.has(place)),
        mounts,
      },
    },
    leftOut: layout.disks.filter((disk) => !isUsed(disk)).map((disk) => ({ disk, reason: reasonFor(disk, layout) })),
  };
}

function reasonFor(disk: Disk, layout: Layout): string {
  const mounted = layout.mounts.filter(({ device }) => below(layout, device).includes(disk.id)).map(({ path }) => `"${path}"`);
  return mounted.length === 0 ? "nothing on it is mounted" : `what is mounted from it is left out: ${mounted.join(", ")}`;
}

/** What is mounted, swapped to or imaged, and all that it stands on. */
export function usedDevices(layout: Layout): ReadonlySet<DeviceId> {
  const swaps = layout.swaps.filter(({ kind }) => kind === "partition").map(({ place }) => place);
  const images = layout.images.map(({ device }) => device);
  return new Set([...layout.mounts.map(({ device }) => device), ...swaps, ...images].flatMap((id) => below(layout, id)));
}

/** Of all disks. */
export function partitionsOf({ disks }: Pick<Layout, "disks">): readonly Partition[] {
  return disks.flatMap(({ table }) => table?.partitions ?? []);
}

export function groupsOf({ stack }: Pick<Layout, "stack">): readonly VolumeGroup[] {
  return stack.filter((stacked): stacked is VolumeGroup => stacked.kind === "volume-group");
}

/** All of a group, thin ones too. */
export function volumesIn({ stack }: Pick<Layout, "stack">, group: Pick<VolumeGroup, "id">): readonly LogicalVolume[] {
  return stack.filter((stacked): stacked is LogicalVolume => stacked.kind === "logical-volume" && stacked.volumeGroup === group.id);
}

/** What is mounted where this absolute path leads. */
export function mountHolding({ mounts }: Pick<Layout, "mounts">, path: string): MountPoint | undefined {
  const holding = mounts.filter((mount) => mount.path === "/" || path === mount.path || path.startsWith(`${mount.path}/`));
  return holding.sort((a, b) => b.path.length - a.path.length)[0];
}

/** The disk and its partitions. */
export function devicesOn(disk: Disk): readonly DeviceId[] {
  return [disk.id, ...(disk.table?.partitions ?? []).map(({ id }) => id)];
}

/** Undefined for a volume group, and for what is not in the layout. */
export function deviceBytes({ disks, stack }: Layout, id: DeviceId): number | undefined {
  for (const disk of disks) {
    if (disk.id === id) return disk.sizeBytes;
    const partition = disk.table?.partitions.find((candidate) => candidate.id === id);
    if (partition !== undefined) return partition.sizeSectors * disk.logicalSectorBytes;
  }
  const stacked = stack.find((candidate) => candidate.id === id);
  return stacked === undefined || stacked.kind === "volume-group" ? undefined : stacked.sizeBytes;
}

/** The device and all that it stands on, down to the disks. */
export function below(layout: Layout, device: DeviceId): readonly DeviceId[] {
  const found = new Set<DeviceId>();
  const add = (id: DeviceId): void => {
    if (found.has(id)) return;
    found.add(id);
    for (const next of [...standsOn(layout, id), ...poolOf(layout, id)]) add(next);
  };
  add(device);
  return [...found];
}

/** All devices of the file system on this one. */
function poolOf({ fileSystems }: Layout, id: DeviceId): readonly DeviceId[] {
  const parameters = fileSystems.find(({ device }) => device === id)?.parameters;
  return parameters?.kind === "btrfs" ? parameters.devices : [];
}

export function standsOn(layout: Layout, id: DeviceId): readonly DeviceId[] {
  const disk = layout.disks.find(({ table }) => table?.partitions.some((partition) => partition.id === id));
  if (disk !== undefined) return [disk.id];
  const stacked = layout.stack.find((device) => device.id === id);
  switch (stacked?.kind) {
    case "array":
      return [...stacked.members, ...stacked.spares];
    case "volume-group":
      return stacked.physicalVolumes.map(({ device }) => device);
    case "logical-volume":
      return stacked.form.type === "thin" ? [stacked.form.pool, stacked.volumeGroup] : [stacked.volumeGroup];
    case "luks":
      return [stacked.device];
    case "other":
      return stacked.on;
    case undefined:
      return [];
  }
}
