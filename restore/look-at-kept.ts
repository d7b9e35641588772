// What stays on its disks, looked at before the first write: arrays, LUKS volumes and groups that are to be opened can be, and the file systems on
// them are the machine's.

import { run } from "#os/exec";
import type { RestoreEnvironment } from "./engine.ts";
import { normalised } from "./foreign-data.ts";
import type { Plan, Step } from "./plan.ts";
import { WITHOUT_UDEV } from "./run-stack.ts";
import { closeCommand, lookCommand } from "./stack-commands.ts";

type OpenDevice = Extract<Step, { readonly kind: "open-device" }>;

/** One sentence each, which follow a colon. Nothing is written, and nothing stays open. */
export async function keptProblems(
  plan: Plan,
  { passphrases, note }: Pick<RestoreEnvironment, "passphrases" | "note">,
): Promise<readonly string[]> {
  const opened: OpenDevice[] = [];
  const problems: string[] = [];
  try {
    for (const step of plan.steps) {
      if (step.kind !== "open-device" || !canBeLookedAt(step, plan)) continue;
      const key = step.stacked.kind === "luks" ? passphrases?.get(step.stacked.id) : undefined;
      const why = await run(lookCommand(step), { env: WITHOUT_UDEV, ...(key === undefined ? {} : { input: key }) }).then(
        () => undefined,
        (error: Error) => error.message,
      );
      // What stands on it cannot be opened either.
      if (why !== undefined) return [`"${step.stacked.id}" must open as it is to stay: ${why}`];
      opened.push(step);
    }
    if (opened.length > 0) problems.push(...(await strangers(plan)));
  } finally {
    await close(opened, note);
  }
  return problems;
}

/** A thin pool is not opened without being written to. */
function canBeLookedAt({ stacked }: OpenDevice, { layout }: Plan): boolean {
  if (stacked.kind !== "volume-group") return true;
  return !layout.stack.some((one) => one.kind === "logical-volume" && one.volumeGroup === stacked.id && one.form.type === "thin-pool");
}

/** Kept file systems that are others than the machine's. */
async function strangers({ steps, layout, keptPaths }: Plan): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const step of steps) {
    if (step.kind !== "mount" || !keptPaths.includes(step.path)) continue;
    const device = layout.mounts.find(({ path }) => path === step.path)?.device;
    const wanted = layout.fileSystems.find((one) => one.device === device)?.uuid;
    if (wanted === undefined || !isOnStack(device, layout)) continue;
    const { stdout } = await run(["blkid", "-c", "/dev/null", "-p", "-s", "UUID", "-o", "value", step.device], { okCodes: [0, 2] });
    const found = stdout.trim();
    if (normalised(found) === normalised(wanted)) continue;
    problems.push(
      `${step.path} on ${step.device} was to stay, and is not the machine's: its UUID is ${found === "" ? "none" : found} instead of ${wanted}`,
    );
  }
  return problems;
}

/** Of what is on a partition the planner has seen the UUID. */
function isOnStack(device: string | undefined, { stack }: Plan["layout"]): boolean {
  return stack.some(({ id, kind }) => id === device && kind !== "volume-group");
}

async function close(opened: readonly OpenDevice[], note: RestoreEnvironment["note"]): Promise<void> {
  for (const step of [...opened].reverse()) {
    const command = closeCommand(step.stacked, step.device, step.on);
    if (command !== undefined) await run(command, { env: WITHOUT_UDEV }).catch((error: Error) => note(error.message));
  }
}
