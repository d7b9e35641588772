// Asks for the next disc or tape at the terminal of a command.

import { createInterface } from "node:readline/promises";
import type { Readable } from "node:stream";
import { nowMs, sleep } from "#os/clock";
import { refusalText, requestText, type MediumChanger, type MediumRequest } from "../media/medium-changer.ts";
import { patientChanger } from "../media/patient-changer.ts";
import { MissingMedium } from "../set/set-source.ts";

export interface ChangerTerminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
  sleep(milliseconds: number): Promise<void>;
}

const STANDARD: ChangerTerminal = { input: process.stdin, output: process.stderr, sleep };

/** Enter looks into the same drive, the name of another one there; what comes into a drive is seen by itself. */
export function terminalChanger(terminal = STANDARD): MediumChanger {
  if (terminal.input.isTTY !== true)
    return patientChanger({ nowMs, sleep: terminal.sleep, say: (line) => void terminal.output.write(`lifeboat: ${line}\n`) });
  return {
    async next(request) {
      const { output } = terminal;
      // In the place of a line that shows progress.
      if (output.isTTY === true) output.write("\r\u001b[K");
      const refusal = refusalText(request);
      if (refusal !== undefined) output.write(`lifeboat: ${refusal}\n`);
      const answered = new AbortController();
      const question = `${requestText(request)} and press Enter, or name another drive: `;
      try {
        const answer = await Promise.race([ask(terminal, question, answered.signal), comes(request, terminal, answered.signal)]);
        if (answer === undefined) throw stopped(request);
        return answer.trim() === "" ? request.place : answer.trim();
      } finally {
        answered.abort();
      }
    },
  };
}

/** Undefined at the end of the input. */
async function ask({ input, output }: ChangerTerminal, question: string, signal: AbortSignal): Promise<string | undefined> {
  const reader = createInterface({ input, output });
  const isClosed = new Promise<undefined>((resolve) => void reader.once("close", () => resolve(undefined)));
  signal.addEventListener("abort", () => reader.close());
  return Promise.race([reader.question(question), isClosed]);
}

const LOOK_MS = 2000;

/** Never resolves where nothing tells. */
async function comes({ arrived }: MediumRequest, { output, sleep: wait }: ChangerTerminal, signal: AbortSignal): Promise<string> {
  if (arrived === undefined) return new Promise(() => undefined);
  for (;;) {
    await wait(LOOK_MS);
    if (signal.aborted) return new Promise(() => undefined);
    const place = await arrived();
    if (place === undefined) continue;
    output.write("\n");
    return place;
  }
}

function stopped(request: MediumRequest): MissingMedium {
  return new MissingMedium(`Cannot go on as somebody must answer: "${requestText(request)}" has no answer`, {
    hint: "Start it again at a terminal",
  });
}
