// A volume group on physical volumes of other sizes: its volumes share out what there is. Pure.

import type { DeviceId, Layout } from "../../machine/model.ts";
import type { LogicalVolume, StackedDevice, VolumeForm, VolumeGroup } from "../../machine/stacked-device.ts";
import { deviceNeed, leastExtents, shareOn, volumesOf } from "./least-size.ts";
import { shareOut, sum } from "./share-out.ts";

export type FittedGroup =
  | { readonly fits: true; readonly devices: readonly StackedDevice[] }
  | { readonly fits: false; readonly problem: string };

/** What an array or LUKS rounds off, and nobody can reckon to the byte. */
const SLACK_EXTENTS = 1;

/** `sizes` are those of the devices below. The group comes first, thin volumes after their pools. */
export function fitGroup(layout: Layout, group: VolumeGroup, sizes: ReadonlyMap<DeviceId, number>): FittedGroup {
  const volumes = layout.stack.filter(
    (stacked): stacked is LogicalVolume => stacked.kind === "logical-volume" && stacked.volumeGroup === group.id,
  );
  const physicalVolumes = group.physicalVolumes.map((physical) => {
    const now = sizes.get(physical.device);
    return now === undefined || now === sizeBefore(layout, physical.device)
      ? physical
      : { ...physical, extents: extentsOf(now, physical, group) };
  });
  const isSame = physicalVolumes.every(({ extents }, index) => extents === group.physicalVolumes[index]!.extents);
  if (isSame) return { fits: true, devices: [group, ...volumes] };
  const fitted = { ...group, physicalVolumes };
  const solid = volumesOf(layout, group);
  const counts = countsFor(layout, solid, { before: group, now: fitted });
  if (typeof counts === "string") return { fits: false, problem: counts };
  const byId = new Map(solid.map(({ id }, index) => [id, counts[index]!]));
  return { fits: true, devices: [fitted, ...volumes.map((volume) => resizedVolume(volume, byId.get(volume.id), fitted))] };
}

function sizeBefore({ disks, stack }: Layout, id: DeviceId): number | undefined {
  for (const disk of disks) {
    const partition = disk.table?.partitions.find((candidate) => candidate.id === id);
    if (partition !== undefined) return partition.sizeSectors * disk.logicalSectorBytes;
    if (disk.id === id) return disk.sizeBytes;
  }
  const stacked = stack.find((candidate) => candidate.id === id);
  return stacked === undefined || stacked.kind === "volume-group" ? undefined : stacked.sizeBytes;
}

function extentsOf(sizeBytes: number, { startBytes }: { readonly startBytes: number }, { extentBytes }: VolumeGroup): number {
  return Math.max(0, Math.floor((sizeBytes - startBytes) / extentBytes) - SLACK_EXTENTS);
}

interface Groups {
  readonly before: VolumeGroup;
  readonly now: VolumeGroup;
}

/**
 * New numbers of extents for volumes. The physical volume that has lost most sets the measure for all: then each volume's pieces still have
 * their places, copies on disks of their own among them.
 */
function countsFor(layout: Layout, volumes: readonly LogicalVolume[], { before, now }: Groups): readonly number[] | string {
  const rooms = now.physicalVolumes.map(({ device, extents }, index) => {
    const was = before.physicalVolumes[index]!.extents;
    const used = sum(volumes.map((volume) => extentCount(volume, before) * shareOn(volume, device)));
    return { device, extents, was, used };
  });
  const tightest = rooms
    .filter(({ used }) => used > 0)
    .reduce<(typeof rooms)[number] | undefined>(
      (best, room) => (best === undefined || room.extents / room.was < best.extents / best.was ? room : best),
      undefined,
    );
  if (tightest === undefined) return volumes.map((volume) => extentCount(volume, before));
  const here = volumes.map((volume) => shareOn(volume, tightest.device));
  const claims = volumes.map((volume, index) => {
    const { isFixed } = volumeNeed(layout, volume);
    const count = extentCount(volume, before);
    const least = isFixed ? count : leastExtents(layout, volume, before);
    // Those that are not on it take the same measure, by the room that they would need there.
    const share = here[index]! > 0 ? here[index]! : 1;
    return { leastBytes: here[index]! > 0 ? Math.ceil(least * share) : 0, weight: isFixed || here[index] === 0 ? 0 : count * share };
  });
  const free = { leastBytes: 0, weight: Math.max(0, tightest.was - tightest.used) };
  const shared = shareOut([...claims, free], tightest.extents, 1);
  if (shared === undefined) {
    const missing = sum(claims.map(({ leastBytes }) => leastBytes)) - tightest.extents;
    return `volume group ${before.id} needs ${missing * before.extentBytes} bytes more on ${tightest.device}`;
  }
  const rate = tightest.extents / tightest.was;
  return volumes.map((volume, index) => {
    const share = here[index]!;
    if (share > 0) return Math.floor(shared[index]! / share);
    const count = extentCount(volume, before);
    return volumeNeed(layout, volume).isFixed ? count : Math.max(leastExtents(layout, volume, before), Math.floor(count * rate));
  });
}

/** Swap, and what nobody knows, keep their sizes; pools do not. */
function volumeNeed(layout: Layout, volume: LogicalVolume) {
  return volume.form.type === "thin-pool" ? { isFixed: false } : deviceNeed(layout, volume.id, volume.sizeBytes);
}

function extentCount({ sizeBytes }: LogicalVolume, { extentBytes }: VolumeGroup): number {
  return Math.ceil(sizeBytes / extentBytes);
}

/** Thin volumes are as large as they were: they take only what is written. */
function resizedVolume(volume: LogicalVolume, extents: number | undefined, { extentBytes }: VolumeGroup): LogicalVolume {
  if (extents === undefined || extents === extentCount(volume, { extentBytes } as VolumeGroup)) return volume;
  const whole = Math.max(1, extents - (extents % dividedInto(volume.form)));
  return { ...volume, sizeBytes: whole * extentBytes, form: resizedForm(volume.form, whole) };
}

/** Each stripe has as many extents. */
function dividedInto(form: VolumeForm): number {
  if (form.type === "raid") return form.dataStripes;
  return form.type === "segments" ? Math.max(1, ...form.segments.map(({ stripes }) => stripes)) : 1;
}

/** In one piece, wherever there is room on the same physical volumes. */
function resizedForm(form: VolumeForm, extents: number): VolumeForm {
  if (form.type !== "segments") return form;
  const widest = [...form.segments].sort((a, b) => b.stripes - a.stripes)[0];
  if (widest === undefined) return form;
  const on = [...new Set(form.segments.flatMap((segment) => segment.on))];
  return { type: "segments", segments: [{ ...widest, extents, on }] };
}
