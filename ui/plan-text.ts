// The plan as people read it before anything is written: disks, what is lost, what is kept, the steps.

import { describeStep } from "../restore/describe-step.ts";
import type { Plan } from "../restore/plan.ts";
import type { PreparedRestore } from "../restore/prepare.ts";

export function planText({ plan, machine, resumeAt, isDone }: Pick<PreparedRestore, "plan" | "machine" | "resumeAt" | "isDone">): string {
  const { hostName, inspectedAt, system } = machine;
  return [
    `${plan.setId}: ${hostName}, ${system.prettyName}, as of ${inspectedAt}`,
    ...plan.matches.map(matchLine),
    ...plan.lost.map((line) => `  lost      ${line}`),
    ...plan.kept.map((line) => `  kept      ${line}`),
    ...plan.warnings.map((line) => `  warning   ${line}`),
    ...(isDone ? [`  warning   this set was restored to these disks already`] : []),
    ...(resumeAt === undefined
      ? []
      : [`  resumed   an extraction was broken off: the layout is kept, and it goes on at frame ${resumeAt}`]),
    "  steps",
    ...plan.steps.map((step, index) => `  ${String(index + 1).padStart(3)}  ${describeStep(step)}`),
  ].join("\n");
}

function matchLine({ from, disk, reason }: Plan["matches"][number]): string {
  const about = [disk.model, disk.serial === undefined ? undefined : `serial ${disk.serial}`]
    .filter((part) => part !== undefined)
    .join(", ");
  return `  disk      ${from} goes to ${disk.path} (${(disk.sizeBytes / 2 ** 30).toFixed(1)} GiB${about === "" ? "" : `, ${about}`}): ${reason}`;
}
