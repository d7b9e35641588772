// One volume group instead of several, when a person wants it: the volumes of the others go into it, and keep their names in it. Pure.

import { mapperName, namesOf, volumeLinks } from "../../machine/lvm-names.ts";
import type { DeviceId, Layout } from "../../machine/model.ts";
import { below, groupsOf, standsOn, volumesIn } from "../../machine/own-layout.ts";
import { inOrder } from "../../machine/stack.ts";
import type { LogicalVolume, PhysicalVolume, VolumeForm, VolumeGroup } from "../../machine/stacked-device.ts";
import { replacedDevice, type Reduced } from "./without-disk.ts";

const KIB = 1024;

export type MergedGroups =
  | { readonly isMerged: true; readonly reduced: Reduced }
  /** One sentence each, which follow a colon. */
  | { readonly isMerged: false; readonly problems: readonly string[] };

/** `groups`: from groups that are no longer made to those that their volumes go into. `kept`: devices that are used as they are. */
export function mergeGroups(layout: Layout, groups: ReadonlyMap<DeviceId, DeviceId>, kept: ReadonlySet<DeviceId>): MergedGroups {
  let reduced: Reduced = { layout, replaced: new Map(), changes: [] };
  const problems: string[] = [];
  for (const [old, now] of groups) {
    const [from, into] = [groupNamed(reduced.layout, old), groupNamed(reduced.layout, now)];
    if (from === undefined || into === undefined || groups.has(now)) problems.push(...nameProblems(layout, { old, now, groups }));
    else {
      const found = problemsBetween(reduced.layout, { from, into, kept });
      problems.push(...found);
      if (found.length === 0) reduced = merged(reduced, from, into);
    }
  }
  return problems.length > 0 ? { isMerged: false, problems } : { isMerged: true, reduced };
}

function groupNamed(layout: Layout, name: string): VolumeGroup | undefined {
  return groupsOf(layout).find(({ id }) => id === name);
}

interface Wish {
  readonly old: DeviceId;
  readonly now: DeviceId;
  readonly groups: ReadonlyMap<DeviceId, DeviceId>;
}

function nameProblems(layout: Layout, { old, now, groups }: Wish): readonly string[] {
  const unknown = [...new Set([old, now])].filter((name) => groupNamed(layout, name) === undefined);
  if (unknown.length > 0) return unknown.map((name) => `the machine has no volume group "${name}"`);
  return [`"${old}" cannot go into "${now}", which goes into "${groups.get(now) ?? ""}" itself`];
}

interface Merge {
  readonly from: VolumeGroup;
  readonly into: VolumeGroup;
  readonly kept: ReadonlySet<DeviceId>;
}

function problemsBetween(layout: Layout, { from, into, kept }: Merge): readonly string[] {
  const refused = (why: string) => `"${from.id}" cannot go into "${into.id}": ${why}`;
  const both = [from, into];
  const taken = new Set(volumesIn(layout, into).map((volume) => namesOf(volume).volume));
  const twins = volumesIn(layout, from)
    .map((volume) => namesOf(volume).volume)
    .filter((name) => taken.has(name));
  const isOn = (upper: VolumeGroup, lower: VolumeGroup) => below(layout, upper.id).includes(lower.id);
  return [
    ...both.filter(({ id }) => kept.has(id)).map(({ id }) => refused(`${id} is used as it is`)),
    ...both.flatMap(({ id, problem }) => (problem === undefined ? [] : [refused(`${id} is not made again, as ${problem}`)])),
    ...(isOn(from, into) || isOn(into, from) ? [refused("one stands on the other")] : []),
    ...(extentsDivide(from, into) ? [] : [refused(`their extents, of ${from.extentBytes} and ${into.extentBytes} bytes, do not divide`)]),
    ...(twins.length === 0 ? [] : [refused(`both have a volume called ${twins.join(", ")}`)]),
  ];
}

function extentsDivide(one: VolumeGroup, other: VolumeGroup): boolean {
  return Math.max(one.extentBytes, other.extentBytes) % Math.min(one.extentBytes, other.extentBytes) === 0;
}

