// What goes on while the operator works: drivers for what is plugged in, its disks read-only, and the search for the medium.

import { sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { coldplug } from "./coldplug.ts";
import { withoutRepeats } from "./console.ts";
import type { AgentContext } from "./context.ts";
import type { StageSignal } from "./stage.ts";
import { findMedium } from "./stages/media.ts";
import { MEDIUM_MUST_STAY } from "./stages/additional-tools.ts";

export interface WatchOptions {
  setStatus(status: string): void;
  /** Runs the stages that waited for the medium. */
  takeIn(): Promise<void>;
}

const PAUSE_MS = 2000;
/** No stage is running. */
const LAST_LOOK: StageSignal = { over: true, deadlineMs: 0, hold: (waiting) => waiting };

/** Never ends. What fails is noted once, and tried again. */
export async function watch(context: AgentContext, options: WatchOptions): Promise<void> {
  const quiet = { ...context, console: withoutRepeats(context.console) };
  for (;;) {
    options.setStatus(statusOf(context));
    await sleep(PAUSE_MS);
    try {
      await coldplug(quiet);
      if (isWaiting(context) && (await lookOnce(quiet))) await options.takeIn();
    } catch (error) {
      quiet.console.note(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
}

/** `interactive` goes on polling for a medium; once one has been refused, the operator says when to look again. */
function isWaiting({ words, state, image }: AgentContext): boolean {
  return words.mode === "interactive" && image.tools !== undefined && !state.toolsTakenIn && !state.mediumRefused;
}

/** How things stand, in one line for the menu; "" when all is well. */
export function statusOf(context: AgentContext): string {
  const { state, image } = context;
  if (isWaiting(context)) return `Waiting for the CD, USB disk or server of build ${image.buildId}`;
  if (state.mediumMustStay) return `There is too little memory for a copy of the tools: ${MEDIUM_MUST_STAY}`;
  return state.toolsTakenIn || image.tools === undefined ? "" : "Without the tools layer: only what the initramfs has";
}

/** One look at everything that is there. */
async function lookOnce(context: AgentContext): Promise<boolean> {
  try {
    return (await findMedium(context, LAST_LOOK)).kind === "ok";
  } catch (error) {
    if (error instanceof LifeboatError) return false;
    throw error;
  }
}
