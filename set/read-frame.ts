// One frame of a set: its stored bytes checked, and its content.

import { decompress } from "#os/compression";
import { digestOfBytes } from "#os/digest";
import { LifeboatError } from "#os/error";
import type { OpenSet, PlacedFrame } from "./open-set.ts";

export type FrameCheck =
  | { readonly isWhole: true; readonly stored: Uint8Array }
  /** Why, in words that follow a colon. */
  | { readonly isWhole: false; readonly why: string };

/** Never throws for damage; a medium that fails to read counts as damage too. */
export async function checkFrame({ source }: OpenSet, frame: PlacedFrame): Promise<FrameCheck> {
  try {
    if ((await source.sizeOf(frame.volume)) === undefined) return { isWhole: false, why: `volume ${frame.volume} is missing` };
    const stored = await source.read(frame.volume, frame.offset, frame.storedBytes);
    if (stored.length !== frame.storedBytes) return { isWhole: false, why: `volume ${frame.volume} ends before it` };
    if (digestOfBytes(stored) !== frame.digest) return { isWhole: false, why: "its digest is another" };
    return { isWhole: true, stored };
  } catch (error) {
    if (error instanceof LifeboatError) return { isWhole: false, why: error.message };
    throw error;
  }
}

/** Throws LifeboatError (5) for damage. */
export async function readFrame(set: OpenSet, frame: PlacedFrame): Promise<Uint8Array> {
  const check = await checkFrame(set, frame);
  if (check.isWhole) return decompress(check.stored, set.manifest.codec, frame.contentBytes);
  throw new LifeboatError(
    `Cannot read frame ${frame.number} of "${set.source.description}" as it must be as it was written: ${check.why}`,
    { exitCode: 5, hint: `It begins in "${frame.firstPath}"; --accept-damage brings back all files that are not in it` },
  );
}
