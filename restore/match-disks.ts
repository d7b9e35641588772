// Which disk that is here takes the place of which disk of the machine: by what cannot change, and never by name (DESIGN section 7).

import type { Disk } from "../machine/model.ts";
import { diskNode } from "../machine/multipath.ts";
import type { MatchReason } from "./plan.ts";
import type { PresentDisk } from "./present-disk.ts";

export interface MatchOptions {
  /** `OLD=NEW`: the disk's id in machine.json, its serial or wwid; and the name, serial or wwid of one that is here. */
  readonly map: ReadonlyMap<string, string>;
  /** Names, paths or serials of disks that are left alone. */
  readonly excluded: readonly string[];
  /** What a disk of the machine needs, in bytes. */
  neededBytes(disk: Disk): number;
}

export interface Pair {
  readonly from: Disk;
  readonly to: PresentDisk;
  readonly reason: MatchReason;
}

export type Matching =
  | { readonly isMatched: true; readonly pairs: readonly Pair[] }
  /** One sentence each, which follow a colon. `isForRoom`: every disk that has none finds no free one that is large enough, and there is no other problem. */
  | { readonly isMatched: false; readonly problems: readonly string[]; readonly isForRoom: boolean };

interface Search {
  readonly wanted: readonly Disk[];
  readonly present: readonly PresentDisk[];
  readonly options: MatchOptions;
  readonly pairs: Pair[];
}

/** Each disk goes to one of its own, or there is no matching at all. */
export function matchDisks(wanted: readonly Disk[], present: readonly PresentDisk[], options: MatchOptions): Matching {
  const search: Search = { wanted, present, options, pairs: [] };
  const unusable = [...options.map].flatMap(([old, now]) => takeNamed(search, old, now));
  for (const [key, reason] of IDENTITIES) takeSame(search, key, reason);
  for (const [isAlike, reason] of LIKENESSES) while (takeSure(search, isAlike, reason) > 0) continue;
  const open = openDisks(search);
  const problems = [...unusable, ...open.map((disk) => whyOpen(disk, search)), ...search.pairs.flatMap(sizeProblems(options))];
  if (problems.length === 0) return { isMatched: true, pairs: search.pairs };
  return { isMatched: false, problems, isForRoom: unusable.length === 0 && open.every((disk) => fittingDisks(disk, search).length === 0) };
}

function openDisks({ wanted, pairs }: Search): readonly Disk[] {
  return wanted.filter((disk) => !pairs.some(({ from }) => from === disk));
}

function isFree(candidate: PresentDisk, { pairs, options }: Search): boolean {
  return whyLeftAlone(candidate, options) === undefined && !pairs.some(({ to }) => to === candidate);
}

function whyLeftAlone({ disk, lockedBecause }: PresentDisk, { excluded }: Pick<MatchOptions, "excluded">): string | undefined {
  return lockedBecause ?? (namesOf(disk).some((name) => excluded.includes(name)) ? "it is to be left alone" : undefined);
}

/** What a person may call a disk. */
export function namesOf(disk: Disk): readonly string[] {
  const { id, identity, multipath } = disk;
  const paths = (multipath?.paths ?? []).flatMap((path) => [path, `/dev/${path}`]);
  return [...new Set([id, `/dev/${id}`, diskNode(disk), ...paths, identity.serial, identity.wwid])].filter((name) => name !== undefined);
}

/** Returns what is wrong with what a person said. A name that two disks have names neither. */
function takeNamed(search: Search, old: string, now: string): readonly string[] {
  const { wanted, present, pairs, options } = search;
  const sources = wanted.filter((disk) => namesOf(disk).includes(old));
  const targets = present.filter(({ disk }) => namesOf(disk).includes(now));
  const [from, secondFrom] = sources;
  const [to, secondTo] = targets;
  if (from === undefined) return [`the machine has no disk "${old}"`];
  if (to === undefined) return [`there is no disk "${now}" here`];
  if (secondFrom !== undefined) return [`several disks of the machine are called "${old}": ${sources.map(({ id }) => id).join(", ")}`];
  if (secondTo !== undefined) return [`several disks here are called "${now}": ${targets.map(({ disk }) => disk.id).join(", ")}`];
  const reason = whyLeftAlone(to, options);
  if (reason !== undefined) return [`disk "${now}" may not be written to: ${reason}`];
  if (pairs.some((pair) => pair.from === from)) return [`disk "${old}" can go to one disk only, and "${now}" is the second`];
  if (pairs.some((pair) => pair.to === to)) return [`disk "${now}" can take one disk only, and "${old}" is the second`];
  pairs.push({ from, to, reason: "named by you" });
  return [];
}

