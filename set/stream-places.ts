// Places in the tar stream of a set: frames laid end to end.

import type { PlacedFrame } from "./open-set.ts";

/** Where each frame's content begins in the stream, and where the last one ends. */
export function frameStarts(frames: readonly PlacedFrame[]): readonly number[] {
  const starts = [0];
  for (const { contentBytes } of frames) starts.push(starts[starts.length - 1]! + contentBytes);
  return starts;
}

export function streamPlace(starts: readonly number[], { frame, offset }: { readonly frame: number; readonly offset: number }): number {
  return (starts[frame] ?? Number.POSITIVE_INFINITY) + offset;
}
