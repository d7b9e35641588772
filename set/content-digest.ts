// The digest of a file's content, taken while its tar member streams by.

import { digestOf, digestOfBytes, startDigest, type Digest, type DigestAlgorithm } from "#os/digest";
import { sparseReader } from "../formats/sparse-map.ts";
import type { TarMember } from "../formats/tar-read.ts";
import { asciiEncode } from "../formats/text.ts";

export interface ContentDigest {
  /** Takes the member's data as it is stored, in order. */
  push(bytes: Uint8Array): void;
  hex(): string;
}

/** What the digest of an empty file is. */
const EMPTY: Readonly<Record<DigestAlgorithm, string>> = {
  "BLAKE2b-512": digestOfBytes(new Uint8Array(), "BLAKE2b-512"),
  "SHA-256": digestOfBytes(new Uint8Array(), "SHA-256"),
};

/**
 * `dense` is over the content, as `b2sum` or `sha256sum` prints it. `sparse` leaves out what is zero, so that terabytes of
 * holes cost nothing and it does not matter where a file system keeps holes: over each block of 4,096 bytes that is not
 * all zero, its offset as eight bytes, lowest first, then the block; the last one may be shorter.
 */
export type DigestKind = "dense" | "sparse";

export function contentDigest(
  member: TarMember,
  algorithm: DigestAlgorithm,
  kind: DigestKind = member.isSparse ? "sparse" : "dense",
): ContentDigest {
  if (member.sizeBytes === 0 && member.storedBytes === 0 && kind === "dense") return { push: () => undefined, hex: () => EMPTY[algorithm] };
  if (member.isSparse) {
    const sink = kind === "sparse" ? sparseSink(member.sizeBytes, algorithm) : denseSink(member.sizeBytes, algorithm);
    const reader = sparseReader(member.sizeBytes, (offset, bytes) => sink.put(offset, bytes));
    return { push: (bytes) => reader.push(bytes), hex: () => sink.hex() };
  }
  if (kind === "dense") return wholeOrPieces(member.storedBytes, algorithm);
  const sink = sparseSink(member.sizeBytes, algorithm);
  let offset = 0;
  return {
    push(bytes) {
      sink.put(offset, bytes);
      offset += bytes.length;
    },
    hex: () => sink.hex(),
  };
}

/** Most files come in one piece, and are digested in one call. */
function wholeOrPieces(sizeBytes: number, algorithm: DigestAlgorithm): ContentDigest {
  let hex: string | undefined;
  let digest: Digest | undefined;
  return {
    push(bytes) {
      if (bytes.length === sizeBytes) hex = digestOfBytes(bytes, algorithm);
      else (digest ??= startDigest(algorithm)).update(bytes);
    },
    hex: () => hex ?? (digest ?? startDigest(algorithm)).hex(),
  };
}

interface Sink {
  put(offset: number, bytes: Uint8Array): void;
  hex(): string;
}

const ZEROS = new Uint8Array(64 * 1024);

function denseSink(sizeBytes: number, algorithm: DigestAlgorithm): Sink {
  const digest = startDigest(algorithm);
  let at = 0;
  const fillTo = (offset: number) => {
    for (; at < offset; at += Math.min(ZEROS.length, offset - at)) digest.update(ZEROS.subarray(0, Math.min(ZEROS.length, offset - at)));
  };
  return {
    put(offset, bytes) {
      if (offset > at) fillTo(offset);
      digest.update(bytes);
      at += bytes.length;
    },
    hex() {
      fillTo(sizeBytes);
      return digest.hex();
    },
  };
}

const BLOCK_BYTES = 4096;

function sparseSink(sizeBytes: number, algorithm: DigestAlgorithm): Sink {
  const digest = startDigest(algorithm);
  const block = new Uint8Array(BLOCK_BYTES);
  let blockStart = -1;
  const flush = () => {
    if (blockStart < 0) return;
    const content = block.subarray(0, Math.min(BLOCK_BYTES, sizeBytes - blockStart));
    if (content.some((byte) => byte !== 0)) {
      digest.update(offsetBytes(blockStart));
      digest.update(content);
    }
    block.fill(0);
  };
  return {
    put(offset, bytes) {
      for (let at = 0; at < bytes.length;) {
        const place = offset + at;
        const start = place - (place % BLOCK_BYTES);
        if (start !== blockStart) {
          flush();
          blockStart = start;
        }
        const piece = bytes.subarray(at, at + Math.min(BLOCK_BYTES - (place - start), bytes.length - at));
        block.set(piece, place - start);
        at += piece.length;
      }
    },
    hex() {
      flush();
      blockStart = -1;
      return digest.hex();
    },
  };
}

function offsetBytes(offset: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, offset % 2 ** 32, true);
  view.setUint32(4, Math.floor(offset / 2 ** 32), true);
  return bytes;
}

/** XFS shows each ACL a second time under its own name (fs/xfs/xfs_xattr.c); other file systems do not. */
const DERIVED = /^SCHILY\.xattr\.trusted\.SGI_ACL_(?:FILE|DEFAULT)$/;

/** Over the sorted records: `KEY\0LENGTH\0VALUE`. Undefined where there are none. */
export function attributesDigest(attributes: TarMember["attributes"]): string | undefined {
  const parts = [...attributes].filter(([key]) => !DERIVED.test(key)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (parts.length === 0) return undefined;
  return digestOf(...parts.flatMap(([key, value]) => [asciiEncode(`${key}\0${value.length}\0`), value]));
}
