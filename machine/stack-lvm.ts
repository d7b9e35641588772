// LVM's groups and volumes in the model's shapes.

import type { LayoutDevice } from "./layout-devices.ts";
import { volumeNames } from "./lvm-names.ts";
import type { DeviceId } from "./model.ts";
import type { LvmReport, ReportedGroup, ReportedSegment, ReportedVolume } from "./parse-lvm.ts";
import type { LogicalVolume, StackedDevice, VolumeForm, VolumeGroup } from "./stacked-device.ts";

export interface StackItem {
  readonly on: readonly DeviceId[];
  readonly value: StackedDevice;
}

/** Groups that have anything on these devices, with their volumes, active or not; without a report, what is active. */
export function lvmItems(devices: readonly LayoutDevice[], report: LvmReport | undefined): readonly StackItem[] {
  const volumes = devices.filter(({ device }) => device.type === "lvm");
  const active = new Set(volumes.flatMap(({ device }) => groupOf(device.path) ?? []));
  const reportedGroups = report?.groups ?? [];
  const unknown = [...active].filter((name) => !reportedGroups.some((group) => group.name === name));
  return [
    ...unknown.flatMap((name) => unreported(name, volumes)),
    ...reportedGroups.flatMap((group) => (report === undefined ? [] : reported(group, { devices, report, active }))),
  ];
}

