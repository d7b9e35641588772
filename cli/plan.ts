// `lifeboat plan SET`: what a restore would do here, and nothing else.

import type { ExitCode } from "#os/error";
import { notedMediumLock } from "../restore/medium-lock.ts";
import { prepareRestore } from "../restore/prepare.ts";
import { planText } from "../ui/plan-text.ts";
import { JSON_OPTION, SET_ARGUMENT, type CommandSpec, type Invocation } from "./command-spec.ts";
import { ACCEPT_DAMAGE_OPTION, openForRestore, withoutAcceptedHint } from "./open-for-restore.ts";
import { PLAN_OPTIONS, readPlanOptions } from "./plan-options.ts";

export const planCommand: CommandSpec = {
  name: "plan",
  summary: "Show what a restore of a set would do to the disks that are here",
  description:
    "Prints which disk takes the place of which, what is on them now and would be lost, what is left alone, and every step. Nothing is written. " +
    "Disks that are in use are never part of a plan, so it makes most sense in the rescue system.",
  args: [SET_ARGUMENT],
  options: [ACCEPT_DAMAGE_OPTION, ...PLAN_OPTIONS, JSON_OPTION],
  examples: [{ command: "lifeboat plan /mnt/backup", says: "the plan for the newest set" }],
  run: (invocation) => withoutAcceptedHint(invocation.options, () => printPlan(invocation)),
};

/** For `plan` and `restore --dry-run`. */
export async function printPlan(invocation: Invocation): Promise<ExitCode> {
  const {
    args: [path = ""],
    options,
    print,
  } = invocation;
  const set = await openForRestore(path, invocation);
  const prepared = await prepareRestore(set, { ...readPlanOptions(options), locks: await notedMediumLock() });
  const { plan, resumeAt, notResumed, isDone } = prepared;
  print(options["json"] === true ? JSON.stringify({ ...plan, resumeAt, notResumed, isDone }) : planText(prepared));
  return set.remarks === undefined ? 0 : 1;
}
