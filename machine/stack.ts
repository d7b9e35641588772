// What stands between partitions and file systems, each after what it stands on: from lsblk's tree and what md, LVM and LUKS say of themselves.

import type { LayoutDevice } from "./layout-devices.ts";
import { volumeNames } from "./lvm-names.ts";
import type { DeviceId } from "./model.ts";
import type { LvmReport } from "./parse-lvm.ts";
import type { FoundLuks } from "./parse-luks.ts";
import type { ReadArray } from "./read-array.ts";
import { lvmItems, type StackItem } from "./stack-lvm.ts";
import type { LuksVolume, RaidArray, StackedDevice } from "./stacked-device.ts";

export interface StackFacts {
  readonly arrays: ReadonlyMap<DeviceId, FoundArray>;
  /** By the device that it is on. */
  readonly luks: ReadonlyMap<DeviceId, FoundLuks>;
  /** Undefined: LVM's programs did not tell. */
  readonly lvm: LvmReport | undefined;
}

export interface FoundArray extends ReadArray {
  /** The superblock's. */
  readonly name: string | undefined;
}

export function stackedDevices(devices: readonly LayoutDevice[], facts: StackFacts): readonly StackedDevice[] {
  const byId = new Map(devices.map((device) => [device.id, device]));
  const items = devices
    .filter(({ place, device }) => place === "stacked" && device.type !== "lvm")
    .map((node): StackItem => ({ on: node.on, value: stackItem(node, byId, facts) }));
  return inOrder([...items, ...lvmItems(devices, facts.lvm)]);
}

/** Parts of LVM's volumes, which it shows as devices too: what is on them is on the volume. */
export function insideVolumes(devices: readonly LayoutDevice[], lvm: LvmReport | undefined): ReadonlySet<DeviceId> {
  const hidden = new Set((lvm?.volumes ?? []).filter(({ isHidden }) => isHidden).map(({ group, name }) => `${group}/${name}`));
  const isInside = ({ device }: LayoutDevice) => {
    if (device.type !== "lvm") return false;
    const named = volumeNames(device.path.replace(/^\/dev\/mapper\//, ""));
    return named === undefined || hidden.has(`${named.group}/${named.volume}`);
  };
  return new Set(devices.filter(isInside).map(({ id }) => id));
}

function stackItem(node: LayoutDevice, byId: ReadonlyMap<DeviceId, LayoutDevice>, facts: StackFacts): StackedDevice {
  const { id, device, on } = node;
  const below = on.map((parent) => byId.get(parent)?.device);
  if (device.kernelName.startsWith("md") && device.type !== "part") {
    const uuid = below.find((member) => member?.fsType === "linux_raid_member")?.uuid;
    return arrayOf(node, uuid, facts.arrays.get(id));
  }
  if (device.type === "crypt" && below[0]?.fsType === "crypto_LUKS") {
    return luksOf(node, below[0].uuid, facts.luks.get(on[0]!));
  }
  // What lsblk has no word of its own for, such as bcache and DRBD, it calls a disk.
  const type = device.type === "disk" ? device.kernelName.replace(/\d+$/, "") : device.type;
  return { kind: "other", id, type, on, sizeBytes: device.sizeBytes };
}

function arrayOf({ id, device, on }: LayoutDevice, uuid: string | undefined, found: FoundArray | undefined): RaidArray {
  const { sizeBytes } = device;
  if (found === undefined) return { kind: "array", id, uuid, level: device.type, members: on, spares: [], sizeBytes, shape: undefined };
  const { level, members, spares, shape, name, writeMostly, hasPpl, unkept } = found;
  return {
    kind: "array",
    id,
    uuid,
    level,
    members,
    spares,
    sizeBytes,
    shape: shape === undefined ? undefined : { ...shape, name },
    ...(writeMostly.length === 0 ? {} : { writeMostly }),
    ...(hasPpl ? { hasPpl } : {}),
    ...(unkept.length === 0 ? {} : { unkept }),
  };
}

function luksOf({ id, device, on }: LayoutDevice, uuid: string | undefined, found: FoundLuks | undefined): LuksVolume {
  const told = found?.header ?? { why: "its header could not be read" };
  const [header, problem] = "why" in told ? [undefined, told.why] : [told, undefined];
  return { kind: "luks", id, device: on[0]!, uuid, sizeBytes: device.sizeBytes, header, problem };
}

/** Each after what it stands on. A circle, which cannot be, would end up last. */
export function inOrder(items: readonly StackItem[]): readonly StackedDevice[] {
  const ordered: StackedDevice[] = [];
  let waiting = items;
  while (waiting.length > 0) {
    const missing = new Set(waiting.map(({ value }) => value.id));
    const ready = waiting.filter(({ on }) => on.every((id) => !missing.has(id)));
    const taken = ready.length > 0 ? ready : waiting;
    ordered.push(...taken.map(({ value }) => value));
    waiting = waiting.filter((item) => !taken.includes(item));
  }
  return ordered;
}
