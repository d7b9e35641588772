// `lifeboat restore SET` in the rescue system: the plan, consent, gate, restore.

import { createInterface } from "node:readline/promises";
import { nowMs, sleep, utcNow } from "#os/clock";
import { LifeboatError, type ExitCode } from "#os/error";
import { run } from "#os/exec";
import { exists, openAppender } from "#os/files";
import { notedMediumLock } from "../restore/medium-lock.ts";
import { lostSomething, whatFollows, warningsAfter, type Afterwards } from "../restore/outcome.ts";
import { prepareRestore, type PreparedRestore } from "../restore/prepare.ts";
import { releaseDisk } from "../restore/release-disk.ts";
import type { RestoreEnvironment } from "../restore/engine.ts";
import { runRestore, type RunOptions } from "../restore/run-restore.ts";
import { refuseUnattended } from "../restore/unattended.ts";
import { IMAGE_MANIFEST_PATH } from "../set/image-manifest.ts";
import { planText } from "../ui/plan-text.ts";
import { restoreDetails, restoredLine } from "../ui/restore-text.ts";
import { textOption, type Invocation, type OptionValues } from "./command-spec.ts";
import { openForRestore } from "./open-for-restore.ts";
import { readPlanOptions } from "./plan-options.ts";
import { progressPrinter } from "./progress-printer.ts";

const LOG_PATH = "/var/log/lifeboat.log";
const ROOT = "/mnt/lifeboat";
const COUNTDOWN_SECONDS = 20;

export async function rebuildMachine(path: string, invocation: Invocation): Promise<ExitCode> {
  const { options, print, remark } = invocation;
  if (!(await exists(`/${IMAGE_MANIFEST_PATH}`))) {
    throw new LifeboatError("Cannot restore a whole machine as that happens in the rescue system: this is none", {
      exitCode: 2,
      hint: "Boot the rescue medium; or give --only PATH and --to DIR for single files",
    });
  }
  const isJson = options["json"] === true;
  const set = await openForRestore(path, options, remark);
  const prepared = await prepareRestore(set, { ...readPlanOptions(options), locks: await notedMediumLock() });
  if (!isJson) print(planText(prepared));
  await askConsent(prepared, invocation);
  const report = await runRestore(prepared, runOptions(options), environmentOf(invocation));
  print(isJson ? JSON.stringify(report) : [...restoreDetails(report).map((line) => `  ${line}`), restoredLine(report)].join("\n"));
  for (const line of warningsAfter(report)) remark(line);
  const next = whatFollows(report, afterwards(options));
  if (next !== "shell") await run(["busybox", next]);
  return report.differences.length === 0 && !lostSomething(report) && set.remarks === undefined ? 0 : 1;
}

function afterwards(options: OptionValues): Afterwards | undefined {
  const then = textOption(options, "then");
  return then === "reboot" || then === "poweroff" || then === "shell" ? then : undefined;
}

function runOptions(options: OptionValues): RunOptions {
  return {
    gateMode: textOption(options, "gate") === "quick" ? "quick" : "full",
    acceptDamage: options["accept-damage"] === true,
    check: options["no-check"] !== true,
  };
}

/** What is said goes to the agent's log too. */
function environmentOf({ remark, status }: Invocation): RestoreEnvironment {
  const log = openAppender(LOG_PATH);
  const note = (line: string) => log.append(`${utcNow()} ${line}\n`);
  return {
    root: ROOT,
    say(line) {
      note(line);
      remark(line);
    },
    note,
    progress: progressPrinter(status),
    release: releaseDisk,
    nowMs,
    now: utcNow,
    logPath: LOG_PATH,
  };
}

/** Consent is an act: the word, typed now, or the option, typed on the command line (DESIGN section 8, rule 4). */
async function askConsent(prepared: PreparedRestore, { options, remark }: Invocation): Promise<void> {
  const disks = prepared.plan.matches.map(({ disk }) => disk.path).join(", ");
  if (options["nuke"] === true) {
    refuseUnattended(prepared);
    remark(`everything on ${disks} is lost in ${COUNTDOWN_SECONDS} s; Ctrl-C stops it`);
    return sleep(COUNTDOWN_SECONDS * 1000);
  }
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question(`Type nuke to erase ${disks} and restore: `);
  ask.close();
  if (answer.trim() === "nuke") return;
  throw new LifeboatError("Cannot restore as it must be agreed to: the word was not typed", { hint: "Nothing has been written" });
}
