// Compression of whole pieces, on all processors at once: the work is done in the engine's own pool of threads.
import { availableParallelism } from "node:os";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { LifeboatError } from "#os/error";

export type Codec = "zstd" | "gzip" | "none";

/** How many pieces are worth having under way at once. */
export const PROCESSORS = availableParallelism();

const zstdCompress = promisify(zlib.zstdCompress);
const zstdDecompress = promisify(zlib.zstdDecompress);
const gzip = promisify(zlib.gzip);
const gunzip = promisify(zlib.gunzip);

/** What comes out is gathered in pieces of this size: larger ones are mostly left empty, and collecting them costs time. */
const OUTPUT_BYTES = 1024 * 1024;

/** One independent frame, or member, of its own. `bytes` must not change until it resolves. */
export async function compress(bytes: Uint8Array, codec: Codec, level: number): Promise<Uint8Array> {
  switch (codec) {
    case "zstd":
      return view(
        await zstdCompress(bytes, {
          chunkSize: OUTPUT_BYTES,
          pledgedSrcSize: bytes.length,
          params: { [zlib.constants.ZSTD_c_compressionLevel]: level, [zlib.constants.ZSTD_c_checksumFlag]: 1 },
        }),
      );
    case "gzip":
      return view(await gzip(bytes, { chunkSize: OUTPUT_BYTES, level }));
    case "none":
      return bytes.slice();
  }
}

/** `sizeBytes` is what must come out. Throws LifeboatError (5) for damage and for another size. */
export async function decompress(bytes: Uint8Array, codec: Codec, sizeBytes: number): Promise<Uint8Array> {
  try {
    const content = await unpacked(bytes, codec, sizeBytes);
    if (content.length === sizeBytes) return content;
    throw new Error(`it has ${content.length} bytes`);
  } catch (error) {
    throw new LifeboatError(`Cannot unpack a frame as it must have ${sizeBytes} bytes of ${codec} data: ${(error as Error).message}`, {
      exitCode: 5,
      cause: error,
    });
  }
}

async function unpacked(bytes: Uint8Array, codec: Codec, sizeBytes: number): Promise<Uint8Array> {
  // One byte more than there should be: a frame that goes on is found out, and a bomb is not unpacked.
  const options = { chunkSize: Math.max(sizeBytes + 1, 64), maxOutputLength: sizeBytes + 1 };
  switch (codec) {
    case "zstd":
      return view(await zstdDecompress(bytes, options));
    case "gzip":
      return view(await gunzip(bytes, options));
    case "none":
      return bytes;
  }
}

/** A gzip member's header without anything optional in it (RFC 1952 section 2.3), and what follows its data. */
const GZIP_HEADER_BYTES = 10;
const GZIP_TRAILER_BYTES = 8;

/** Where the gzip member that begins `bytes` ends, and what it comes to: it tells neither. Undefined when it is none, or not there to its end. */
export function gzipMemberAt(
  bytes: Uint8Array,
  limitBytes: number,
): { readonly frameBytes: number; readonly contentBytes: number } | undefined {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8 || bytes[3] !== 0) return undefined;
  try {
    const options = { info: true, maxOutputLength: limitBytes };
    // @types/node knows no `info`, with which the stream comes beside its output (nodejs.org/api/zlib.html, class Options).
    const { buffer, engine } = zlib.inflateRawSync(bytes.subarray(GZIP_HEADER_BYTES), options) as unknown as {
      readonly buffer: Uint8Array;
      readonly engine: { readonly bytesWritten: number };
    };
    const frameBytes = GZIP_HEADER_BYTES + engine.bytesWritten + GZIP_TRAILER_BYTES;
    return frameBytes > bytes.length ? undefined : { frameBytes, contentBytes: buffer.length };
  } catch {
    return undefined;
  }
}

function view(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What a small piece comes to, by the quickest way there is; at once. */
export function sampleSize(bytes: Uint8Array): number {
  return zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }).length;
}

/** The content of any number of frames or members, piece by piece. Throws LifeboatError (5) for damage, and what `stored` throws. */
export async function* unpackAll(stored: AsyncIterable<Uint8Array>, codec: Codec): AsyncGenerator<Uint8Array> {
  if (codec === "none") {
    yield* stored;
    return;
  }
  const stream = codec === "zstd" ? zlib.createZstdDecompress() : zlib.createGunzip();
  // Whatever fails reaches the reader through the stream.
  pipeline(stored, stream).catch(() => undefined);
  try {
    for await (const piece of stream) yield view(piece as Uint8Array);
  } catch (error) {
    if (error instanceof LifeboatError) throw error;
    throw new LifeboatError(`Cannot unpack ${codec} data as it must be whole: ${(error as Error).message}`, { exitCode: 5, cause: error });
  }
}
