// Which disk goes where, and what the layout becomes there: as it was if that can be, else with other sizes, else with less mirroring. Pure.

import type { Disk, DeviceId, Layout } from "../../machine/model.ts";
import { matchDisks, namesOf, type MatchOptions, type Pair } from "../match-disks.ts";
import { neededDiskBytes } from "../needed-room.ts";
import type { PresentDisk } from "../present-disk.ts";
import { fitLayout } from "./fit-layout.ts";
import { joinPartitions } from "./join-partitions.ts";
import { mergeDisks } from "./merge-disks.ts";
import { leastDiskBytes } from "./place-partitions.ts";
import { withoutDisk, type Reduced } from "./without-disk.ts";

export interface FitRequest extends Omit<MatchOptions, "neededBytes"> {
  readonly noResize: boolean;
  /** Disks whose tables stay as they are. */
  readonly reused: ReadonlySet<DeviceId>;
  /** Volume groups that others went into. */
  readonly mergedGroups: ReadonlySet<DeviceId>;
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
  const merged = mergeNamed({ layout, replaced: new Map(), changes: [] }, present, request);
  return "problem" in merged ? { fits: false, problems: [merged.problem] } : fitReduced(merged.reduced, present, merged.request);
}

interface NamedMerge {
  readonly reduced: Reduced;
  readonly request: FitRequest;
}

/** Disks of the machine that a person sends to the same one are one from here on. */
function mergeNamed(whole: Reduced, present: readonly PresentDisk[], request: FitRequest): NamedMerge | { readonly problem: string } {
  let reduced = whole;
  const map = new Map<string, string>();
  const taken = new Map<PresentDisk, Disk>();
  for (const [old, now] of request.map) {
    const from = onlyOne(reduced.layout.disks.filter((disk) => namesOf(disk).includes(old)));
    const to = onlyOne(present.filter(({ disk }) => namesOf(disk).includes(now)));
    const first = to === undefined ? undefined : taken.get(to);
    if (from === undefined || to === undefined || first === undefined || first === from) {
      map.set(old, now);
      if (from !== undefined && to !== undefined) taken.set(to, from);
      continue;
    }
    if (request.reused.has(from.id) || request.reused.has(first.id))
      return { problem: `${from.id} and ${first.id} cannot go to one disk: a table is kept` };
    const into = reduced.layout.disks.find(({ id }) => id === first.id) ?? first;
    const merged = mergeDisks(reduced, into, from);
    if (!merged.isMerged) return merged;
    ({ reduced } = merged);
  }
  return { reduced, request: { ...request, map } };
}

/** What is wrong with a name, matching says. */
function onlyOne<T>(found: readonly T[]): T | undefined {
  return found.length === 1 ? found[0] : undefined;
}

function fitReduced(apart: Reduced, present: readonly PresentDisk[], request: FitRequest): FittedMachine {
  const joined = (one: Reduced) => (request.noResize ? one : joinPartitions(one, request.mergedGroups, request.reused));
  const whole = joined(apart);
  const { layout } = whole;
  let problems: readonly string[] | undefined;
  const keepsSize = ({ id }: Disk) => request.noResize || request.reused.has(id);
  // Where all can stay in its place, nothing has to be moved or rounded.
  const neededIn = (fitted: Layout) => (disk: Disk) =>
    keepsSize(disk) ? neededDiskBytes(disk) : Math.min(neededDiskBytes(disk), leastDiskBytes(fitted, disk));
  const usable = usableCount(Math.min(...layout.disks.map(neededIn(layout))), present, request);
  for (const left of reductions(whole, { usable, reused: request.reused, isHere: (disk) => isHere(disk, present) })) {
    const reduced = joined(left);
    const neededBytes = neededIn(reduced.layout);
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

/** Those that at least one of the machine's disks could go to: with fewer of them than it had, mirrors have to do with less. */
function usableCount(least: number, present: readonly PresentDisk[], { excluded }: FitRequest): number {
  return present.filter(
    ({ disk, lockedBecause }) =>
      lockedBecause === undefined && disk.sizeBytes >= least && !namesOf(disk).some((name) => excluded.includes(name)),
  ).length;
}

interface Limits {
  readonly usable: number;
  readonly reused: ReadonlySet<DeviceId>;
  isHere(disk: Disk): boolean;
}

function isHere({ identity: { wwid, serial } }: Disk, present: readonly PresentDisk[]): boolean {
  return present.some(
    ({ disk: { identity } }) => (wwid !== undefined && identity.wwid === wwid) || (serial !== undefined && identity.serial === serial),
  );
}

/** The whole machine first; while it has more disks than can be used, it without one of them: those that are gone before those that are here, the last one first. */
function* reductions(whole: Reduced, limits: Limits): Generator<Reduced> {
  yield whole;
  if (whole.layout.disks.length <= limits.usable) return;
  const latest = [...whole.layout.disks].reverse();
  for (const disk of [...latest.filter((one) => !limits.isHere(one)), ...latest.filter(limits.isHere)]) {
    const reduced = limits.reused.has(disk.id) ? undefined : withoutDisk(whole, disk);
    if (reduced !== undefined && reduced.layout.disks.length > 0) yield* reductions(reduced, limits);
  }
}
