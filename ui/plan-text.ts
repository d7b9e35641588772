// The plan as people read it before anything is written: disks, what is lost, what is kept, the steps.

import { describeStep } from "../restore/describe-step.ts";
import type { Plan } from "../restore/plan.ts";
import type { PreparedRestore } from "../restore/prepare.ts";
import { shownLine } from "./plain-text.ts";

type Planned = Pick<PreparedRestore, "plan" | "machine" | "resumeAt" | "notResumed" | "isDone">;

export function planText({ plan, machine, resumeAt, notResumed, isDone }: Planned): string {
  const { hostName, inspectedAt, system } = machine;
  return [
    `${plan.setId}: ${hostName}, ${system.prettyName}, as of ${inspectedAt}`,
    ...plan.matches.map(matchLine),
    ...plan.changes.map((line) => `  changed   ${line}`),
    ...plan.lost.map((line) => `  lost      ${line}`),
    ...plan.kept.map((line) => `  kept      ${line}`),
    ...plan.warnings.map((line) => `  warning   ${line}`),
    ...(isDone ? [`  warning   this set was restored to these disks already`] : []),
    ...(resumeAt === undefined
      ? []
      : [`  resumed   an extraction was broken off: the layout is kept, and it goes on at frame ${resumeAt}`]),
    ...(notResumed === undefined ? [] : [`  anew      a restore was broken off here, and its journal is not followed: ${notResumed}`]),
    "  steps",
    ...plan.steps.map((step, index) => `  ${String(index + 1).padStart(3)}  ${describeStep(step)}`),
  ]
    .map(shownLine)
    .join("\n");
}

function matchLine({ from, disk, reason }: Plan["matches"][number]): string {
  const paths = disk.multipath?.paths ?? [];
  const about = [
    disk.model,
    disk.serial === undefined ? undefined : `serial ${disk.serial}`,
    paths.length < 2 ? undefined : `one of its paths ${paths.join(", ")}`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
  return `  disk      ${from} goes to ${disk.path} (${(disk.sizeBytes / 2 ** 30).toFixed(1)} GiB${about === "" ? "" : `, ${about}`}): ${reason}`;
}
