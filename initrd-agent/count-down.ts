// The last moment before the disks are erased: seconds on every console, and any key stops it (DESIGN section 8, rule 4).

import type { Console } from "./console.ts";

export interface Clock {
  nowMs(): number;
  sleep(milliseconds: number): Promise<void>;
}

const COUNTDOWN_SECONDS = 20;
const LOOK_MS = 250;

/** False when a key was pressed on any console. */
export async function countDown({ screens, say }: Pick<Console, "screens" | "say">, { nowMs, sleep }: Clock): Promise<boolean> {
  const pressed: string[] = [];
  for (const { terminal } of screens) {
    terminal.onKeys((keys) => void pressed.push(keys));
    terminal.take();
  }
  const endMs = nowMs() + COUNTDOWN_SECONDS * 1000;
  say(`lifeboat: nuke begins in ${COUNTDOWN_SECONDS} s; any key stops it`);
  while (pressed.length === 0 && nowMs() < endMs) {
    const left = Math.ceil((endMs - nowMs()) / 1000);
    for (const screen of screens) screen.draw([`${left} s until the disks are erased; any key stops it`]);
    await sleep(LOOK_MS);
  }
  for (const screen of screens) screen.draw([]);
  return pressed.length === 0;
}
