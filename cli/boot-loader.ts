// `lifeboat boot-loader SET`, in the rescue system: only what makes the machine start, on disks that hold it already (MondoRescue's --mbr).

import { nowMs, utcNow } from "#os/clock";
import { LifeboatError, type ExitCode } from "#os/error";
import { describeStep } from "../restore/describe-step.ts";
import type { RestoreEnvironment } from "../restore/engine.ts";
import { notedMediumLock } from "../restore/medium-lock.ts";
import type { BootStep, Step } from "../restore/plan.ts";
import { prepareRestore } from "../restore/prepare.ts";
import { releaseDisk } from "../restore/release-disk.ts";
import { runStep } from "../restore/run-step.ts";
import { shownLine } from "../ui/plain-text.ts";
import { SET_ARGUMENT, type CommandSpec, type Invocation } from "./command-spec.ts";
import { MACHINE_ROOT, mountedSet, requireRescueSystem } from "./mount.ts";
import { openForRestore } from "./open-for-restore.ts";
import { PLAN_OPTIONS, readPlanOptions } from "./plan-options.ts";

const BOOT_KINDS: ReadonlySet<Step["kind"]> = new Set<BootStep["kind"]>([
  "check-initramfs",
  "install-boot-loader",
  "install-efi-grub",
  "install-extlinux",
  "copy-esp",
  "write-boot-entry",
]);

function isBootStep(step: Step): step is BootStep {
  return BOOT_KINDS.has(step.kind);
}

export const bootLoaderCommand: CommandSpec = {
  name: "boot-loader",
  summary: "In the rescue system: install the boot loader again, and nothing else",
  description:
    "Runs those steps of a restore that make the machine start: initramfs where its drivers are not inside, GRUB or extlinux, the firmware's boot entries. The machine must be " +
    "mounted by lifeboat mount --write. What is on its file systems stays.",
  args: [SET_ARGUMENT],
  options: PLAN_OPTIONS,
  examples: [{ command: "lifeboat boot-loader /mnt/backup", says: "after lifeboat mount --write /mnt/backup" }],
  async run(invocation): Promise<ExitCode> {
    await requireRescueSystem("install the boot loader of");
    const mounted = await mountedSet("install the boot loader of");
    const set = await openForRestore(invocation.args[0] ?? "", invocation);
    const { id } = set.manifest;
    if (mounted !== id) {
      throw new LifeboatError(`Cannot install the boot loader as the machine must be mounted from the same set: ${mounted} is`, {
        hint: `lifeboat unmount, then lifeboat mount --write with ${id}`,
      });
    }
    const prepared = await prepareRestore(set, { ...readPlanOptions(invocation.options), locks: await notedMediumLock() });
    const steps = prepared.plan.steps.filter(isBootStep);
    if (steps.length === 0) {
      invocation.print(`nothing to do: ${id} has no boot loader that is installed`);
      return 0;
    }
    for (const { disk } of prepared.plan.matches) await releaseDisk(disk);
    const problems: string[] = [];
    const environment = environmentOf(invocation, id);
    for (const step of steps) {
      invocation.print(describeStep(step));
      const context = {
        setId: id,
        machine: prepared.machine,
        environment,
        changed: new Map(),
        remark: (line: string) => void problems.push(line),
      };
      for (const { path, why, remains } of await runStep(step, context)) {
        invocation.print(`  changed ${path}: ${why}`);
        if (remains !== undefined) problems.push(`${path}: ${remains}`);
      }
    }
    for (const problem of problems) invocation.remark(problem);
    return problems.length === 0 ? 0 : 1;
  },
};

function environmentOf({ remark }: Invocation, setId: string): RestoreEnvironment {
  const say = (line: string) => remark(shownLine(line));
  return {
    root: MACHINE_ROOT,
    say,
    note: () => undefined,
    progress: () => undefined,
    release: releaseDisk,
    nowMs,
    now: utcNow,
    logPath: `/run/lifeboat/boot-loader-${setId}.log`,
  };
}
