// Threads that compare the digest of what a medium gave, and unpack it.

import type { Codec } from "#os/compression";
import { algorithmOf, engineName } from "#os/digest";
import { startThreads } from "#os/thread-pool";

export interface UnpackJob {
  /** One frame, or member. Memory that the threads see too (`sharedBytes` of the pool), as `room` is. */
  readonly stored: Uint8Array;
  /** Of `stored`, hexadecimal; its length tells the algorithm. Undefined: it was compared a moment ago. */
  readonly digest: string | undefined;
  /** Where the content goes, exactly as large. Undefined: only the digest is compared. */
  readonly room: Uint8Array | undefined;
}

export interface UnpackThreads extends AsyncDisposable {
  /** Undefined when all is well, else what is wrong, in words that follow a colon. Neither memory may be touched until it resolves. */
  unpack(job: UnpackJob): Promise<string | undefined>;
}

/**
 * What a thread does with `[codec, stored, digest, room, algorithm]`. One byte more than there should be is let out: a frame that goes on is found out,
 * and a bomb is not unpacked.
 */
const THREAD = `
const { parentPort } = require("node:worker_threads");
const { hash } = require("node:crypto");
const { gunzipSync, zstdDecompressSync } = require("node:zlib");
const unpack = { none: (stored) => stored, gzip: gunzipSync, zstd: zstdDecompressSync };
const unpackInto = (room, codec, stored) => {
  const content = unpack[codec](stored, { chunkSize: Math.max(room.length + 1, 64), maxOutputLength: room.length + 1 });
  if (content.length !== room.length) throw new Error("it has " + content.length + " bytes");
  room.set(content);
  // Given back at once; small ones may lie in memory that others use.
  if (content !== stored && content.buffer.byteLength > ${1024 * 1024}) content.buffer.transfer(0);
};
parentPort.on("message", ([codec, stored, digest, room, algorithm]) => {
  let problem;
  try {
    if (digest !== undefined && hash(algorithm, stored, "hex") !== digest) problem = "its digest is another";
    else if (room !== undefined) unpackInto(room, codec, stored);
  } catch (error) {
    problem = "it must have " + room.length + " bytes of " + codec + " data: " + error.message;
  }
  parentPort.postMessage(problem);
});
`;

/** Dispose them to end them; what is not unpacked by then never will be. */
export function startUnpackThreads(codec: Codec): UnpackThreads {
  const pool = startThreads<readonly [Codec, Uint8Array, string | undefined, Uint8Array | undefined, string], string | undefined>(THREAD);
  return {
    unpack: ({ stored, digest, room }) => pool.ask([codec, stored, digest, room, engineName(algorithmOf(digest ?? ""))]),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
