// What a restore has come to, and whether the machine may be left to itself. Pure.

import type { OpenSet } from "../set/open-set.ts";
import type { RestoreReport } from "./restore-machine.ts";

export type Afterwards = "reboot" | "poweroff" | "shell";

type Outcome = Pick<RestoreReport, "differences" | "lost" | "lostUnnamed">;

export function lostSomething({ lost, lostUnnamed }: Pick<Outcome, "lost" | "lostUnnamed">): boolean {
  return lost.length > 0 || lostUnnamed !== 0;
}

/** Only a machine that is as it was starts by itself; else somebody looks at the lists first. */
export function whatFollows(outcome: Outcome, asked: Afterwards): Afterwards {
  return outcome.differences.length > 0 || lostSomething(outcome) ? "shell" : asked;
}

/** Why nothing follows, one line each; none for a machine that is as it was. */
export function whyNothingFollows(outcome: Outcome): readonly string[] {
  const advice = "look at the list before you boot the machine";
  return [
    ...(outcome.differences.length > 0 ? [`files differ from the set: ${advice}`] : []),
    ...(lostSomething(outcome) ? [`files were lost to damage: ${advice}`] : []),
  ];
}

/** Paths that damage took together with their names: how many, where it is known. */
export function unnamedLosses({ rebuilt }: OpenSet): number | "unknown" {
  return rebuilt === undefined ? 0 : (rebuilt.unnamed ?? "unknown");
}
