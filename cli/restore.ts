// `lifeboat restore SET`: files of a set on a running system; the whole machine in the rescue system.

import { resolve } from "node:path";
import { LifeboatError } from "#os/error";
import { restoreFiles } from "../restore/restore-files.ts";
import { filesReport } from "../ui/restore-text.ts";
import { FORCE_OPTION, JSON_OPTION, listOption, textOption, type CommandSpec, type Invocation, type OptionSpec } from "./command-spec.ts";
import { openForRestore } from "./open-for-restore.ts";
import { printPlan } from "./plan.ts";
import { progressPrinter } from "./progress-printer.ts";
import { PLAN_OPTIONS } from "./plan-options.ts";
import { rebuildMachine } from "./rebuild-machine.ts";

const RESTORE_OPTIONS: readonly OptionSpec[] = [
  { name: "only", value: "PATH", many: true, description: "Bring back this path with all below it; may be given again", inConfig: false },
  { name: "to", value: "DIR", type: "path", description: "Where the files appear, below their whole paths", inConfig: false },
  {
    name: "accept-damage",
    description: "Bring back what is whole of a damaged set; what is lost is listed, and the exit code is 1",
    inConfig: false,
  },
  FORCE_OPTION,
  ...PLAN_OPTIONS,
  { name: "dry-run", description: "Show the plan and write nothing, as lifeboat plan does", inConfig: false },
  { name: "nuke", description: "In the rescue system: go through with it after a countdown, without asking", inConfig: false },
  {
    name: "gate",
    value: "WHICH",
    choices: ["full", "quick"],
    description: "Read all of the set before the first write, or samples",
    defaultText: "full",
    inConfig: false,
  },
  {
    name: "then",
    value: "WHAT",
    choices: ["reboot", "poweroff", "shell"],
    description: "In the rescue system: what follows a restore without differences",
    defaultText: "reboot",
    inConfig: false,
  },
  { name: "no-check", description: "Do not read the restored files back; the report names it", inConfig: false },
  JSON_OPTION,
];

export const restoreCommand: CommandSpec = {
  name: "restore",
  summary: "Bring back files of a set, or in the rescue system the whole machine",
  description:
    "With --only and --to it brings files back below a directory, with owners, modes, times, attributes and links, and reads only what it needs of the " +
    "set. In the rescue system, without --only, it shows the plan, asks, and rebuilds the machine.",
  args: [{ name: "SET", required: true, isPath: true, description: "A set, an ISO image with one, or a directory that holds sets" }],
  options: RESTORE_OPTIONS,
  examples: [
    { command: "lifeboat restore /mnt/backup --only /etc --to /tmp/old", says: "/etc of the newest set, in /tmp/old/etc" },
    { command: "lifeboat restore /mnt/backup --dry-run", says: "what a restore of the machine would do" },
  ],
  async run(invocation) {
    const { options, args } = invocation;
    if (listOption(options, "only").length > 0) return restoreSome(invocation);
    if (options["dry-run"] === true) return printPlan(invocation);
    return rebuildMachine(args[0] ?? "", invocation);
  },
};

async function restoreSome({ args: [path = ""], options, print, remark, status }: Invocation): Promise<0 | 1> {
  const to = textOption(options, "to");
  if (to === undefined) {
    throw new LifeboatError("Cannot restore files as the place for them must be said: no --to", {
      exitCode: 2,
      hint: "Give --to DIR; --to / puts them back where they were",
    });
  }
  const set = await openForRestore(path, options, remark);
  const outcome = await restoreFiles({
    set,
    only: listOption(options, "only").map((one) => resolve("/", one)),
    to,
    overwrite: options["force"] === true,
    acceptDamage: options["accept-damage"] === true,
    progress: progressPrinter(status),
  });
  print(options["json"] === true ? JSON.stringify({ set: set.manifest.id, ...outcome }) : filesReport(set.manifest.id, outcome));
  const isWhole = outcome.differences.length === 0 && outcome.lost.length === 0 && set.remarks === undefined;
  return isWhole ? 0 : 1;
}
