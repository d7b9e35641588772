// What md's levels mean for sizes. Pure.

import type { RaidArray } from "../machine/stacked-device.ts";

/** Levels of which each member is used as far as it goes. */
export const UNEVEN_LEVELS: ReadonlySet<string> = new Set(["linear", "raid0"]);

/** How many members' worth of data an array holds. */
export function dataMembers({ level, shape, members }: RaidArray): number {
  const count = shape?.deviceCount ?? members.length;
  switch (level) {
    case "raid1":
      return 1;
    case "raid4":
    case "raid5":
      return count - 1;
    case "raid6":
      return count - 2;
    case "raid10":
      return count / Number(/\d+$/.exec(shape?.layout ?? "n2")?.[0] ?? 2);
    default:
      return count;
  }
}