const IDENTITIES: readonly (readonly ["wwid" | "serial", MatchReason])[] = [
  ["wwid", "same wwid"],
  ["serial", "same serial"],
];

/** Cheap disks of one batch, and the namespaces of one NVMe drive, may share a number: then it says nothing, then or now. */
function takeSame(search: Search, key: "wwid" | "serial", reason: MatchReason): void {
  for (const from of openDisks(search)) {
    const identity = from.identity[key];
    if (identity === undefined) continue;
    const [to, twin] = search.present.filter(({ disk }) => disk.identity[key] === identity);
    const isOnly = search.wanted.filter((disk) => disk.identity[key] === identity).length === 1;
    if (to !== undefined && twin === undefined && isOnly && isFree(to, search)) search.pairs.push({ from, to, reason });
  }
}

type Likeness = (from: Disk, to: Disk) => boolean;

/** From the closest on, each including the one before. */
const LIKENESSES: readonly (readonly [Likeness, MatchReason])[] = [
  [(from, to) => from.sizeBytes === to.sizeBytes && from.identity.driver === to.identity.driver, "same size and driver"],
  [(from, to) => from.sizeBytes === to.sizeBytes, "same size"],
  [() => true, "the only one that is large enough"],
];

/** A new disk in the place of one that is gone: only when there is no doubt which, on either side. Returns how many were found. */
function takeSure(search: Search, isAlike: Likeness, reason: MatchReason): number {
  const choices = openDisks(search).flatMap((from) => {
    const [to, other] = fittingDisks(from, search).filter(({ disk }) => isAlike(from, disk));
    return to === undefined || other !== undefined ? [] : [{ from, to, reason }];
  });
  const sure = choices.filter(({ to }) => choices.filter((choice) => choice.to === to).length === 1);
  search.pairs.push(...sure);
  return sure.length;
}

function fittingDisks(disk: Disk, search: Search): readonly PresentDisk[] {
  const neededBytes = search.options.neededBytes(disk);
  return search.present.filter((candidate) => isFree(candidate, search) && candidate.disk.sizeBytes >= neededBytes);
}

function whyOpen(disk: Disk, search: Search): string {
  const neededBytes = search.options.neededBytes(disk);
  const fitting = fittingDisks(disk, search);
  const name = `disk ${disk.id} (${describeIdentity(disk)})`;
  const rivals = openDisks(search).filter((other) => other !== disk && fittingDisks(other, search).some((to) => fitting.includes(to)));
  if (fitting.length === 0) return `${name} needs ${neededBytes} bytes, and ${tooSmall(search, neededBytes)}`;
  const list = fitting.map((candidate) => `${candidate.disk.id} (${describeIdentity(candidate.disk)})`).join(", ");
  const others = rivals.length === 0 ? "" : `, and so may ${rivals.map(({ id }) => id).join(", ")}`;
  return `${name} may go to ${fitting.length === 1 ? "" : "any of "}${list}${others}: say which, with --map ${disk.id}=SERIAL`;
}

function tooSmall(search: Search, neededBytes: number): string {
  const largest = search.present.filter((candidate) => isFree(candidate, search)).sort((a, b) => b.disk.sizeBytes - a.disk.sizeBytes)[0];
  if (largest === undefined) return "there is no disk that may be written to";
  return `the largest, ${largest.disk.id}, has ${largest.disk.sizeBytes}: ${neededBytes - largest.disk.sizeBytes} bytes are missing`;
}

/** A virtual disk may have its old serial number and another size. */
function sizeProblems({ neededBytes }: MatchOptions): (pair: Pair) => readonly string[] {
  return ({ from, to: { disk }, reason }) => {
    const missing = neededBytes(from) - disk.sizeBytes;
    return missing <= 0
      ? []
      : [`the machine's ${from.id} cannot go to ${disk.id} (${describeIdentity(disk)}; ${reason}): ${missing} bytes are missing`];
  };
}

export function describeIdentity({ identity, sizeBytes }: Disk): string {
  const size = `${(sizeBytes / 2 ** 30).toFixed(1)} GiB`;
  const serial = identity.serial === undefined ? "no serial" : `serial ${identity.serial}`;
  return [size, identity.model, serial].filter((part) => part !== undefined).join(", ");
}
