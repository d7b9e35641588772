// How far a long work has come, in the last line of every console.

import type { RestoreProgress } from "../restore/engine.ts";
import { progressLine } from "../ui/progress-line.ts";
import type { Console } from "./console.ts";

/** A slow serial line takes one line a second. */
const DRAW_MS = 1000;

/** Undefined clears the line. */
export function progressDrawer(console: Pick<Console, "screens">, nowMs: () => number): (state: RestoreProgress | undefined) => void {
  let drawnMs = 0;
  let startMs = 0;
  let what = "";
  return (state) => {
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
}
