// Progress on a terminal: one line, drawn again five times a second at most.

import { nowMs } from "#os/clock";
import { progressLine } from "../ui/progress-line.ts";
import type { Invocation } from "./command-spec.ts";

export interface ProgressState {
  readonly what: string;
  readonly doneBytes: number;
  readonly allBytes: number;
  readonly files?: number;
}

const INTERVAL_MS = 200;

/** Call it as often as you like; with undefined at the end. The clock of each kind of work begins with its first state. */
export function progressPrinter(status: Invocation["status"]): (state: ProgressState | undefined) => void {
  let shownMs = 0;
  let startMs = 0;
  let what = "";
  return (state) => {
    if (state === undefined) return status("");
    const now = nowMs();
    if (state.what !== what) {
      what = state.what;
      startMs = now;
    } else if (now < shownMs + INTERVAL_MS) {
      return;
    }
    shownMs = now;
    status(progressLine({ ...state, files: state.files, elapsedMs: now - startMs }));
  };
}
