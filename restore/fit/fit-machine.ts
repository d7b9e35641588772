// Which disk goes where, and what the layout becomes there: as it was if that can be, else with other sizes, else with less mirroring. Pure.

import type { Disk, DeviceId, Layout } from "../../machine/model.ts";
import { matchDisks, type MatchOptions, type Pair } from "../match-disks.ts";
import { neededDiskBytes } from "../needed-room.ts";
import type { PresentDisk } from "../present-disk.ts";
import { fitLayout } from "./fit-layout.ts";
import { leastDiskBytes } from "./place-partitions.ts";
import { withoutDisk, type Reduced } from "./without-disk.ts";

export interface FitRequest extends Omit<MatchOptions, "neededBytes"> {
  readonly noResize: boolean;
  /** Disks whose tables stay as they are. */
  readonly reused: ReadonlySet<DeviceId>;
}

export type FittedMachine =
  | {
      readonly fits: true;
      readonly layout: Layout;
      readonly pairs: readonly Pair[];
      /** From devices that are no longer made to those that take their place. */
      readonly replaced: ReadonlyMap<DeviceId, DeviceId>;
      /** One line each: what will be other than it was. */
      readonly changes: readonly string[];
    }
  /** One sentence each, which follow a colon. */
  | { readonly fits: false; readonly problems: readonly string[] };

export function fitMachine(layout: Layout, present: readonly PresentDisk[], request: FitRequest): FittedMachine {
  let problems: readonly string[] | undefined;
  const free = present.filter(({ lockedBecause }) => lockedBecause === undefined).length;
  for (const reduced of reductions({ layout, replaced: new Map(), changes: [] }, { free, reused: request.reused })) {
    const keepsSize = ({ id }: Disk) => request.noResize || request.reused.has(id);
    const neededBytes = (disk: Disk) => (keepsSize(disk) ? neededDiskBytes(disk) : leastDiskBytes(reduced.layout, disk));
    const matching = matchDisks(reduced.layout.disks, present, { ...request, neededBytes });
    if (!matching.isMatched) {
      problems ??= matching.problems;
      continue;
    }
    const { pairs } = matching;
    const fit = fitLayout(
      reduced.layout,
      pairs.map(({ from, to }) => ({ from, to: to.disk })),
      request,
    );
    if (fit.fits)
      return { fits: true, layout: fit.layout, pairs, replaced: reduced.replaced, changes: [...reduced.changes, ...fit.changes] };
    problems ??= fit.problems;
  }
  return { fits: false, problems: problems ?? [] };
}

/** The whole machine first; while it has more disks than may be written to, it without one of them, the last one first. */
function* reductions(whole: Reduced, limits: { readonly free: number; readonly reused: ReadonlySet<DeviceId> }): Generator<Reduced> {
  yield whole;
  if (whole.layout.disks.length <= limits.free) return;
  for (const disk of [...whole.layout.disks].reverse()) {
    const reduced = limits.reused.has(disk.id) ? undefined : withoutDisk(whole, disk);
    if (reduced !== undefined && reduced.layout.disks.length > 0) yield* reductions(reduced, limits);
  }
}
