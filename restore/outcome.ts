// What a restore has come to, and whether the machine may be left to itself. Pure.

import type { OpenSet } from "../set/open-set.ts";
import type { RestoreReport } from "./restore-machine.ts";

export type Afterwards = "reboot" | "poweroff" | "shell";

type Outcome = Pick<RestoreReport, "differences" | "lost" | "lostUnnamed">;

/** Of a machine, or of single files. */
export interface Losses {
  readonly lost: readonly string[];
  readonly lostUnnamed: number | "unknown";
}

export function lostSomething({ lost, lostUnnamed }: Losses): boolean {
  return lost.length > 0 || lostUnnamed !== 0;
}

/**
 * Files that differ, which nobody could expect, always wait for an operator. Losses, which were accepted, do too, unless what follows
 * was named: the usual reboot would go on as if all were well.
 */
export function whatFollows(outcome: Outcome, asked: Afterwards | undefined): Afterwards {
  if (outcome.differences.length > 0) return "shell";
  return asked ?? (lostSomething(outcome) ? "shell" : "reboot");
}

/** What is wrong with the machine, one line each; none for one that is as it was. */
export function warningsAfter(outcome: Outcome): readonly string[] {
  const advice = "look at the list before you trust the machine";
  return [
    ...(outcome.differences.length > 0 ? [`files differ from the set: ${advice}`] : []),
    ...(lostSomething(outcome) ? [`files were lost to damage: ${advice}`] : []),
  ];
}

/** Paths that damage took together with their names: how many, where it is known. */
export function unnamedLosses({ rebuilt }: OpenSet): number | "unknown" {
  return rebuilt === undefined ? 0 : (rebuilt.unnamed ?? "unknown");
}
