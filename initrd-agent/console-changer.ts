// Asks for the next disc or tape on every console of the rescue system; whichever answers counts.

import { refusalText, requestText, type MediumChanger, type MediumRequest } from "../media/medium-changer.ts";
import type { Console } from "./console.ts";
import type { Clock } from "./count-down.ts";

const TURN_MS = 250;
const LOOK_MS = 2000;

/** It waits as long as it takes, also where nobody was meant to be needed: what is missing stands on all consoles. */
export function consoleChanger({ screens, say }: Pick<Console, "screens" | "say">, { nowMs, sleep }: Clock): MediumChanger {
  return {
    async next(request) {
      const refusal = refusalText(request);
      if (refusal !== undefined) say(`lifeboat: ${refusal}`);
      say(`lifeboat: ${requestText(request)}`);
      const pressed: string[] = [];
      for (const { terminal } of screens) {
        terminal.onKeys((keys) => void pressed.push(keys));
        terminal.take();
      }
      for (const screen of screens) screen.draw([waitingText(request)]);
      try {
        return await answer(request, { nowMs, sleep, pressed });
      } finally {
        for (const screen of screens) screen.draw([]);
      }
    },
  };
}

/** In one line of 80 columns. */
function waitingText({ what, number, place }: MediumRequest): string {
  const wanted = number === "last" ? `the last ${what}` : `${what} ${number}`;
  return `Waiting for ${wanted} in ${place}; Enter on any console looks at once`;
}

async function answer(
  { place, arrived }: MediumRequest,
  { nowMs, sleep, pressed }: Clock & { readonly pressed: readonly string[] },
): Promise<string> {
  let lookedMs = nowMs();
  for (;;) {
    if (pressed.some((keys) => /[\r\n]/.test(keys))) return place;
    if (nowMs() >= lookedMs + LOOK_MS) {
      lookedMs = nowMs();
      const came = await arrived?.();
      if (came !== undefined) return came;
    }
    await sleep(TURN_MS);
  }
}
