// `lifeboat restore SET`: files of a set on a running system; the whole machine in the rescue system.

import type { ExitCode } from "#os/error";
import { lostSomething } from "../restore/outcome.ts";
import { planFiles, restoreFiles, type FilesOutcome, type FilesPlan, type FilesRequest } from "../restore/restore-files.ts";
import { jsonName, printable } from "../set/catalogue.ts";
import { filesReport, lossLines, plannedLine } from "../ui/restore-text.ts";
import { JSON_OPTION, listOption, textOption, SET_ARGUMENT, type CommandSpec, type Invocation, type OptionSpec } from "./command-spec.ts";
import { ACCEPT_DAMAGE_OPTION, openForRestore, withoutAcceptedHint } from "./open-for-restore.ts";
import { checkRules, type OptionRule } from "./option-rules.ts";
import { printPlan } from "./plan.ts";
import { progressPrinter } from "./progress-printer.ts";
import { PLAN_OPTIONS } from "./plan-options.ts";
import { rebuildMachine } from "./rebuild-machine.ts";

const RESTORE_OPTIONS: readonly OptionSpec[] = [
  {
    name: "only",
    value: "PATH",
    many: true,
    takesBytes: true,
    description: "Bring back this path with all below it, also as list prints it; may be given again",
    inConfig: false,
  },
  {
    name: "to",
    value: "DIR",
    type: "path",
    description: "Where the files appear, below their whole paths; made when only its last name is new",
    inConfig: false,
  },
  ACCEPT_DAMAGE_OPTION,
  { name: "force", description: "Replace files that are in the way", inConfig: false },
  ...PLAN_OPTIONS,
  {
    name: "dry-run",
    description: "Write nothing: show the plan as lifeboat plan does, or with --only what would be written",
    inConfig: false,
  },
  { name: "nuke", description: "In the rescue system: go through with it after a countdown, without asking", inConfig: false },
  {
    name: "again",
    value: "SET",
    description: "With --nuke: restore this set although the disks carry the mark that it was restored to them",
    inConfig: false,
  },
  {
    name: "gate",
    value: "WHICH",
    choices: ["full", "quick"],
    description: "Read all of the set before the first write, or samples; with --accept-damage all in any case",
    defaultText: "full",
    inConfig: false,
  },
  {
    name: "then",
    value: "WHAT",
    choices: ["reboot", "poweroff", "shell"],
    description: "In the rescue system: what follows; a shell in any case when files differ from the set",
    defaultText: "reboot, or a shell when files were lost to damage",
    inConfig: false,
  },
  {
    name: "luks-key",
    value: "FILE",
    type: "path",
    description:
      "In the rescue system: encrypt LUKS volumes with the content of this file instead of asking for passphrases; a volume whose header is in the set must open with it",
    inConfig: false,
  },
  { name: "no-check", description: "Do not read the restored files back; the report names it", inConfig: false },
  JSON_OPTION,
];

const ABOUT_MACHINES = [...PLAN_OPTIONS.map(({ name }) => name), "nuke", "again", "gate", "then", "luks-key"];
const OF_A_RESTORE = ["nuke", "again", "gate", "then", "no-check", "luks-key"];

export const RESTORE_RULES: readonly OptionRule[] = [
  { option: "only", excludes: ABOUT_MACHINES, because: "files are brought back without any disk being changed" },
  { option: "only", needs: "to", because: "the place for files must be said, / for where they were" },
  { option: "to", needs: "only", because: "it is for files, and a whole machine goes to its disks" },
  { option: "force", needs: "only", because: "it is for files, and a whole machine replaces what is on its disks" },
  { option: "dry-run", excludes: OF_A_RESTORE, because: "nothing is restored" },
  { option: "again", needs: "nuke", because: "whoever types the word nuke has seen the warning" },
];

export const restoreCommand: CommandSpec = {
  name: "restore",
  summary: "Bring back files of a set, or in the rescue system the whole machine",
  description:
    "With --only and --to it brings files back below a directory, with owners, modes, times, attributes, inode flags and links, and reads only what it " +
    "needs of the set. In the rescue system, without --only, it shows the plan, asks, and rebuilds the machine.",
  args: [SET_ARGUMENT],
  options: RESTORE_OPTIONS,
  examples: [
    { command: "lifeboat restore /mnt/backup --only /etc --to /tmp/old", says: "/etc of the newest set, in /tmp/old/etc" },
    { command: "lifeboat restore /mnt/backup --dry-run", says: "what a restore of the machine would do" },
  ],
  async run(invocation) {
    const { options, args } = invocation;
    checkRules(RESTORE_RULES, options);
    return withoutAcceptedHint(options, async () => {
      if (listOption(options, "only").length > 0) return restoreSome(invocation);
      return options["dry-run"] === true ? printPlan(invocation) : rebuildMachine(args[0] ?? "", invocation);
    });
  },
};

async function restoreSome(invocation: Invocation): Promise<ExitCode> {
  const { options, args, remark, status } = invocation;
  const set = await openForRestore(args[0] ?? "", invocation);
  const request: FilesRequest = {
    set,
    only: listOption(options, "only"),
    to: textOption(options, "to") ?? "/",
    overwrite: options["force"] === true,
    acceptDamage: options["accept-damage"] === true,
    check: options["no-check"] !== true,
    progress: progressPrinter(status),
    tellLoss: ({ lost, lostUnnamed }) => remark(lossLines({ lost: lost.map(printable), lostUnnamed }).join("\n")),
  };
  const isDry = options["dry-run"] === true;
  const outcome = await (isDry ? planFiles(request) : restoreFiles(request));
  if ("files" in outcome) await printFilesPlan(outcome, invocation);
  else printOutcome(set.manifest.id, outcome, invocation);
  const differs = "differences" in outcome && outcome.differences.length > 0;
  return differs || lostSomething(outcome) || set.remarks !== undefined ? 1 : 0;
}

function printOutcome(id: string, outcome: FilesOutcome, { options, print }: Invocation): void {
  if (options["json"] !== true) return print(filesReport(id, outcome));
  const { lost, differences, ...facts } = outcome;
  const named = differences.map(({ path, what }) => (path === "" ? { what } : { ...jsonName("path", path), what }));
  print(JSON.stringify({ set: id, ...facts, lost: lost.map((path) => jsonName("path", path)), differences: named }));
}

/** One line each, so that nothing is held however many they are. */
async function printFilesPlan({ files, lost, lostUnnamed }: FilesPlan, { options, print, remark }: Invocation): Promise<void> {
  const isJson = options["json"] === true;
  for await (const { entry, replaces } of files()) {
    print(isJson ? JSON.stringify({ ...jsonName("path", entry.path), type: entry.type, replaces }) : plannedLine(entry.path, replaces));
  }
  if (lostSomething({ lost, lostUnnamed })) remark(lossLines({ lost: lost.map(printable), lostUnnamed }).join("\n"));
}
