// The nuke mode after the stages: the plan, a countdown that any key stops, the restore, and what follows (DESIGN section 8, rule 4).

import { nowMs, sleep, utcNow } from "#os/clock";
import { LifeboatError } from "#os/error";
import type { RestoreEnvironment, RestoreProgress } from "../restore/engine.ts";
import { releaseDisk } from "../restore/release-disk.ts";
import { runRestore } from "../restore/run-restore.ts";
import { planText } from "../ui/plan-text.ts";
import { progressLine } from "../ui/progress-line.ts";
import { restoreDetails, restoredLine } from "../ui/restore-text.ts";
import { LOG_PATH } from "./console.ts";
import type { AgentContext } from "./context.ts";
import { leave } from "./operator.ts";
import { restoreWords } from "./restore-words.ts";

const COUNTDOWN_SECONDS = 20;
export const RESTORED_ROOT = "/mnt/lifeboat";

/** Returns when the operator is needed: it was stopped, refused, has failed, or a shell was asked for. */
export async function runNuke(context: AgentContext): Promise<void> {
  const { words, state, console } = context;
  if (state.restore === undefined) return;
  const { prepared, found } = state.restore;
  const options = restoreWords(words);
  for (const line of planText(prepared).split("\n")) console.say(`lifeboat: ${line}`);
  if (prepared.isDone && options.again !== prepared.set.manifest.id) {
    console.say(`lifeboat: restore refused: these disks carry the mark that ${prepared.set.manifest.id} was restored to them`);
    console.say(`lifeboat:   Take the medium out and boot from the disk, or add lifeboat.again=${prepared.set.manifest.id}`);
    return;
  }
  if (!(await countDown(context))) return console.say("lifeboat: stopped by a key: nothing has been written");
  try {
    const report = await runRestore(prepared, options, environmentOf(context));
    await found.close();
    for (const line of restoreDetails(report)) console.say(`lifeboat:   ${line}`);
    console.say(restoredLine(report));
    if (report.differences.length > 0)
      return console.say("lifeboat: files differ from the set: look at the list before you boot the machine");
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    console.say(`lifeboat: restore ${error.exitCode === 4 ? "failed" : "refused"} (${error.exitCode}): ${error.message}`);
    if (error.hint !== undefined) console.say(`lifeboat:   ${error.hint}`);
    return;
  }
  if (options.afterwards !== "shell") await leave(context, options.afterwards);
}

/** False when a key was pressed on any console. */
async function countDown({ console }: AgentContext): Promise<boolean> {
  const pressed: string[] = [];
  for (const { terminal } of console.screens) {
    terminal.onKeys((keys) => void pressed.push(keys));
    terminal.take();
  }
  const endMs = nowMs() + COUNTDOWN_SECONDS * 1000;
  console.say(`lifeboat: nuke begins in ${COUNTDOWN_SECONDS} s; any key stops it`);
  while (pressed.length === 0 && nowMs() < endMs) {
    const left = Math.ceil((endMs - nowMs()) / 1000);
    for (const screen of console.screens) screen.draw([`${left} s until the disks are erased; any key stops it`]);
    await sleep(250);
  }
  for (const screen of console.screens) screen.draw([]);
  return pressed.length === 0;
}

/** A slow serial line takes one line a second. */
const DRAW_MS = 1000;

function environmentOf({ console }: AgentContext): RestoreEnvironment {
  let drawnMs = 0;
  let startMs = 0;
  let what = "";
  const draw = (state: RestoreProgress | undefined) => {
    if (state === undefined) {
      for (const screen of console.screens) screen.draw([]);
      return;
    }
    if (state.what !== what) startMs = nowMs();
    what = state.what;
    if (nowMs() < drawnMs + DRAW_MS) return;
    drawnMs = nowMs();
    const line = progressLine({ ...state, files: undefined, elapsedMs: nowMs() - startMs });
    for (const screen of console.screens) screen.draw([line]);
  };
  return {
    root: RESTORED_ROOT,
    say: console.say,
    note: console.note,
    progress: draw,
    release: releaseDisk,
    nowMs,
    now: utcNow,
    logPath: LOG_PATH,
  };
}
