// Threads that squeeze pieces and digest what comes out.

import type { Codec } from "#os/compression";
import { engineName, type DigestAlgorithm } from "#os/digest";
import { sharedBytes, startThreads } from "#os/thread-pool";

/** Memory that the threads see too. */
export interface SharedPiece {
  readonly content: Uint8Array;
  /** Where the result goes; a little larger. */
  readonly room: Uint8Array;
}

export interface Squeezed {
  /** One frame, or member; it lies in the piece and is valid as long as that is not used again. */
  readonly bytes: Uint8Array;
  /** Of `bytes`. */
  readonly digest: string;
}

export interface SqueezeThreads extends AsyncDisposable {
  /** Takes the first `length` bytes of the content, which must not change until it resolves. Any number may wait. */
  squeeze(piece: SharedPiece, length: number, level: number): Promise<Squeezed>;
}

export function sharedPiece(sizeBytes: number): SharedPiece {
  return {
    content: sharedBytes(sizeBytes),
    room: sharedBytes(sizeBytes + Math.ceil(sizeBytes / 256) + 1024),
  };
}

/**
 * What a thread does with `[codec, content, room, level, algorithm]`; it answers `[length of the result, its digest]`. zstd gets room for all that may
 * come out (ZSTD_COMPRESSBOUND in zstd.h): so it works in place, without a window of its own to copy through, which takes less time and
 * finds more. The window is as large as the content. At level 3 the match finder's tables are half as large as it would have them, so that they
 * stay in a processor's own cache: a quarter less time, for one part in a hundred more (docs/decisions.md).
 */
const THREAD = `
const { parentPort } = require("node:worker_threads");
const { hash } = require("node:crypto");
// What reads the files goes first, and so does the machine's own work: a thread has a priority of its own (setpriority(2)).
const { getPriority, setPriority } = require("node:os");
// Whoever is nicer than that already, as by nice(1), may not be told to be less so.
if (getPriority(0) < 5) setPriority(0, 5);
const { constants, gzipSync, zstdCompressSync } = require("node:zlib");
const SMALL_TABLES = { [constants.ZSTD_c_hashLog]: 16, [constants.ZSTD_c_chainLog]: 15 };
const squeeze = {
  none: (content) => content,
  gzip: (content, level) => gzipSync(content, { chunkSize: content.length + 1024, level }),
  zstd: (content, level) => zstdCompressSync(content, {
    chunkSize: content.length + Math.ceil(content.length / 256) + 128,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: Math.max(10, Math.ceil(Math.log2(content.length))),
      [constants.ZSTD_c_checksumFlag]: 1,
      ...(level === 3 && content.length > ${256 * 1024} ? SMALL_TABLES : {}),
    },
  }),
};
parentPort.on("message", ([codec, content, room, level, algorithm]) => {
  const result = squeeze[codec](content, level);
  if (result !== content) room.set(result);
  const { length } = result;
  const digest = hash(algorithm, result, "hex");
  // Given back at once; small ones may lie in memory that others use.
  if (result !== content && result.buffer.byteLength > ${1024 * 1024}) result.buffer.transfer(0);
  parentPort.postMessage([length, digest]);
});
`;

/** Dispose them to end them; what is not squeezed by then never will be. */
export function startSqueezeThreads(codec: Codec, algorithm: DigestAlgorithm): SqueezeThreads {
  const pool = startThreads<readonly [Codec, Uint8Array, Uint8Array, number, string], readonly [length: number, digest: string]>(THREAD);
  return {
    async squeeze({ content, room }, length, level) {
      const [squeezed, digest] = await pool.ask([codec, content.subarray(0, length), room, level, engineName(algorithm)]);
      return { bytes: (codec === "none" ? content : room).subarray(0, squeezed), digest };
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
