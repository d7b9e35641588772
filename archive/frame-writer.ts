// Cuts the tar stream into frames, squeezes them on all processors, and writes them to volumes in order, with a frame list each.

import { compress, PROCESSORS, type Codec } from "#os/compression";
import { digestOfBytes } from "#os/digest";
import { storedZstdFrame } from "../formats/zstd-stored.ts";
import { formatFrame, type Frame } from "../set/frame-list.ts";
import { worthSqueezing } from "./worth-squeezing.ts";

/** What a frame holds of the stream; cut at member boundaries where that is possible. */
export const FRAME_BYTES = 4 * 1024 * 1024;

export interface VolumeFile extends AsyncDisposable {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface FrameOptions {
  readonly codec: Codec;
  readonly level: number;
  readonly volumeLimitBytes: number;
  /** Volumes count from 1. */
  openVolume(number: number): Promise<VolumeFile>;
  /** Called when a volume is complete. */
  closeVolume(number: number, frames: string, sizeBytes: number): Promise<void>;
}

export interface Place {
  readonly frame: number;
  readonly offset: number;
}

/** Disposing it before its end lets nothing be written any more. */
export interface FrameWriter extends AsyncDisposable {
  /** Announces a member of `totalBytes`, whose bytes follow by `append`; says where it begins. */
  begin(path: string, totalBytes: number): Place;
  append(bytes: Uint8Array): void;
  /** To be awaited now and then: keeps the number of frames under way small. Throws what writing has thrown. */
  room(): Promise<void>;
  /** Writes what is left. */
  finish(): Promise<FrameTotals>;
}

export interface FrameTotals {
  readonly frames: number;
  readonly volumes: number;
  readonly contentBytes: number;
  readonly storedBytes: number;
}

interface Filling {
  readonly content: Uint8Array;
  fill: number;
  firstMember: number | undefined;
  firstPath: string | undefined;
}

export function startFrameWriter(options: FrameOptions): FrameWriter {
  const free: Uint8Array[] = [];
  const volumes = volumeWriter(options);
  let number = 0;
  let current: Filling = filling(free);
  let path = "";
  let contentBytes = 0;
  const underWay: Promise<void>[] = [];
  let written: Promise<void> = Promise.resolve();
  const flush = () => {
    const { content, fill, firstMember, firstPath } = current;
    const about = { number, contentBytes: fill, firstMember, firstPath: firstPath ?? path };
    const squeezed = squeeze(content.subarray(0, fill), options);
    squeezed.catch(() => undefined);
    written = written.then(async () => {
      const stored = await squeezed;
      free.push(content);
      await volumes.put(stored, about);
    });
    written.catch(() => undefined);
    underWay.push(written);
    contentBytes += fill;
    number += 1;
    current = filling(free);
  };
  return {
    begin(newPath, totalBytes) {
      if (current.fill > 0 && current.fill + totalBytes > FRAME_BYTES) flush();
      path = newPath;
      current.firstMember ??= current.fill;
      current.firstPath ??= newPath;
      return { frame: number, offset: current.fill };
    },
    append(bytes) {
      for (let at = 0; at < bytes.length;) {
        current.firstPath ??= path;
        const piece = bytes.subarray(at, at + Math.min(FRAME_BYTES - current.fill, bytes.length - at));
        current.content.set(piece, current.fill);
        current.fill += piece.length;
        at += piece.length;
        if (current.fill === FRAME_BYTES) flush();
      }
    },
    async room() {
      while (underWay.length > PROCESSORS + 1) await underWay.shift();
    },
    async finish() {
      if (current.fill > 0) flush();
      await written;
      const { volumeCount, storedBytes } = await volumes.finish();
      return { frames: number, volumes: volumeCount, contentBytes, storedBytes };
    },
    async [Symbol.asyncDispose]() {
      volumes.stop();
      await Promise.allSettled([written]);
      await volumes.abandon();
    },
  };
}

function filling(free: Uint8Array[]): Filling {
  return { content: free.pop() ?? new Uint8Array(FRAME_BYTES), fill: 0, firstMember: undefined, firstPath: undefined };
}

const QUICK_LEVEL = 4;

async function squeeze(content: Uint8Array, { codec, level }: FrameOptions): Promise<Uint8Array> {
  if (codec === "none" || (codec === "zstd" && level <= QUICK_LEVEL) || worthSqueezing(content)) return compress(content, codec, level);
  return codec === "zstd" ? storedZstdFrame(content) : compress(content, codec, 0);
}

type AboutFrame = Pick<Frame, "number" | "contentBytes" | "firstMember" | "firstPath">;

/** One volume after the other, each at most as large as allowed; a frame never spans two. */
function volumeWriter(options: FrameOptions) {
  let volumeCount = 0;
  let open: { readonly file: VolumeFile; offset: number; frames: string } | undefined;
  let storedBytes = 0;
  let isStopped = false;
  const close = async () => {
    if (open === undefined) return;
    await open.file.close();
    await options.closeVolume(volumeCount, open.frames, open.offset);
    open = undefined;
  };
  return {
    async put(stored: Uint8Array, about: AboutFrame) {
      if (isStopped) return;
      if (open !== undefined && open.offset + stored.length > options.volumeLimitBytes) await close();
      if (open === undefined) {
        volumeCount += 1;
        open = { file: await options.openVolume(volumeCount), offset: 0, frames: "" };
      }
      const frame: Frame = { ...about, offset: open.offset, storedBytes: stored.length, digest: digestOfBytes(stored) };
      await open.file.write(stored);
      open.frames += formatFrame(frame);
      open.offset += stored.length;
      storedBytes += stored.length;
    },
    async finish() {
      await close();
      return { volumeCount, storedBytes };
    },
    stop: () => void (isStopped = true),
    abandon: async () => open?.file[Symbol.asyncDispose](),
  };
}
