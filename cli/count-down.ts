// A countdown at a terminal that any key stops (DESIGN section 8, rule 4).

import type { Readable } from "node:stream";

/** Standard input, as far as it is needed. */
export interface KeyInput extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
}

export interface Countdown {
  readonly seconds: number;
  readonly input: KeyInput;
  /** Told each time that the seconds have become fewer. */
  left(seconds: number): void;
  sleep(milliseconds: number): Promise<void>;
}

const TURN_MS = 250;

/** False when a key was pressed. What is no terminal has no keys. */
export async function countDown({ seconds, input, left, sleep }: Countdown): Promise<boolean> {
  const pressed: unknown[] = [];
  const stop = (keys: unknown) => void pressed.push(keys);
  const isTerminal = input.isTTY === true;
  if (isTerminal) {
    input.setRawMode?.(true);
    input.on("data", stop);
    input.resume();
  }
  for (let goneMs = 0; goneMs < seconds * 1000 && pressed.length === 0; goneMs += TURN_MS) {
    if (goneMs % 1000 === 0) left(seconds - goneMs / 1000);
    await sleep(TURN_MS);
  }
  if (isTerminal) {
    input.off("data", stop);
    input.setRawMode?.(false);
    input.pause();
  }
  left(0);
  return pressed.length === 0;
}
