// For work that nobody watches: a loader may bring the next tape by itself, or somebody comes by.

import { NOBODY, refusalText, requestText, type MediumChanger } from "./medium-changer.ts";

export interface Patience {
  nowMs(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Told what is waited for. */
  say(line: string): void;
}

const LIMIT_MS = 15 * 60_000;
const LOOK_MS = 5000;

/** Throws what `NOBODY` throws when nothing has come for a quarter of an hour, or where a drive cannot tell. */
export function patientChanger({ nowMs, sleep, say }: Patience): MediumChanger {
  return {
    async next(request) {
      const { arrived } = request;
      // A tape may come by a loader; discs are changed by people alone.
      if (arrived === undefined || request.what === "disc") return NOBODY.next(request);
      const refusal = refusalText(request);
      if (refusal !== undefined) say(refusal);
      say(requestText(request));
      for (const endMs = nowMs() + LIMIT_MS; nowMs() < endMs;) {
        await sleep(LOOK_MS);
        const place = await arrived();
        if (place !== undefined) return place;
      }
      return NOBODY.next({ ...request, problem: request.problem ?? `nothing has come for ${LIMIT_MS / 60_000} minutes` });
    },
  };
}
