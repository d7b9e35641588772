// Reads frames and compares their digests, before anything depends on them: the gate's longest check.

import type { OpenSet, PlacedFrame } from "../set/open-set.ts";
import { checksInOrder } from "../set/read-frames.ts";

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
  for await (const { frame, damage } of checksInOrder(set, frames)) {
    if (damage !== undefined) damaged.push({ frame, why: damage });
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
