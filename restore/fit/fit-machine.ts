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

/**
 * The whole machine first; while its disks cannot each have one, it without one of them, then without two: those that are gone before those that
 * are here, the last one first.
 */
function fitReduced(apart: Reduced, present: readonly PresentDisk[], request: FitRequest): FittedMachine {
  let problems: readonly string[] | undefined;
  for (let level: readonly Reduced[] = [apart]; level.length > 0;) {
    const tooMuch: Reduced[] = [];
    for (const reduced of level) {
      const fit = fitWhole(reduced, present, request);
      if (fit.fits) return fit;
      problems ??= fit.problems;
      if (fit.isTooMuch) tooMuch.push(reduced);
    }
    level = withoutOneMore(tooMuch, present, request);
  }
  return { fits: false, problems: problems ?? [] };
}

/** `isTooMuch`: with fewer disks it might. */
type Unfitting = Extract<FittedMachine, { readonly fits: false }> & { readonly isTooMuch: boolean };

/** All of its disks, each on one of its own. */
function fitWhole(
  apart: Reduced,
  present: readonly PresentDisk[],
  request: FitRequest,
): Extract<FittedMachine, { readonly fits: true }> | Unfitting {
  const { layout, replaced, changes } = request.noResize ? apart : joinPartitions(apart, request.mergedGroups, request.reused);
  const keepsSize = ({ id }: Disk) => request.noResize || request.reused.has(id);
  // Where all can stay in its place, nothing has to be moved or rounded.
  const neededBytes = (disk: Disk) =>
    keepsSize(disk) ? neededDiskBytes(disk) : Math.min(neededDiskBytes(disk), leastDiskBytes(layout, disk));
  const isTooMuch = placeable(layout.disks.map(neededBytes), present, request) < layout.disks.length;
  const matching = matchDisks(layout.disks, present, { ...request, neededBytes });
  if (!matching.isMatched) return { fits: false, problems: matching.problems, isTooMuch: isTooMuch || matching.isForRoom };
  const { pairs } = matching;
  const fit = fitLayout(
    layout,
    pairs.map(({ from, to }) => ({ from, to: to.disk })),
    request,
  );
  if (!fit.fits) return { ...fit, isTooMuch };
  return { fits: true, layout: fit.layout, pairs, replaced, changes: [...changes, ...fit.changes] };
}

/** How many of the machine's disks, by the bytes that they need, could each have one of their own: where not all can, mirrors have to do with less. */
function placeable(needed: readonly number[], present: readonly PresentDisk[], { excluded }: FitRequest): number {
  const sizes = present
    .filter(({ disk, lockedBecause }) => lockedBecause === undefined && !namesOf(disk).some((name) => excluded.includes(name)))
    .map(({ disk }) => disk.sizeBytes)
    .sort((a, b) => a - b);
  let next = 0;
  return [...needed]
    .sort((a, b) => a - b)
    .filter((bytes) => {
      while (next < sizes.length && sizes[next]! < bytes) next += 1;
      return next++ < sizes.length;
    }).length;
}

function withoutOneMore(level: readonly Reduced[], present: readonly PresentDisk[], { reused }: FitRequest): readonly Reduced[] {
  const found = new Map<string, Reduced>();
  for (const left of level) {
    const latest = [...left.layout.disks].reverse();
    const gone = latest.filter((disk) => !isHere(disk, present));
    for (const disk of [...gone, ...latest.filter((one) => !gone.includes(one))]) {
      const reduced = reused.has(disk.id) ? undefined : withoutDisk(left, disk);
      const key = reduced?.layout.disks.map(({ id }) => id).join(" ") ?? "";
      if (reduced !== undefined && key !== "" && !found.has(key)) found.set(key, reduced);
    }
  }
  return [...found.values()];
}

function isHere({ identity: { wwid, serial } }: Disk, present: readonly PresentDisk[]): boolean {
  return present.some(
    ({ disk: { identity } }) => (wwid !== undefined && identity.wwid === wwid) || (serial !== undefined && identity.serial === serial),
  );
}
