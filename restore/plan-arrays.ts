// The arrays that a restore no longer makes. Pure.

import type { DeviceId, Layout } from "../machine/model.ts";

/** An array that is not made again: what was on it is on one of its members. */
export interface GoneArray {
  readonly id: DeviceId;
  readonly uuid: string | undefined;
  /** As in its superblock, often `HOST:WORD`. */
  readonly name: string | undefined;
  /** What takes its place. */
  readonly now: DeviceId;
}

/** `stack`: the machine's own, as it was. */
export function goneArrays({ stack }: Pick<Layout, "stack">, replaced: ReadonlyMap<DeviceId, DeviceId>): readonly GoneArray[] {
  return stack.flatMap((stacked): readonly GoneArray[] => {
    const now = stacked.kind === "array" ? replaced.get(stacked.id) : undefined;
    return stacked.kind !== "array" || now === undefined ? [] : [{ id: stacked.id, uuid: stacked.uuid, name: stacked.shape?.name, now }];
  });
}
