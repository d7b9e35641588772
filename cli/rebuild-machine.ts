// `lifeboat restore SET` in the rescue system: the plan, consent, gate, restore.

import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { nowMs, sleep, utcNow } from "#os/clock";
import { LifeboatError, type ExitCode } from "#os/error";
import { run } from "#os/exec";
import { exists, openAppender, readBytes } from "#os/files";
import { askKeys, requireOpening, sameKey, type LuksKeys } from "../restore/luks-keys.ts";
import { notedMediumLock } from "../restore/medium-lock.ts";
import { lostSomething, whatFollows, warningsAfter, type Afterwards } from "../restore/outcome.ts";
import { prepareRestore, type PreparedRestore, type PrepareOptions } from "../restore/prepare.ts";
import { releaseDisk } from "../restore/release-disk.ts";
import type { RestoreEnvironment } from "../restore/engine.ts";
import { runRestore, type RunOptions } from "../restore/run-restore.ts";
import { refuseUnattended } from "../restore/unattended.ts";
import { IMAGE_MANIFEST_PATH } from "../set/image-manifest.ts";
import type { OpenSet } from "../set/open-set.ts";
import { shownLine } from "../ui/plain-text.ts";
import { planText } from "../ui/plan-text.ts";
import { restoreDetails, restoredLine } from "../ui/restore-text.ts";
import { askCards, type AskLine } from "./ask-cards.ts";
import { countDown, type KeyInput } from "./count-down.ts";
import { textOption, type Invocation, type OptionValues } from "./command-spec.ts";
import { openForRestore } from "./open-for-restore.ts";
import { readPlanOptions } from "./plan-options.ts";
import { progressPrinter } from "./progress-printer.ts";

const COUNTDOWN_SECONDS = 20;

/** Where the machine that is being restored is mounted, and what there is to talk to. */
export interface RebuildSurroundings {
  readonly root: string;
  /** The agent's. */
  readonly logPath: string;
  sleep(milliseconds: number): Promise<void>;
  readonly keys: KeyInput;
  readonly ask: AskLine;
  /** Nothing is shown of what is typed. Undefined when nobody answers. */
  askHidden(question: string): Promise<string | undefined>;
  end(action: "reboot" | "poweroff"): Promise<void>;
}

const RESCUE_SYSTEM: RebuildSurroundings = {
  root: "/mnt/lifeboat",
  logPath: "/var/log/lifeboat.log",
  sleep,
  keys: process.stdin,
  ask: (question) => askOnce(question, process.stdin, process.stderr),
  askHidden: (question) => askHidden(question, process.stdin, process.stderr),
  end: async (action) => void (await run(["busybox", action])),
};

export async function rebuildMachine(path: string, invocation: Invocation): Promise<ExitCode> {
  const { options, print } = invocation;
  if (!(await exists(`/${IMAGE_MANIFEST_PATH}`))) {
    throw new LifeboatError("Cannot restore a whole machine as that happens in the rescue system: this is none", {
      exitCode: 2,
      hint: "Boot the rescue medium; or give --only PATH and --to DIR for single files",
    });
  }
  const set = await openForRestore(path, invocation);
  const planOptions = { ...readPlanOptions(options), locks: await notedMediumLock() };
  const prepared = await prepareWithCards(set, planOptions, isAttended(options) ? RESCUE_SYSTEM.ask : undefined);
  if (options["json"] !== true) print(planText(prepared));
  return rebuildPrepared(prepared, invocation, RESCUE_SYSTEM);
}

function isAttended(options: OptionValues): boolean {
  return options["nuke"] !== true && options["json"] !== true;
}

/** Planned again with what a person says of network cards. */
async function prepareWithCards(set: OpenSet, options: PrepareOptions, ask: AskLine | undefined): Promise<PreparedRestore> {
  let prepared = await prepareRestore(set, options);
  if (ask === undefined || prepared.plan.openCards.length === 0) return prepared;
  await askCards(async (named) => {
    if (named.size > 0) prepared = await prepareRestore(set, { ...options, cards: new Map([...(options.cards ?? []), ...named]) });
    return prepared.plan.openCards;
  }, ask);
  return prepared;
}

