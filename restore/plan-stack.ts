// The steps that build arrays, LUKS and LVM, and the nodes that devices of the machine have here. Pure.

import { LifeboatError } from "#os/error";
import type { DeviceId, Layout } from "../machine/model.ts";
import { mapperName, namesOf } from "../machine/lvm-names.ts";
import type { StackedDevice, VolumeForm, VolumeGroup } from "../machine/stacked-device.ts";
import { standsOn, volumesIn } from "../machine/own-layout.ts";
import { partitionPath, type DiskMatch, type Step } from "./plan.ts";
import type { Reuse } from "./reuse.ts";

/** From a device's id in machine.json to its node here. */
export function devicePaths({ disks, stack }: Layout, matches: readonly DiskMatch[]): ReadonlyMap<DeviceId, string> {
  const onDisks = matches.flatMap(({ from, disk }) => {
    const partitions = disks.find(({ id }) => id === from)?.table?.partitions ?? [];
    return [[from, disk.path] as const, ...partitions.map(({ id, number }) => [id, partitionPath(disk, number)] as const)];
  });
  return new Map([...onDisks, ...stack.map((stacked) => [stacked.id, stackedPath(stacked, stack)] as const)]);
}

/** What the kernel can call an array. */
const ARRAY_NAME = /^md\d+$/;
/** As mdadm does, for those with names: from the last number downwards. */
const LAST_ARRAY = 127;

function stackedPath(stacked: StackedDevice, stack: readonly StackedDevice[]): string {
  switch (stacked.kind) {
    case "array": {
      if (ARRAY_NAME.test(stacked.id)) return `/dev/${stacked.id}`;
      const named = stack.filter(({ kind, id }) => kind === "array" && !ARRAY_NAME.test(id));
      const taken = new Set(stack.map(({ id }) => id));
      const free = Array.from({ length: LAST_ARRAY }, (_, index) => `md${LAST_ARRAY - index}`).filter((name) => !taken.has(name));
      return `/dev/${free[named.indexOf(stacked)] ?? stacked.id}`;
    }
    case "logical-volume":
      return `/dev/mapper/${mapperName(namesOf(stacked))}`;
    case "volume-group":
      return `/dev/${stacked.id}`;
    case "luks":
    case "other":
      return `/dev/mapper/${stacked.id}`;
  }
}

export type PathOf = (id: DeviceId) => string;

export interface StackPlaces {
  readonly path: PathOf;
  readonly reuse: Reuse;
  /** Volumes whose headers are in the set. */
  readonly luksHeaders?: ReadonlySet<DeviceId> | undefined;
}

/** In the order of the stack: each after what it stands on. What is made on a device that is used again needs it blank. */
export function stackSteps(layout: Layout, { path, reuse, luksHeaders }: StackPlaces): readonly Step[] {
  return layout.stack.flatMap((stacked): readonly Step[] => {
    if (reuse.devices.has(stacked.id)) return openStep(layout, stacked, path);
    // With their group, on which alone they are.
    if (stacked.kind === "logical-volume") return [];
    const blanked = standsOn(layout, stacked.id).filter((id) => isOnReused(layout, id, reuse));
    return [
      ...blanked.map((id): Step => ({ kind: "wipe-device", device: path(id) })),
      withHeader(makeStep(layout, stacked, path), luksHeaders),
      ...(stacked.kind === "volume-group" ? volumeSteps(layout, stacked, path) : []),
    ];
  });
}

/** Then all of the group gets the UUIDs that it had, which LVM gives to physical volumes alone. */
function volumeSteps(layout: Layout, group: VolumeGroup, path: PathOf): readonly Step[] {
  const own = volumesIn(layout, group);
  const volumes = FORMS_IN_ORDER.flatMap((type) => own.filter(({ form }) => form.type === type));
  const devices = group.physicalVolumes.map(({ device }) => path(device));
  const hasIds = [group, ...volumes].some(({ uuid }) => uuid !== undefined);
  return [
    ...volumes.map((volume) => makeStep(layout, volume, path)),
    ...(hasIds ? [{ kind: "keep-volume-ids", group, volumes, devices } as const] : []),
  ];
}

/**
 * Volumes whose pieces must lie where they lay come first in their group, then those that LVM places by itself on some of its physical
 * volumes: the other way round these could take the others' places. Thin ones are in pools.
 */
const FORMS_IN_ORDER: readonly VolumeForm["type"][] = ["segments", "raid", "thin-pool", "thin", "other"];

function isOnReused({ disks }: Layout, id: DeviceId, { devices }: Reuse): boolean {
  const disk = disks.find(({ table }) => table?.partitions.some((partition) => partition.id === id));
  return devices.has(id) || (disk !== undefined && devices.has(disk.id));
}

function openStep(layout: Layout, stacked: StackedDevice, path: PathOf): readonly Step[] {
  const on = standsOn(layout, stacked.id).map(path);
  switch (stacked.kind) {
    case "array":
    case "volume-group":
      return [{ kind: "open-device", stacked, device: path(stacked.id), on }];
    case "luks":
      return [{ kind: "open-device", stacked, device: path(stacked.device), on }];
    case "logical-volume":
      return [];
    case "other":
      throw unbuildable(stacked.id, `nothing here opens one of type ${stacked.type}`);
  }
}

function withHeader(step: Step, luksHeaders: StackPlaces["luksHeaders"]): Step {
  if (step.kind !== "create-luks" || luksHeaders?.has(step.luks.id) !== true) return step;
  return { kind: "restore-luks-header", device: step.device, luks: step.luks };
}

function makeStep({ stack }: Layout, stacked: StackedDevice, path: PathOf): Step {
  switch (stacked.kind) {
    case "array":
      return {
        kind: "create-array",
        device: path(stacked.id),
        array: stacked,
        members: stacked.members.map(path),
        spares: stacked.spares.map(path),
      };
    case "luks":
      return { kind: "create-luks", device: path(stacked.device), luks: stacked };
    case "volume-group":
      return { kind: "create-volume-group", group: stacked, devices: stacked.physicalVolumes.map(({ device }) => path(device)) };
    case "logical-volume": {
      const group = stack.find(({ kind, id }) => kind === "volume-group" && id === stacked.volumeGroup);
      if (group?.kind !== "volume-group") throw unbuildable(stacked.id, "its volume group is not in the layout");
      const places = new Map(group.physicalVolumes.map(({ device }) => [device, path(device)]));
      return { kind: "create-logical-volume", volume: stacked, extentBytes: group.extentBytes, places };
    }
    case "other":
      throw unbuildable(stacked.id, `nothing here makes one of type ${stacked.type}`);
  }
}

function unbuildable(id: DeviceId, why: string): LifeboatError {
  return new LifeboatError(`Cannot plan the restore as every device of the machine must be one that can be made: "${id}": ${why}`, {
    hint: "The set was made with --accept-unrestorable, or machine.json was changed",
  });
}
