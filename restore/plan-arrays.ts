// What a restore changes about arrays for those who look for them: some are no longer made, others are on other disks. Pure.

import type { ArrayNames } from "../machine/array-names.ts";
import type { DeviceId, Layout, Machine } from "../machine/model.ts";
import { below } from "../machine/own-layout.ts";
import type { RaidArray } from "../machine/stacked-device.ts";
import { isUnmoved, type Moves } from "./plan-fstab.ts";
import type { Step } from "./plan.ts";

/** An array that is not made again: what was on it is on one of its members. */
export interface GoneArray extends ArrayNames {
  /** What takes its place. */
  readonly now: DeviceId;
}

/** An array on other disks than before, or on some that are called otherwise now. */
export interface MovedArray extends ArrayNames {
  /** Nodes, with those of spares. */
  readonly members: readonly string[];
}

/** `before`: the machine's own layout, as it was. */
export function planArrays(machine: Machine, moves: Moves, before: Layout): readonly Step[] {
  const [gone, moved] = [goneArrays(before, moves.replaced), movedArrays(machine, moves)];
  return gone.length + moved.length === 0 ? [] : [{ kind: "write-mdadm-conf", gone, moved }];
}

/** Of the machine's own layout, as it was. */
export function goneArrays({ stack }: Pick<Layout, "stack">, replaced: ReadonlyMap<DeviceId, DeviceId>): readonly GoneArray[] {
  return stack.filter(isArray).flatMap((array) => {
    const now = replaced.get(array.id);
    return now === undefined ? [] : [{ ...namesOf(array), now }];
  });
}

function movedArrays(machine: Machine, { devices, matches }: Moves): readonly MovedArray[] {
  const { layout } = machine;
  const isDisk = (id: DeviceId) => layout.disks.some((disk) => disk.id === id);
  const isStacked = (id: DeviceId) => layout.stack.some((stacked) => stacked.id === id);
  const isMoved = (id: DeviceId) =>
    (!isStacked(id) && devices.get(id) !== `/dev/${id}`) ||
    below(layout, id).some((one) => isDisk(one) && !isUnmoved(machine, one, matches));
  return layout.stack.filter(isArray).flatMap((array) => {
    const members = [...array.members, ...array.spares];
    return members.some(isMoved) ? [{ ...namesOf(array), members: members.flatMap((id) => devices.get(id) ?? []) }] : [];
  });
}

function isArray(stacked: Layout["stack"][number]): stacked is RaidArray {
  return stacked.kind === "array";
}

function namesOf({ id, uuid, shape }: RaidArray): ArrayNames {
  return { id, uuid, name: shape?.name };
}
