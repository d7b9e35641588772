// Many frames in order, read, compared with their digests and unpacked ahead on all processors.

import { PROCESSORS } from "#os/compression";
import { sharedBytes } from "#os/thread-pool";
import { startUnpackThreads, type UnpackThreads } from "#os/unpack-threads";
import type { OpenSet, PlacedFrame } from "./open-set.ts";
import { damageText } from "./set-source.ts";

export interface FrameContent {
  readonly frame: PlacedFrame;
  /** Valid until the next frame is asked for; undefined for a damaged one. */
  readonly content: Uint8Array | undefined;
  /** What is damaged, in words that follow a colon. */
  readonly why: string;
}

export interface FrameCheck {
  readonly frame: PlacedFrame;
  /** In words that follow a colon; undefined when it is whole. */
  readonly damage: string | undefined;
}

export interface ReadOptions {
  /** All digests were compared a moment ago: what codecs check by themselves will do. */
  readonly areChecked?: boolean;
}

/** Never throws for damage; a medium that fails to read counts as damage too. */
export async function* framesInOrder(
  set: OpenSet,
  frames: readonly PlacedFrame[],
  { areChecked = false }: ReadOptions = {},
): AsyncGenerator<FrameContent> {
  const wanted = { digest: !areChecked || set.manifest.codec === "none", content: true };
  for await (const { frame, memory, damage } of inOrder(set, frames, wanted)) {
    yield { frame, content: damage === undefined ? memory.content(frame.contentBytes) : undefined, why: damage ?? "" };
  }
}

/** Digests alone are compared. */
export function checksInOrder(set: OpenSet, frames: readonly PlacedFrame[]): AsyncGenerator<FrameCheck> {
  return inOrder(set, frames, { digest: true, content: false });
}

/** What is to be done with a frame that has been read. */
interface Wanted {
  readonly digest: boolean;
  readonly content: boolean;
}

type FrameDone = FrameCheck & { readonly memory: FrameMemory };

/** Has so many frames under way that all processors have work. The memory is used again when the next one is asked for. */
async function* inOrder(set: OpenSet, frames: readonly PlacedFrame[], wanted: Wanted): AsyncGenerator<FrameDone> {
  await using threads = startUnpackThreads(set.manifest.codec);
  const free: FrameMemory[] = [];
  const volumes = new Set<string>();
  const underWay: Promise<FrameDone>[] = [];
  const start = (frame: PlacedFrame) => {
    const memory = free.pop() ?? frameMemory();
    const done = readFrame(set, frame, { memory, threads, wanted, volumes }).then((damage) => ({ frame, memory, damage }));
    done.catch(() => undefined);
    underWay.push(done);
  };
  const finish = async function* () {
    const done = await underWay.shift()!;
    yield done;
    free.push(done.memory);
  };
  for (const frame of frames) {
    start(frame);
    if (underWay.length > PROCESSORS + 1) yield* finish();
  }
  while (underWay.length > 0) yield* finish();
}

interface ReadJob {
  readonly memory: FrameMemory;
  readonly threads: UnpackThreads;
  readonly wanted: Wanted;
  /** Those that are known to be files. */
  readonly volumes: Set<string>;
}

/** What is damaged. */
async function readFrame(
  { source }: OpenSet,
  frame: PlacedFrame,
  { memory, threads, wanted, volumes }: ReadJob,
): Promise<string | undefined> {
  const { volume, offset, storedBytes, contentBytes } = frame;
  try {
    if (!volumes.has(volume) && (await source.sizeOf(volume)) === undefined) return `volume ${volume} is missing`;
    volumes.add(volume);
    const stored = memory.stored(storedBytes);
    if ((await source.read(volume, offset, stored)).length !== storedBytes) return `volume ${volume} ends before it`;
    const digest = wanted.digest ? frame.digest : undefined;
    return await threads.unpack({ stored, digest, room: wanted.content ? memory.content(contentBytes) : undefined });
  } catch (error) {
    return damageText(error);
  }
}

/** What a frame needs, in memory that threads see; made once, and as large as the largest. */
interface FrameMemory {
  stored(sizeBytes: number): Uint8Array;
  content(sizeBytes: number): Uint8Array;
}

function frameMemory(): FrameMemory {
  return { stored: growing(), content: growing() };
}

function growing(): (sizeBytes: number) => Uint8Array {
  let bytes = sharedBytes(0);
  return (sizeBytes) => {
    if (bytes.length < sizeBytes) bytes = sharedBytes(sizeBytes);
    return bytes.subarray(0, sizeBytes);
  };
}