function groupOf(path: string): string | undefined {
  return volumeNames(path.replace(/^\/dev\/mapper\//, ""))?.group;
}

const NOT_TOLD = "LVM's programs (package lvm2) did not tell how it is made";

/** lsblk shows no groups, and does not say how volumes lie. */
function unreported(name: string, active: readonly LayoutDevice[]): readonly StackItem[] {
  const volumes = active.filter(({ device }) => groupOf(device.path) === name);
  const isVolume = new Set(active.map(({ id }) => id));
  const below = [...new Set(volumes.flatMap(({ on }) => on).filter((id) => !isVolume.has(id)))];
  const physicalVolumes = below.map((device) => ({ device, uuid: undefined, startBytes: 0, extents: 0, allocatable: true }));
  const group: VolumeGroup = {
    kind: "volume-group",
    id: name,
    uuid: undefined,
    extentBytes: 0,
    physicalVolumes,
    tags: [],
    problem: NOT_TOLD,
  };
  return [
    { on: below, value: group },
    ...volumes.map(({ id, on, device: { sizeBytes } }): StackItem => {
      const form: VolumeForm = { type: "other", word: "of an unknown form" };
      return {
        on: [name, ...on],
        value: { kind: "logical-volume", id, uuid: undefined, volumeGroup: name, sizeBytes, form, tags: [] },
      };
    }),
  ];
}

interface Found {
  readonly devices: readonly LayoutDevice[];
  readonly report: LvmReport;
  /** Groups of which a volume is there. */
  readonly active: ReadonlySet<string>;
}

function reported(group: ReportedGroup, { devices, report, active }: Found): readonly StackItem[] {
  const own = report.physicalVolumes.filter((physical) => physical.group === group.name);
  const idOf = new Map(own.map(({ path, uuid }) => [path, deviceOf(path, uuid, devices)] as const));
  const physicalVolumes = own.map(({ path, uuid, startBytes, extents, isAllocatable }) => {
    return { device: idOf.get(path) ?? path, uuid, startBytes, extents, allocatable: isAllocatable };
  });
  if (!active.has(group.name) && [...idOf.values()].every((id) => id === undefined)) return [];
  const inside = report.volumes.filter((volume) => volume.group === group.name);
  const value: VolumeGroup = {
    kind: "volume-group",
    id: group.name,
    uuid: group.uuid,
    extentBytes: group.extentBytes,
    physicalVolumes,
    tags: group.tags,
    problem: groupProblem(group, inside.length === 0 || active.has(group.name)),
  };
  const volumes = inside.filter(({ isHidden }) => !isHidden);
  return [
    { on: physicalVolumes.map(({ device }) => device), value },
    ...volumes.map((volume): StackItem => {
      const form = formOf(volume, (path) => idOf.get(path) ?? path, inside);
      const { name, uuid, sizeBytes, tags } = volume;
      const made: LogicalVolume = {
        kind: "logical-volume",
        id: `${group.name}/${name}`,
        uuid,
        volumeGroup: group.name,
        sizeBytes,
        form,
        tags,
      };
      return { on: [group.name, ...(form.type === "thin" ? [form.pool] : [])], value: made };
    }),
  ];
}

function groupProblem({ isPartial, isShared, isExported }: ReportedGroup, isActive: boolean): string | undefined {
  if (isPartial) return "a physical volume of it is missing";
  if (isShared) return "machines of a cluster share it";
  if (isExported) return "it is exported";
  return isActive ? undefined : "none of its volumes is active";
}

/** LVM may know a device by another of its names. */
function deviceOf(path: string, uuid: string, devices: readonly LayoutDevice[]): DeviceId | undefined {
  const found = devices.find(({ device }) => device.uuid === uuid) ?? devices.find(({ device }) => device.path === path);
  return found?.id;
}

type IdOf = (path: string) => DeviceId;

const RAID = /^(?:raid[014]|raid[56]\w*|raid10\w*|mirror)$/;

function formOf(volume: ReportedVolume, idOf: IdOf, inside: readonly ReportedVolume[]): VolumeForm {
  const { group, segments } = volume;
  const [first] = segments;
  if (first === undefined) return { type: "other", word: "without segments" };
  const on = placesOf(volume, idOf, inside);
  if (first.type === "thin") {
    if (first.pool === undefined) return { type: "other", word: "thin, of no pool" };
    return { type: "thin", pool: `${group}/${first.pool}`, origin: first.origin === undefined ? undefined : `${group}/${first.origin}` };
  }
  if (first.origin !== undefined) return { type: "other", word: "snapshot" };
  if (first.type === "thin-pool") return poolForm(volume, first, { on, idOf, inside });
  if (RAID.test(first.type) && segments.length === 1) return raidForm(first, on);
  if (segments.every(({ type }) => type === "linear" || type === "striped")) {
    return {
      type: "segments",
      segments: segments.map(({ extents, stripes, stripeBytes, devices }) => {
        return { extents, stripes, stripeBytes: stripes > 1 ? stripeBytes : undefined, on: devices.map(idOf) };
      }),
    };
  }
  return { type: "other", word: [...new Set(segments.map(({ type }) => type))].join(" and ") };
}

function raidForm({ type, stripes, stripeBytes, regionBytes }: ReportedSegment, on: readonly DeviceId[]): VolumeForm {
  const { dataStripes, copies } = raidCounts(type, stripes);
  const isMirror = dataStripes === 1;
  return { type: "raid", level: type, dataStripes, copies, stripeBytes: isMirror ? undefined : stripeBytes, regionBytes, on };
}

/** lvmraid(7): what of all images holds data. */
function raidCounts(level: string, images: number): { readonly dataStripes: number; readonly copies: number } {
  if (level === "raid1" || level === "mirror") return { dataStripes: 1, copies: images };
  if (level.startsWith("raid10")) return { dataStripes: Math.floor(images / 2), copies: 2 };
  const parity = level.startsWith("raid6") ? 2 : level === "raid0" ? 0 : 1;
  return { dataStripes: images - parity, copies: 1 };
}

interface Surroundings {
  readonly on: readonly DeviceId[];
  readonly idOf: IdOf;
  readonly inside: readonly ReportedVolume[];
}

/** A pool may be on volumes of any form; only those on plain ones are made again. */
function poolForm({ name }: ReportedVolume, segment: ReportedSegment, { on, idOf, inside }: Surroundings): VolumeForm {
  const data = inside.find(({ name }) => name === segment.devices[0]);
  const word = data?.segments.find(({ type }) => type !== "linear")?.type;
  if (word !== undefined) return { type: "other", word: `thin-pool on ${word}` };
  // lvmthin(7): the pool's metadata, and room for a copy that a repair would need, which all pools of the group share.
  const metadata = inside.filter((volume) => volume.isHidden && (volume.name === `${name}_tmeta` || volume.name.endsWith("_pmspare")));
  return {
    type: "thin-pool",
    chunkBytes: segment.chunkBytes ?? 0,
    metadataBytes: segment.metadataBytes ?? 0,
    zero: segment.zero,
    discards: segment.discards ?? "passdown",
    on: [...new Set([...on, ...metadata.flatMap((volume) => placesOf(volume, idOf, inside))])],
  };
}

/** The physical volumes below it, through the volumes inside. */
function placesOf({ segments }: ReportedVolume, idOf: IdOf, inside: readonly ReportedVolume[]): readonly DeviceId[] {
  const places = segments.flatMap(({ devices }) =>
    devices.flatMap((device) => {
      if (device.startsWith("/")) return [idOf(device)];
      const part = inside.find(({ name }) => name === device);
      return part === undefined ? [] : placesOf(part, idOf, inside);
    }),
  );
  return [...new Set(places)];
}
