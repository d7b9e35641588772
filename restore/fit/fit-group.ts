// A volume group on physical volumes of other sizes: on one, its volumes share out what there is; on several they stay as they are. Pure.

import type { DeviceId, Layout } from "../../machine/model.ts";
import { deviceBytes, groupsOf, volumesIn } from "../../machine/own-layout.ts";
import type { LogicalVolume, StackedDevice, VolumeForm, VolumeGroup } from "../../machine/stacked-device.ts";
import { deviceNeed, extentCount, leastExtents, poolExtents, SLACK_EXTENTS, usedExtents, volumesOf } from "./least-size.ts";
import { shareOut, sum } from "./share-out.ts";

export type FittedGroup =
  | { readonly fits: true; readonly devices: readonly StackedDevice[] }
  | { readonly fits: false; readonly problem: string };

/** `sizes` are those of the devices below. The group comes first, thin volumes after their pools. */
export function fitGroup(layout: Layout, group: VolumeGroup, sizes: ReadonlyMap<DeviceId, number>): FittedGroup {
  const volumes = volumesIn(layout, group);
  const physicalVolumes = group.physicalVolumes.map((physical) => {
    const [now, before] = [sizes.get(physical.device), deviceBytes(layout, physical.device)];
    if (now === undefined || now === before) return physical;
    const extents = extentsOf(now, physical, group);
    // A device that is larger by less than an extent holds what it held.
    return { ...physical, extents: before !== undefined && now > before ? Math.max(physical.extents, extents) : extents };
  });
  if (physicalVolumes.every(({ extents }, index) => extents === group.physicalVolumes[index]!.extents)) {
    return { fits: true, devices: [group, ...volumes] };
  }
  const fitted = { ...group, physicalVolumes };
  if (physicalVolumes.length > 1) return fitInPlace(layout, fitted, volumes);
  const solid = volumesOf(layout, group);
  const counts = countsFor(layout, solid, fitted);
  if (typeof counts === "string") return { fits: false, problem: counts };
  const byId = new Map(solid.map(({ id }, index) => [id, counts[index]!]));
  return { fits: true, devices: [fitted, ...volumes.map((volume) => resizedVolume(volume, byId.get(volume.id), fitted))] };
}

/** Each physical volume must hold what it held; what is left over stays free in the group. */
function fitInPlace(layout: Layout, group: VolumeGroup, volumes: readonly LogicalVolume[]): FittedGroup {
  for (const { device, extents } of group.physicalVolumes) {
    const missing = usedExtents(layout, group, device) - extents;
    if (missing > 0)
      return { fits: false, problem: `volume group ${group.id} needs ${missing * group.extentBytes} bytes more on ${device}` };
  }
  return { fits: true, devices: [group, ...volumes] };
}

function extentsOf(sizeBytes: number, { startBytes }: { readonly startBytes: number }, { extentBytes }: VolumeGroup): number {
  return Math.max(0, Math.floor((sizeBytes - startBytes) / extentBytes) - SLACK_EXTENTS);
}

/** New numbers of extents for volumes, or why there are too few. */
function countsFor(layout: Layout, volumes: readonly LogicalVolume[], group: VolumeGroup): readonly number[] | string {
  const own = poolExtents(layout, group);
  const room = sum(group.physicalVolumes.map(({ extents }) => extents)) - own;
  const claims = volumes.map((volume) => {
    const count = extentCount(volume, group);
    const isFixed = volume.form.type !== "thin-pool" && deviceNeed(layout, volume.id, volume.sizeBytes).isFixed;
    return isFixed ? { leastBytes: count, weight: 0 } : { leastBytes: leastExtents(layout, volume, group), weight: count };
  });
  const before = sum(
    groupsOf(layout)
      .flatMap(({ id, physicalVolumes }) => (id === group.id ? physicalVolumes : []))
      .map(({ extents }) => extents),
  );
  const free = { leastBytes: 0, weight: Math.max(0, before - own - sum(volumes.map((volume) => extentCount(volume, group)))) };
  const shared = shareOut([...claims, free], room, 1);
  if (shared !== undefined) return shared.slice(0, volumes.length);
  const missing = sum(claims.map(({ leastBytes }) => leastBytes)) - room;
  return `volume group ${group.id} needs ${missing * group.extentBytes} bytes more`;
}

/** Thin volumes are as large as they were: they take only what is written. */
function resizedVolume(volume: LogicalVolume, extents: number | undefined, group: VolumeGroup): LogicalVolume {
  if (extents === undefined || extents === extentCount(volume, group)) return volume;
  return { ...volume, sizeBytes: extents * group.extentBytes, form: resizedForm(volume.form, extents) };
}

/** In one piece. */
function resizedForm(form: VolumeForm, extents: number): VolumeForm {
  const [first] = form.type === "segments" ? form.segments : [];
  return first === undefined ? form : { type: "segments", segments: [{ ...first, extents }] };
}
