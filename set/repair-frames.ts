// A volume's frame list made again: from what can be read of the list, and from the volume itself, whose frames tell where they end.

import { decompress, gzipMemberAt } from "#os/compression";
import { algorithmOf, digestOfBytes } from "#os/digest";
import { LifeboatError } from "#os/error";
import { zstdFrameAt } from "../formats/zstd-frame.ts";
import { FRAME_LIMIT_BYTES, soundFrames, type Frame } from "./frame-list.ts";
import { volumeName, type SetManifest } from "./set-manifest.ts";
import type { SetSource } from "./set-source.ts";

export interface DamagedList {
  readonly source: SetSource;
  readonly codec: SetManifest["codec"];
  /** Of the volume, from 1. */
  readonly volume: number;
  /** The damaged list; "" when there is none. */
  readonly text: string;
  /** The number of the volume's first frame. */
  readonly firstNumber: number;
}

/**
 * A line counts when its digest is that of the bytes that it names; between such lines the volume is walked from frame to frame, and what
 * unpacks is a frame. What is neither stands in the list as a frame whose digest is wrong. `firstMember` is what a line says, which no
 * digest vouches for.
 */
export async function repairFrames(damaged: DamagedList): Promise<readonly Frame[]> {
  const { source, codec, volume, firstNumber } = damaged;
  const lines = [...soundFrames(damaged.text)].sort((a, b) => a.offset - b.offset);
  const list: Repair = { ...damaged, lines };
  const sizeBytes = await source.sizeOf(volumeName(volume, codec));
  // Without the volume all is lost that was in it, and the lines tell how much that was.
  if (sizeBytes === undefined) return numbered(lines, firstNumber);
  const frames: Frame[] = [];
  for (let at = 0; at < sizeBytes;) {
    const frame = (await vouchedFor(list, at)) ?? (await walked(list, at)) ?? (await listedAlone(list, at, sizeBytes));
    const found = frame === undefined ? await gap(list, { at, sizeBytes, number: firstNumber + frames.length }) : [frame];
    frames.push(...found);
    at = Math.max(...found.map(({ offset, storedBytes }) => offset + storedBytes));
  }
  return numbered(frames, firstNumber);
}

interface Repair extends DamagedList {
  /** Those that can be read, by their offsets. */
  readonly lines: readonly Frame[];
}

function numbered(frames: readonly Frame[], firstNumber: number): readonly Frame[] {
  return frames.map((frame, index) => {
    // The very first member of a set begins where its first frame does.
    const firstMember = firstNumber + index === 0 ? 0 : frame.firstMember;
    return { ...frame, number: firstNumber + index, firstMember };
  });
}

/** The frame of a line whose bytes are as it says. What they come to is asked of the bytes. */
async function vouchedFor(list: Repair, at: number): Promise<Frame | undefined> {
  for (const line of list.lines) {
    if (line.offset !== at) continue;
    const stored = await read(list, at, line.storedBytes);
    if (digestOfBytes(stored, algorithmOf(line.digest)) === line.digest)
      return { ...line, contentBytes: frameAt(stored, list.codec)?.contentBytes ?? stored.length };
  }
  return undefined;
}

interface FrameSize {
  readonly frameBytes: number;
  readonly contentBytes: number;
}

function frameAt(bytes: Uint8Array, codec: SetManifest["codec"]): FrameSize | undefined {
  switch (codec) {
    case "zstd":
      return zstdFrameAt(bytes);
    case "gzip":
      return gzipMemberAt(bytes, FRAME_LIMIT_BYTES);
    case "none":
      return undefined;
  }
}

/** More than any frame that we write takes: 4 MiB that cannot be squeezed, and what goes around them. Most take less. */
const WALK_BYTES = 8 * 1024 * 1024;
const FIRST_WALK_BYTES = 512 * 1024;

/** The frame that begins there by its own headers, when it unpacks to what they say. */
async function walked(list: Repair, at: number): Promise<Frame | undefined> {
  const found = await frameIn(list, at);
  if (found === undefined || found.size.contentBytes > FRAME_LIMIT_BYTES) return undefined;
  const { stored, size } = found;
  try {
    await decompress(stored, list.codec, size.contentBytes);
  } catch (error) {
    if (error instanceof LifeboatError) return undefined;
    throw error;
  }
  return made(list, { offset: at, storedBytes: stored.length, contentBytes: size.contentBytes, digest: digestOfBytes(stored) });
}

async function frameIn(list: Repair, at: number): Promise<{ readonly stored: Uint8Array; readonly size: FrameSize } | undefined> {
  for (let length = FIRST_WALK_BYTES; length <= WALK_BYTES; length *= 4) {
    const bytes = await read(list, at, length);
    const size = frameAt(bytes, list.codec);
    if (size !== undefined) return { stored: bytes.subarray(0, size.frameBytes), size };
    if (bytes.length < length) return undefined;
  }
  return undefined;
}

/** Without compression nothing tells where a frame ends but the list: one between two lines, or whose line is wrong in its digest alone. */
async function listedAlone(list: Repair, at: number, sizeBytes: number): Promise<Frame | undefined> {
  if (list.codec !== "none") return undefined;
  const line = list.lines.find(({ offset }) => offset === at);
  const end = list.lines.find(({ offset }) => offset > at)?.offset ?? sizeBytes;
  if ((line !== undefined && at + line.storedBytes !== end) || end - at > WALK_BYTES) return undefined;
  const stored = await read(list, at, end - at);
  return made(list, { offset: at, storedBytes: stored.length, contentBytes: stored.length, digest: digestOfBytes(stored) });
}

interface Gap {
  readonly at: number;
  /** Of the volume. */
  readonly sizeBytes: number;
  /** Of the first frame that is missing. */
  readonly number: number;
}

/** Bytes that are no frame: a line's, where one leads from them to the next frame, else all up to the next one whose line is right, as many as its number says. */
async function gap(list: Repair, { at, sizeBytes, number }: Gap): Promise<readonly Frame[]> {
  for (const line of list.lines) {
    const after = at + line.storedBytes;
    const leadsOn = line.offset === at && line.storedBytes > 0 && (after === sizeBytes || (await isFrame(list, after)));
    if (leadsOn) return [line];
  }
  let next: Frame | undefined;
  for (const { offset } of list.lines) if (offset > at) next ??= await vouchedFor(list, offset);
  const end = next?.offset ?? sizeBytes;
  const count = Math.max(1, (next?.number ?? 0) - number);
  return Array.from({ length: count }, (_, index) => {
    const contentBytes = list.lines.find((line) => line.number === number + index)?.contentBytes ?? 0;
    return made(list, { offset: at, storedBytes: end - at, contentBytes, digest: NO_DIGEST });
  });
}

async function isFrame(list: Repair, at: number): Promise<boolean> {
  return ((await vouchedFor(list, at)) ?? (await walked(list, at))) !== undefined;
}

/** Of a frame that is damaged, whatever its bytes are. */
export const NO_DIGEST = "";

/** What no digest covers is taken from the line. */
function made({ lines }: Repair, facts: Pick<Frame, "offset" | "storedBytes" | "contentBytes" | "digest">): Frame {
  const line = lines.find(({ offset }) => offset === facts.offset);
  return { ...facts, number: 0, firstMember: line?.firstMember, firstPath: line?.firstPath ?? "" };
}

function read({ source, codec, volume }: DamagedList, offset: number, lengthBytes: number): Promise<Uint8Array> {
  return source.read(volumeName(volume, codec), offset, lengthBytes);
}