/** From consent on. */
export async function rebuildPrepared(
  prepared: PreparedRestore,
  invocation: Invocation,
  surroundings: RebuildSurroundings,
): Promise<ExitCode> {
  const { options, print, remark } = invocation;
  const passphrases = await luksKeys(prepared, options, surroundings);
  await askConsent(prepared, invocation, surroundings);
  const report = await runRestore(prepared, runOptions(options), { ...environmentOf(invocation, surroundings), passphrases });
  const lines = () => [...restoreDetails(report).map((line) => `  ${line}`), restoredLine(report)].join("\n");
  print(options["json"] === true ? JSON.stringify(report) : lines());
  for (const line of warningsAfter(report)) remark(line);
  const next = whatFollows(report, afterwards(options));
  if (next !== "shell") await surroundings.end(next);
  return report.differences.length === 0 && !lostSomething(report) && prepared.set.remarks === undefined ? 0 : 1;
}

async function luksKeys(prepared: PreparedRestore, options: OptionValues, { askHidden: ask }: RebuildSurroundings): Promise<LuksKeys> {
  const { plan, luksHeaders } = prepared;
  const file = textOption(options, "luks-key");
  if (file === undefined) return askKeys(plan, ask, luksHeaders);
  const keys = sameKey(plan, await readBytes(file));
  await requireOpening(plan, keys, luksHeaders);
  return keys;
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
function environmentOf({ remark, status }: Invocation, { root, logPath }: RebuildSurroundings): RestoreEnvironment {
  const log = openAppender(logPath);
  const note = (line: string) => log.append(`${utcNow()} ${line}\n`);
  return {
    root,
    say(line) {
      note(line);
      remark(shownLine(line));
    },
    note,
    progress: progressPrinter(status),
    release: releaseDisk,
    nowMs,
    now: utcNow,
    logPath,
  };
}

/** Consent is an act: the word, typed now, or the option, typed on the command line (DESIGN section 8, rule 4). */
async function askConsent(
  prepared: PreparedRestore,
  { options, remark, status }: Invocation,
  surroundings: RebuildSurroundings,
): Promise<void> {
  const disks = prepared.plan.matches.map(({ disk }) => disk.path).join(", ");
  if (options["nuke"] === true) {
    refuseAgain(prepared, textOption(options, "again"));
    refuseUnattended(prepared);
    remark(`everything on ${disks} is lost in ${COUNTDOWN_SECONDS} s; any key stops it`);
    const left = (seconds: number) => status(`${seconds} s until the disks are erased; any key stops it`);
    const { keys, sleep: wait } = surroundings;
    if (!(await countDown({ seconds: COUNTDOWN_SECONDS, input: keys, left, sleep: wait }))) throw disagreed("a key was pressed");
    return;
  }
  const answer = await surroundings.ask(`Type nuke to erase ${disks} and restore: `);
  if (answer.trim() !== "nuke") throw disagreed("the word was not typed");
}

/** A restored machine is not erased a second time by a command that was kept. */
function refuseAgain({ isDone, isUnseen, set: { manifest } }: PreparedRestore, again: string | undefined): void {
  if (again === manifest.id) return;
  if (isUnseen === true) {
    throw new LifeboatError(
      `Cannot restore unattended as a set is restored once: whether ${manifest.id} was restored to these disks cannot be seen before they are opened`,
      { hint: `Nothing has been written. Give --again ${manifest.id}, or restore without --nuke and type the word` },
    );
  }
  if (!isDone) return;
  throw new LifeboatError(`Cannot restore unattended as a set is restored once: the disks carry the mark of ${manifest.id}`, {
    hint: `Nothing has been written. Start from the disk; or give --again ${manifest.id}, or restore without --nuke and type the word`,
  });
}

function disagreed(state: string): LifeboatError {
  return new LifeboatError(`Cannot restore as it must be agreed to: ${state}`, { hint: "Nothing has been written" });
}

/** One line; "" at the end of the input, where readline's own promise would never settle. */
export async function askOnce(question: string, input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<string> {
  const reader = createInterface({ input, output });
  const isClosed = new Promise<string>((resolve) => void reader.once("close", () => resolve("")));
  try {
    return await Promise.race([reader.question(question), isClosed]);
  } finally {
    reader.close();
  }
}

/** As askOnce(), with nothing shown of the answer; undefined at the end of the input. */
export async function askHidden(
  question: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<string | undefined> {
  output.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: silent, terminal: true });
  const isClosed = new Promise<undefined>((resolve) => void reader.once("close", () => resolve(undefined)));
  try {
    return await Promise.race([reader.question(""), isClosed]);
  } finally {
    reader.close();
    output.write("\n");
  }
}
