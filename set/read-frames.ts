// The contents of many frames in order, read and unpacked ahead on all processors.

import { decompress, PROCESSORS } from "#os/compression";
import { LifeboatError } from "#os/error";
import type { OpenSet, PlacedFrame } from "./open-set.ts";
import { checkFrame } from "./read-frame.ts";

export interface FrameContent {
  readonly frame: PlacedFrame;
  readonly content: Uint8Array | undefined;
  readonly why: string;
}

/** Reads ahead so that all processors have work; content is undefined for a damaged frame. */
export async function* framesInOrder(set: OpenSet, frames: readonly PlacedFrame[]): AsyncGenerator<FrameContent> {
  const underWay: Promise<FrameContent>[] = [];
  for (const frame of frames) {
    const content = frameContent(set, frame);
    content.catch(() => undefined);
    underWay.push(content);
    if (underWay.length > PROCESSORS + 1) yield await underWay.shift()!;
  }
  for (const content of underWay) yield await content;
}

async function frameContent(set: OpenSet, frame: PlacedFrame): Promise<FrameContent> {
  const check = await checkFrame(set, frame);
  if (!check.isWhole) return { frame, content: undefined, why: check.why };
  try {
    return { frame, content: await decompress(check.stored, set.manifest.codec, frame.contentBytes), why: "" };
  } catch (error) {
    if (error instanceof LifeboatError) return { frame, content: undefined, why: error.message };
    throw error;
  }
}
