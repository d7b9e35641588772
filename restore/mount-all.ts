// All file systems of a plan, mounted and unmounted.

import { sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { inspectMountTable } from "../machine/inspect-mounts.ts";
import type { RestoreEnvironment } from "./engine.ts";
import type { Plan, Step } from "./plan.ts";
import { mountStep, placeOf } from "./run-step.ts";

export async function mountAll({ steps }: Plan, { root }: RestoreEnvironment, mode: "ro" | "rw"): Promise<void> {
  for (const step of steps.filter(isMount)) await mountStep(step, root, mode);
}

/** Unmounts all and mounts it in the other mode. Returns where something is in use, and stays mounted as it was. */
export async function mountAgain(plan: Plan, environment: RestoreEnvironment, mode: "ro" | "rw"): Promise<readonly string[]> {
  await unmountAll(plan, environment);
  const mounted = new Set((await inspectMountTable()).map(({ target }) => target));
  const isBusy = (step: MountStep) => mounted.has(placeOf(step, environment.root));
  const steps = plan.steps.filter(isMount);
  for (const step of steps) if (!isBusy(step)) await mountPatiently(step, environment.root, mode);
  return steps.filter(isBusy).map(({ path }) => path);
}

const BUSY = /already mounted or mount point busy/;
const TRIES = 20;
const PAUSE_MS = 500;

/** A program that is about to end may still have it in a mount namespace of its own, and then the kernel takes it in no other mode. */
async function mountPatiently(step: MountStep, root: string, mode: "ro" | "rw"): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await mountStep(step, root, mode);
    } catch (error) {
      if (!(error instanceof LifeboatError && BUSY.test(error.message)) || tries === TRIES) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** Last mounted, first unmounted. */
export async function unmountAll({ steps }: Plan, { root }: RestoreEnvironment): Promise<void> {
  await run(["sync"]);
  for (const step of steps.filter(isMount).reverse()) await run(["umount", placeOf(step, root)], { okCodes: [0, 1, 32] });
}

type MountStep = Extract<Step, { kind: "mount" }>;

function isMount(step: Step): step is MountStep {
  return step.kind === "mount";
}
