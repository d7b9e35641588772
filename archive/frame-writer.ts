// Cuts the tar stream into frames, squeezes them on all processors, and writes them to volumes in order, with a frame list each.

import { PROCESSORS, type Codec } from "#os/compression";
import { digestOfBytes, type DigestAlgorithm } from "#os/digest";
import { sharedPiece, startSqueezeThreads, type SharedPiece, type Squeezed, type SqueezeThreads } from "#os/squeeze-threads";
import { storedZstdFrame } from "../formats/zstd-stored.ts";
import { FRAME_BYTES, formatFrame, type Frame } from "../set/frame-list.ts";
import { worthSqueezing } from "./worth-squeezing.ts";

export interface VolumeFile extends AsyncDisposable {
  /** What its medium has left for it and its frame list, in bytes; unless given, that does not matter. */
  readonly roomBytes?: number;
  /** The bytes are valid until it resolves. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Where volumes and images of devices go, by their names in the set. */
export interface VolumeSink {
  /** Told before the first volume about how many bytes the files will have that are not in the set's directory yet. Throws LifeboatError (3) when they cannot have them. */
  expect?(papersBytes: number): Promise<void>;
  /** In the order of the set; the one before is closed, and its frame list stands in the set's directory. */
  open(name: string): Promise<VolumeFile>;
}

export interface FrameOptions {
  readonly codec: Codec;
  readonly level: number;
  /** Of the frames as they are stored. */
  readonly digestAlgorithm: DigestAlgorithm;
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
  readonly piece: SharedPiece;
  fill: number;
  firstMember: number | undefined;
  firstPath: string | undefined;
}

export function startFrameWriter(options: FrameOptions): FrameWriter {
  const line = startSqueezeLine(options);
  let number = 0;
  let current: Filling = filling(line.newPiece());
  let path = "";
  let contentBytes = 0;
  const flush = () => {
    const { piece, fill, firstMember, firstPath } = current;
    line.send(piece, { number, contentBytes: fill, firstMember, firstPath: firstPath ?? path });
    contentBytes += fill;
    number += 1;
    current = filling(line.newPiece());
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
        const part = bytes.subarray(at, at + Math.min(FRAME_BYTES - current.fill, bytes.length - at));
        current.piece.content.set(part, current.fill);
        current.fill += part.length;
        at += part.length;
        if (current.fill === FRAME_BYTES) flush();
      }
    },
    room: line.room,
    async finish() {
      if (current.fill > 0) flush();
      return { frames: number, contentBytes, ...(await line.finish()) };
    },
    [Symbol.asyncDispose]: line[Symbol.asyncDispose],
  };
}

function filling(piece: SharedPiece): Filling {
  return { piece, fill: 0, firstMember: undefined, firstPath: undefined };
}

/** Frames are squeezed side by side, and written one after the other. */
interface SqueezeLine extends AsyncDisposable {
  /** One that has been written, or another. */
  newPiece(): SharedPiece;
  send(piece: SharedPiece, about: AboutFrame): void;
  room(): Promise<void>;
  finish(): Promise<Pick<FrameTotals, "volumes" | "storedBytes">>;
}

function startSqueezeLine(options: FrameOptions): SqueezeLine {
  const free: SharedPiece[] = [];
  const threads = startSqueezeThreads(options.codec, options.digestAlgorithm);
  const volumes = volumeWriter(options);
  const underWay: Promise<void>[] = [];
  let written: Promise<void> = Promise.resolve();
  return {
    newPiece: () => free.pop() ?? sharedPiece(FRAME_BYTES),
    send(piece, about) {
      const squeezed = squeeze(threads, { piece, fill: about.contentBytes }, options);
      squeezed.catch(() => undefined);
      written = written.then(async () => {
        await volumes.put(await squeezed, about);
        free.push(piece);
      });
      written.catch(() => undefined);
      underWay.push(written);
    },
    async room() {
      while (underWay.length > PROCESSORS + 1) await underWay.shift();
    },
    async finish() {
      await written;
      const { volumeCount, storedBytes } = await volumes.finish();
      return { volumes: volumeCount, storedBytes };
    },
    async [Symbol.asyncDispose]() {
      volumes.stop();
      await Promise.allSettled([written]);
      await volumes.abandon();
      await threads[Symbol.asyncDispose]();
    },
  };
}

/** zstd up to this level finds out by itself, as quickly as samples do. */
const QUICK_LEVEL = 4;

type Filled = Pick<Filling, "piece" | "fill">;

async function squeeze(
  threads: SqueezeThreads,
  { piece, fill }: Filled,
  { codec, level, digestAlgorithm }: FrameOptions,
): Promise<Squeezed> {
  const content = piece.content.subarray(0, fill);
  const isQuick = codec === "none" || (codec === "zstd" && level <= QUICK_LEVEL);
  if (isQuick || worthSqueezing(content)) return threads.squeeze(piece, fill, level);
  if (codec !== "zstd") return threads.squeeze(piece, fill, 0);
  const bytes = storedZstdFrame(content);
  return { bytes, digest: digestOfBytes(bytes, digestAlgorithm) };
}

type AboutFrame = Pick<Frame, "number" | "contentBytes" | "firstMember" | "firstPath">;

interface OpenVolume {
  readonly file: VolumeFile;
  offset: number;
  frames: string;
}

/** One volume after the other, each at most as large as allowed; a frame never spans two. */
function volumeWriter(options: FrameOptions) {
  let volumeCount = 0;
  let open: OpenVolume | undefined;
  let storedBytes = 0;
  let isStopped = false;
  const fits = ({ file, offset, frames }: OpenVolume, frameBytes: number, lineLength: number) => {
    const end = offset + frameBytes;
    return end <= options.volumeLimitBytes && end + frames.length + lineLength <= (file.roomBytes ?? Infinity);
  };
  const close = async () => {
    if (open === undefined) return;
    await open.file.close();
    await options.closeVolume(volumeCount, open.frames, open.offset);
    open = undefined;
  };
  return {
    async put({ bytes, digest }: Squeezed, about: AboutFrame) {
      if (isStopped) return;
      const line = (offset: number) => formatFrame({ ...about, offset, storedBytes: bytes.length, digest });
      if (open !== undefined && !fits(open, bytes.length, line(open.offset).length)) await close();
      if (open === undefined) {
        volumeCount += 1;
        open = { file: await options.openVolume(volumeCount), offset: 0, frames: "" };
      }
      await open.file.write(bytes);
      open.frames += line(open.offset);
      open.offset += bytes.length;
      storedBytes += bytes.length;
    },
    async finish() {
      await close();
      return { volumeCount, storedBytes };
    },
    stop: () => void (isStopped = true),
    abandon: async () => open?.file[Symbol.asyncDispose](),
  };
}
