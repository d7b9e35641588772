// What a restore that nobody watches must not begin: the machine would be written, rebooted, and not start.

import { LifeboatError } from "#os/error";
import type { Machine } from "../machine/model.ts";
import { commandLineProblems } from "./plan-command-line.ts";
import { fstabProblems } from "./plan-fstab.ts";
import { lvmFilterProblems } from "./plan-lvm.ts";
import { devicePaths } from "./plan-stack.ts";
import type { Plan } from "./plan.ts";

export interface Planned {
  readonly machine: Machine;
  readonly plan: Plan;
}

/** Throws LifeboatError (3) when a person has to see to the machine before it starts; the plan's warnings have the same lines. */
export function refuseUnattended({ machine, plan: { layout, matches, replaced } }: Planned): void {
  const moves = { devices: devicePaths(layout, matches), matches, replaced: new Map(replaced) };
  const made = { ...machine, layout };
  const problems = [...commandLineProblems(made, moves, machine.layout), ...fstabProblems(made, moves), ...lvmFilterProblems(made, moves)];
  if (problems.length === 0) return;
  throw new LifeboatError(`Cannot restore unattended as the machine must start by itself afterwards: ${problems.join("; ")}`, {
    hint: "Nothing has been written. Restore from the rescue shell: lifeboat restore, and the word typed; then see to what is named before the machine starts",
  });
}
