// Threads that squeeze pieces and digest what comes out. Each has a heap of its own: the memory that squeezing takes makes the engine mark
// a whole heap again and again, and theirs are next to empty where ours is not.

import { Worker } from "node:worker_threads";
import { PROCESSORS, type Codec } from "#os/compression";

/** Memory that the threads see too. */
export interface SharedPiece {
  readonly content: Uint8Array;
  /** Where the result goes; a little larger. */
  readonly room: Uint8Array;
}

export interface Squeezed {
  /** One frame, or member; it lies in the piece and is valid as long as that is not used again. */
  readonly bytes: Uint8Array;
  /** BLAKE2b-512 of `bytes`. */
  readonly digest: string;
}

export interface SqueezeThreads extends AsyncDisposable {
  /** Takes the first `length` bytes of the content, which must not change until it resolves. Any number may wait. */
  squeeze(piece: SharedPiece, length: number, level: number): Promise<Squeezed>;
}

export function sharedPiece(sizeBytes: number): SharedPiece {
  return {
    content: new Uint8Array(new SharedArrayBuffer(sizeBytes)),
    room: new Uint8Array(new SharedArrayBuffer(sizeBytes + Math.ceil(sizeBytes / 256) + 1024)),
  };
}

/**
 * What a thread does with `[codec, content, room, level]`; it answers `[length of the result, its digest]`. JavaScript in a string,
 * as the single binary has no file for it. zstd gets room for all that may come out (ZSTD_COMPRESSBOUND in zstd.h): so it
 * works in place, without a window of its own to copy through, which takes less time and finds more. The window is as large as the content.
 */
const THREAD = `
const { parentPort } = require("node:worker_threads");
const { hash } = require("node:crypto");
const { constants, gzipSync, zstdCompressSync } = require("node:zlib");
const squeeze = {
  none: (content) => content,
  gzip: (content, level) => gzipSync(content, { chunkSize: content.length + 1024, level }),
  zstd: (content, level) => zstdCompressSync(content, {
    chunkSize: content.length + Math.ceil(content.length / 256) + 128,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: Math.max(10, Math.ceil(Math.log2(content.length))),
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  }),
};
parentPort.on("message", ([codec, content, room, level]) => {
  const result = squeeze[codec](content, level);
  if (result !== content) room.set(result);
  const { length } = result;
  const digest = hash("blake2b512", result, "hex");
  // Given back at once; small ones may lie in memory that others use.
  if (result !== content && result.buffer.byteLength > ${1024 * 1024}) result.buffer.transfer(0);
  parentPort.postMessage([length, digest]);
});
`;

interface Job {
  readonly piece: SharedPiece;
  readonly message: readonly [Codec, Uint8Array, Uint8Array, number];
  done(squeezed: Squeezed): void;
  failed(reason: unknown): void;
}

/** As many threads as there are processors. Dispose it to end them; what is not squeezed by then never will be. */
export function startSqueezeThreads(codec: Codec): SqueezeThreads {
  const waiting: Job[] = [];
  const idle = new Set<Worker>();
  const busy = new Map<Worker, Job>();
  let failure: Error | undefined;
  const next = (thread: Worker) => {
    const job = waiting.shift();
    if (job === undefined) {
      idle.add(thread);
      return;
    }
    busy.set(thread, job);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window has an origin, a thread has none
    thread.postMessage(job.message);
  };
  const threads = Array.from({ length: PROCESSORS }, () => {
    const thread = new Worker(THREAD, { eval: true });
    thread.on("message", ([length, digest]: readonly [number, string]) => {
      const job = busy.get(thread)!;
      busy.delete(thread);
      next(thread);
      job.done({ bytes: (codec === "none" ? job.piece.content : job.piece.room).subarray(0, length), digest });
    });
    thread.on("error", (error: Error) => {
      failure ??= error;
      busy.get(thread)?.failed(error);
      busy.delete(thread);
      for (const job of waiting.splice(0)) job.failed(error);
    });
    idle.add(thread);
    return thread;
  });
  return {
    squeeze: (piece, length, level) =>
      new Promise((done, failed) => {
        if (failure !== undefined) return failed(failure);
        waiting.push({ piece, message: [codec, piece.content.subarray(0, length), piece.room, level], done, failed });
        const [thread] = idle;
        if (thread === undefined) return;
        idle.delete(thread);
        next(thread);
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}
