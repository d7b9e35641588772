// What keeps LVM from its physical volumes on other disks: its list of devices, which a step writes again, and filters, which a person has to change. Pure.

import type { DeviceId, Layout, LvmFilter, Machine } from "../machine/model.ts";
import { below, groupsOf, partitionsOf } from "../machine/own-layout.ts";
import type { PhysicalVolume, VolumeGroup } from "../machine/stacked-device.ts";
import { isUnmoved, type Moves } from "./plan-fstab.ts";
import type { Step } from "./plan.ts";

/** Only where there is such a list, and a disk that it tells by its own name is another. `before`: the machine's own layout, as it was. */
export function planLvmDevices(machine: Machine, moves: Moves, before: Layout): readonly Step[] {
  const { layout, lvm } = machine;
  const groups = groupsOf(layout);
  const [ids, oldIds] = [groups.flatMap(idsOf), groupsOf(before).flatMap(idsOf)];
  const isMoved = groups.some(({ physicalVolumes }) => physicalVolumes.some(({ device }) => !isOnUnmoved(machine, device, moves)));
  const isOther = oldIds.some((id) => !ids.includes(id));
  if (lvm?.devicesFile === undefined || (!isMoved && !isOther)) return [];
  return [
    {
      kind: "write-lvm-devices",
      file: lvm.devicesFile,
      stale: [...new Set([...oldIds, ...ids])],
      groups: groups.map((group) => ({ group, devices: group.physicalVolumes.flatMap(({ device }) => moves.devices.get(device) ?? []) })),
    },
  ];
}

/** As the list has them: without the hyphens. */
export function idsOf({ physicalVolumes }: Pick<VolumeGroup, "physicalVolumes">): readonly string[] {
  return physicalVolumes.flatMap(({ uuid }) => uuid?.replace(/-/g, "") ?? []);
}

/** Devices that took the place of others have another name, wherever they are. */
function isOnUnmoved(machine: Machine, device: DeviceId, { matches, replaced }: Moves): boolean {
  const { layout } = machine;
  const disks = below(layout, device).filter((id) => layout.disks.some((disk) => disk.id === id));
  return ![...replaced.values()].includes(device) && disks.every((id) => isUnmoved(machine, id, matches));
}

/** Filters that take no name which is known of a physical volume, one line each: the links of another disk's bus and serial are not known yet. */
export function lvmFilterProblems(machine: Machine, moves: Moves): readonly string[] {
  const { layout, lvm } = machine;
  if (lvm === undefined || (lvm.usesDevicesFile && lvm.devicesFile !== undefined)) return [];
  const volumes = groupsOf(layout).flatMap(({ id, physicalVolumes }) => physicalVolumes.map((physical) => ({ group: id, physical })));
  // Names of arrays and mapped devices are their own, wherever they lie.
  const own = volumes.filter(({ physical }) => !layout.stack.some(({ id }) => id === physical.device));
  return own.flatMap(({ group, physical }) => {
    const node = moves.devices.get(physical.device) ?? physical.device;
    return lvm.filters
      .filter((filter) => isHidden(filter, physical, { machine, moves, node }))
      .map(
        ({ key, file, line }) =>
          `line ${line} of ${file}, ${key}, names other disks and may hide ${node} from LVM, on which volume group ${group} is: put "a|^${node}$|" before its patterns by hand and make the initramfs again, or the machine may not start`,
      );
  });
}

interface Place {
  readonly machine: Machine;
  readonly moves: Moves;
  readonly node: string;
}

function isHidden({ patterns }: LvmFilter, physical: PhysicalVolume, { machine, moves, node }: Place): boolean {
  const links = lastingLinks(machine, physical);
  if (takes(patterns, [node, ...links])) return false;
  // It was seen by a link that is not known here, and the same disk has the same links.
  const wasSeenByLink = !takes(patterns, [`/dev/${physical.device}`, ...links]);
  return !(wasSeenByLink && isOnUnmoved(machine, physical.device, moves));
}

/** Those that are the same wherever the disk is. */
function lastingLinks({ layout }: Machine, { device, uuid }: PhysicalVolume): readonly string[] {
  const partition = partitionsOf(layout).find(({ id }) => id === device);
  return [
    ...(uuid === undefined ? [] : [`/dev/disk/by-id/lvm-pv-uuid-${uuid}`]),
    ...(partition?.uuid === undefined ? [] : [`/dev/disk/by-partuuid/${partition.uuid}`]),
    ...(partition?.label === undefined ? [] : [`/dev/disk/by-partlabel/${partition.label}`]),
  ];
}

/** lvm.conf(5), filter: the first pattern that fits a name decides for it; one name that is taken is enough, and so is none that any pattern fits. */
function takes(patterns: readonly string[], names: readonly string[]): boolean {
  const verdicts = names.map((name) => patterns.find((pattern) => fits(pattern, name))?.[0]);
  return verdicts.includes("a") || !verdicts.includes("r");
}

const BRACKETS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** One that cannot be read refuses all. */
function fits(pattern: string, name: string): boolean {
  const [open = "", end] = [pattern[1], pattern[pattern.length - 1]];
  if (pattern.length < 3 || end !== (BRACKETS[open] ?? open)) return pattern[0] === "r";
  try {
    return new RegExp(pattern.slice(2, -1)).test(name);
  } catch (error) {
    if (error instanceof SyntaxError) return pattern[0] === "r";
    throw error;
  }
}
