// All file systems of a plan, mounted and unmounted.

import { run } from "#os/exec";
import type { RestoreEnvironment } from "./engine.ts";
import type { Plan } from "./plan.ts";
import { mountStep } from "./run-step.ts";

export async function mountAll({ steps }: Plan, { root }: RestoreEnvironment, mode: "ro" | "rw"): Promise<void> {
  for (const step of steps) if (step.kind === "mount") await mountStep(step, root, mode);
}

/** Last mounted, first unmounted. */
export async function unmountAll({ steps }: Plan, { root }: RestoreEnvironment): Promise<void> {
  await run(["sync"]);
  const places = steps.flatMap((step) => (step.kind === "mount" ? [step.path === "/" ? root : `${root}${step.path}`] : []));
  for (const place of places.reverse()) await run(["umount", place], { okCodes: [0, 1, 32] });
}
