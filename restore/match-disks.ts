// Which disk that is here takes the place of which disk of the machine: by what cannot change, and never by name (DESIGN section 7).

import type { Disk } from "../machine/model.ts";
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

export type Matching =
  | { readonly isMatched: true; readonly pairs: readonly { readonly from: Disk; readonly to: PresentDisk; readonly reason: MatchReason }[] }
  /** One sentence each, which follow a colon. */
  | { readonly isMatched: false; readonly problems: readonly string[] };

export function matchDisks(wanted: readonly Disk[], present: readonly PresentDisk[], options: MatchOptions): Matching {
  const pairs: { from: Disk; to: PresentDisk; reason: MatchReason }[] = [];
  const problems: string[] = [];
  const free = () => present.filter((candidate) => usable(candidate, options) && !pairs.some(({ to }) => to === candidate));
  const open = () => wanted.filter((disk) => !pairs.some(({ from }) => from === disk));
  const take = (from: Disk, to: PresentDisk, reason: MatchReason) => void pairs.push({ from, to, reason });
  for (const [old, now] of options.map) {
    const from = wanted.find((disk) => namesOf(disk).includes(old));
    const to = present.find(({ disk }) => namesOf(disk).includes(now));
    if (from === undefined) problems.push(`the machine has no disk "${old}"`);
    else if (to === undefined) problems.push(`there is no disk "${now}" here`);
    else if (to.lockedBecause !== undefined) problems.push(`disk "${now}" may not be written to: ${to.lockedBecause}`);
    else take(from, to, "named by you");
  }
  for (const [key, reason] of IDENTITIES) {
    for (const disk of open()) {
      const identity = disk.identity[key];
      const same = identity === undefined ? [] : free().filter((candidate) => candidate.disk.identity[key] === identity);
      // Cheap disks of one batch may share a number; then it says nothing.
      if (same.length === 1) take(disk, same[0]!, reason);
    }
  }
  for (const disk of open()) {
    const choice = choose(disk, free(), options.neededBytes(disk));
    if ("problem" in choice) problems.push(choice.problem);
    else take(disk, choice.to, choice.reason);
  }
  return problems.length === 0 ? { isMatched: true, pairs } : { isMatched: false, problems };
}

const IDENTITIES: readonly (readonly ["wwid" | "serial", MatchReason])[] = [
  ["wwid", "same wwid"],
  ["serial", "same serial"],
];

/** What a person may call a disk. */
export function namesOf({ id, identity }: Disk): readonly string[] {
  return [id, `/dev/${id}`, identity.serial, identity.wwid].filter((name) => name !== undefined);
}

function usable({ disk, lockedBecause }: PresentDisk, { excluded }: MatchOptions): boolean {
  return lockedBecause === undefined && !namesOf(disk).some((name) => excluded.includes(name));
}

type Choice = { readonly to: PresentDisk; readonly reason: MatchReason } | { readonly problem: string };

/** A new disk in the place of one that is gone: only when there is no doubt which. */
function choose(disk: Disk, candidates: readonly PresentDisk[], neededBytes: number): Choice {
  const fitting = candidates.filter(({ disk: { sizeBytes } }) => sizeBytes >= neededBytes);
  const sameSize = fitting.filter(({ disk: { sizeBytes } }) => sizeBytes === disk.sizeBytes);
  const alike = sameSize.filter(({ disk: { identity } }) => identity.driver === disk.identity.driver);
  if (alike.length === 1) return { to: alike[0]!, reason: "same size and driver" };
  if (alike.length === 0 && sameSize.length === 1) return { to: sameSize[0]!, reason: "same size" };
  if (sameSize.length === 0 && fitting.length === 1) return { to: fitting[0]!, reason: "the only one that is large enough" };
  const name = `disk ${disk.id} (${describeIdentity(disk)})`;
  if (fitting.length === 0) return { problem: `${name} needs ${neededBytes} bytes, and ${tooSmall(candidates, neededBytes)}` };
  const list = fitting.map((candidate) => `${candidate.disk.id} (${describeIdentity(candidate.disk)})`).join(", ");
  return { problem: `${name} may go to any of ${list}: say which, with --map ${disk.id}=SERIAL` };
}

function tooSmall(candidates: readonly PresentDisk[], neededBytes: number): string {
  const largest = [...candidates].sort((a, b) => b.disk.sizeBytes - a.disk.sizeBytes)[0];
  if (largest === undefined) return "there is no disk that may be written to";
  return `the largest, ${largest.disk.id}, has ${largest.disk.sizeBytes}: ${neededBytes - largest.disk.sizeBytes} bytes are missing`;
}

export function describeIdentity({ identity, sizeBytes }: Disk): string {
  const size = `${(sizeBytes / 2 ** 30).toFixed(1)} GiB`;
  const serial = identity.serial === undefined ? "no serial" : `serial ${identity.serial}`;
  return [size, identity.model, serial].filter((part) => part !== undefined).join(", ");
}
