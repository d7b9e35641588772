// The nuke mode after the stages: the plan, a countdown that any key stops, the restore, and what follows (DESIGN section 8, rule 4).

import { nowMs, sleep, utcNow } from "#os/clock";
import { LifeboatError } from "#os/error";
import type { RestoreEnvironment } from "../restore/engine.ts";
import { whatFollows, warningsAfter } from "../restore/outcome.ts";
import { releaseDisk } from "../restore/release-disk.ts";
import type { RestoreReport } from "../restore/restore-machine.ts";
import { runRestore } from "../restore/run-restore.ts";
import { planText } from "../ui/plan-text.ts";
import { restoreDetails, restoredLine } from "../ui/restore-text.ts";
import { LOG_PATH, type Console } from "./console.ts";
import type { AgentContext } from "./context.ts";
import { countDown, type Clock } from "./count-down.ts";
import { leave } from "./operator.ts";
import { progressDrawer } from "./progress-drawer.ts";
import { restoreWords, type RestoreWords } from "./restore-words.ts";

/** Where the machine that is being restored is mounted, and how time goes by. */
export interface NukeSurroundings extends Clock {
  readonly root: string;
}

const RESCUE_SYSTEM: NukeSurroundings = { root: "/mnt/lifeboat", nowMs, sleep };

/** Returns when the operator is needed: it was stopped, refused, has failed, or a shell was asked for. */
export async function runNuke(context: AgentContext, surroundings = RESCUE_SYSTEM): Promise<void> {
  const { words, state, console } = context;
  if (state.restore === undefined) return;
  const { prepared } = state.restore;
  const options = restoreWords(words);
  for (const line of planText(prepared).split("\n")) console.say(`lifeboat: ${line}`);
  if (prepared.isDone && options.again !== prepared.set.manifest.id) {
    console.say(`lifeboat: restore refused: these disks carry the mark that ${prepared.set.manifest.id} was restored to them`);
    console.say(`lifeboat:   Take the medium out and boot from the disk, or add lifeboat.again=${prepared.set.manifest.id}`);
    return;
  }
  if (prepared.isUnseen === true && options.again !== prepared.set.manifest.id) {
    console.say(
      `lifeboat: restore refused: whether ${prepared.set.manifest.id} was restored to these disks already cannot be seen before they are opened`,
    );
    console.say(`lifeboat:   To go on, add lifeboat.again=${prepared.set.manifest.id}; else take the medium out and boot from the disk`);
    return;
  }
  if (!(await countDown(console, surroundings))) return console.say("lifeboat: stopped by a key: nothing has been written");
  const report = await restore(context, options, surroundings);
  if (report === undefined) return;
  for (const line of restoreDetails(report)) console.say(`lifeboat:   ${line}`);
  console.say(restoredLine(report));
  for (const line of warningsAfter(report)) console.say(`lifeboat: ${line}`);
  const next = whatFollows(report, options.afterwards);
  if (next !== "shell") await leave(context, next, surroundings.sleep);
}

/** Undefined when it was refused or has failed, which has been said; the set stays at hand for another try from the shell. */
async function restore(
  { console, state }: AgentContext,
  options: RestoreWords,
  surroundings: NukeSurroundings,
): Promise<RestoreReport | undefined> {
  const { prepared, found, passphrases } = state.restore!;
  try {
    const report = await runRestore(prepared, options, { ...environmentOf(console, surroundings), passphrases });
    await found.close().catch((error: Error) => console.note(error.message));
    return report;
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    console.say(`lifeboat: restore ${error.exitCode === 4 ? "failed" : "refused"} (${error.exitCode}): ${error.message}`);
    if (error.hint !== undefined) console.say(`lifeboat:   ${error.hint}`);
    return undefined;
  }
}

function environmentOf(console: Console, { root, nowMs: clockMs }: NukeSurroundings): RestoreEnvironment {
  return {
    root,
    say: console.say,
    note: console.note,
    progress: progressDrawer(console, clockMs),
    release: releaseDisk,
    nowMs: clockMs,
    now: utcNow,
    logPath: LOG_PATH,
  };
}
