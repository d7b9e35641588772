// Reads frames and compares their digests, before anything depends on them: the gate's longest check.

import type { OpenSet, PlacedFrame } from "../set/open-set.ts";
import { checkFrame } from "../set/read-frame.ts";

export interface DamagedFrame {
  readonly frame: PlacedFrame;
  readonly why: string;
}

/** Those that are not as they were written. `progress` is told the bytes read so far. */
export async function checkFrames(
  set: OpenSet,
  frames: readonly PlacedFrame[],
  progress: (storedBytes: number) => void,
): Promise<readonly DamagedFrame[]> {
  const damaged: DamagedFrame[] = [];
  let storedBytes = 0;
  // The next one is read while this one is digested.
  let ahead = frames[0] === undefined ? undefined : checkFrame(set, frames[0]);
  for (const [index, frame] of frames.entries()) {
    const current = ahead;
    const next = frames[index + 1];
    ahead = next === undefined ? undefined : checkFrame(set, next);
    const check = await current!;
    if (!check.isWhole) damaged.push({ frame, why: check.why });
    storedBytes += frame.storedBytes;
    progress(storedBytes);
  }
  return damaged;
}

/** For `gate=quick`: the first and the last of each volume, and every twentieth. */
export function sampleFrames(frames: readonly PlacedFrame[]): readonly PlacedFrame[] {
  return frames.filter((frame, index) => {
    const isEdge = frames[index - 1]?.volume !== frame.volume || frames[index + 1]?.volume !== frame.volume;
    return isEdge || index % 20 === 0;
  });
}