function merged({ layout, replaced, changes }: Reduced, from: VolumeGroup, into: VolumeGroup): Reduced {
  // In the smaller extents each volume is as large as it was.
  const extentBytes = Math.min(from.extentBytes, into.extentBytes);
  const group: VolumeGroup = {
    ...into,
    uuid: isStartedFrom(layout, from) ? from.uuid : into.uuid,
    extentBytes,
    physicalVolumes: [into, from].flatMap((one) => one.physicalVolumes.map((physical) => scaled(physical, one.extentBytes / extentBytes))),
    tags: [...new Set([...into.tags, ...from.tags])],
  };
  const moves = [into, from].flatMap((one) =>
    volumesIn(layout, one).map((volume) => ({ old: volume, was: one, now: inGroup(volume, one, group) })),
  );
  let rest: Layout = { ...layout, stack: layout.stack.filter(({ kind, id }) => kind !== "volume-group" || id !== from.id) };
  for (const { old, now } of moves) rest = replacedDevice(rest, old.id, now.id);
  const others = rest.stack.map((stacked) => (stacked.kind === "volume-group" && stacked.id === into.id ? group : stacked));
  const all = { ...rest, stack: [...others, ...moves.map(({ now }) => now)] };
  const stack = inOrder(all.stack.map((value) => ({ value, on: standsOn(all, value.id) })));
  const names = moves.flatMap(({ old, was, now }) => {
    const left = new Set(namesBelowDev(now, group));
    return namesBelowDev(old, was).flatMap((name) => (left.has(name) ? [] : [[name, now.id] as const]));
  });
  return {
    layout: { ...rest, stack },
    // A group is replaced as a name alone: words of the kernel's command line may have it.
    replaced: new Map([...replaced, [from.id, into.id], ...names]),
    changes: [
      ...changes,
      ...linesOf(from, into),
      ...moves.filter(({ was }) => was === from).map(({ old, now }) => `${old.id} becomes ${now.id}`),
    ],
  };
}

/** GRUB's core image on UEFI looks for its directory by the UUIDs of group and volume (`lvmid/…`), and no installer writes it again. */
function isStartedFrom(layout: Layout, group: VolumeGroup): boolean {
  const mountAt = (path: string) => layout.mounts.find((mount) => mount.path === path);
  const device = (mountAt("/boot") ?? mountAt("/"))?.device;
  return device !== undefined && below(layout, device).includes(group.id);
}

function scaled(physical: PhysicalVolume, factor: number): PhysicalVolume {
  return { ...physical, extents: physical.extents * factor };
}

function inGroup(volume: LogicalVolume, was: VolumeGroup, group: VolumeGroup): LogicalVolume {
  const id = (old: DeviceId) => `${group.id}/${old.slice(was.id.length + 1)}`;
  return { ...volume, id: id(volume.id), volumeGroup: group.id, form: formIn(volume.form, id, was.extentBytes / group.extentBytes) };
}

function formIn(form: VolumeForm, id: (old: DeviceId) => DeviceId, factor: number): VolumeForm {
  switch (form.type) {
    case "segments":
      return { ...form, segments: form.segments.map((segment) => ({ ...segment, extents: segment.extents * factor })) };
    case "thin":
      return { ...form, pool: id(form.pool), origin: form.origin === undefined ? undefined : id(form.origin) };
    case "raid":
    case "thin-pool":
    case "other":
      return form;
  }
}

function namesBelowDev(volume: LogicalVolume, group: VolumeGroup): readonly string[] {
  return [volume.id, `mapper/${mapperName(namesOf(volume))}`, ...volumeLinks(volume, group)];
}

function linesOf(from: VolumeGroup, into: VolumeGroup): readonly string[] {
  const small = Math.min(from.extentBytes, into.extentBytes);
  return [
    `volume group ${from.id} goes into ${into.id}: what names it elsewhere than in fstab, crypttab and the boot loader has to be changed by hand`,
    ...(into.extentBytes === small ? [] : [`${into.id} has extents of ${small / KIB} KiB instead of ${into.extentBytes / KIB} KiB`]),
  ];
}
