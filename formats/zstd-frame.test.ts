// The end of a zstd frame by its headers, with the real compressor as oracle.
import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { zstdFrameAt } from "./zstd-frame.ts";
import { storedZstdFrame } from "./zstd-stored.ts";

test("zstdFrameAt() reads a frame that was written by hand", () => {
  // Magic, single segment with a size of one byte, one raw block of three bytes, the last one.
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 65, 66, 67);
  assert.deepEqual(zstdFrameAt(frame), { frameBytes: 12, contentBytes: 3 });
  assert.deepEqual(zstdFrameAt(Uint8Array.of(...frame, 1, 2, 3)), { frameBytes: 12, contentBytes: 3 });
  for (let length = 0; length < frame.length; length += 1) assert.equal(zstdFrameAt(frame.subarray(0, length)), undefined);
});

/** Of sizes that take one, two and four bytes to tell. */
const CONTENTS = [0, 1, 255, 256, 300, 65_791, 65_792, 1_000_000].map((size) => Buffer.alloc(size, "0123456789abcdef"));

test("zstdFrameAt() finds the end that the real compressor has written, whatever follows", () => {
  for (const content of CONTENTS) {
    for (const [level, checksum] of [
      [1, 1],
      [3, 0],
      [19, 1],
    ] as const) {
      const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: checksum };
      const frame = zstdCompressSync(content, { params, pledgedSrcSize: content.length });
      const expected = { frameBytes: frame.length, contentBytes: content.length };
      assert.deepEqual(zstdFrameAt(Buffer.concat([frame, frame])), expected, `${content.length} at level ${level}`);
    }
    const stored = storedZstdFrame(content);
    assert.deepEqual(zstdFrameAt(Buffer.concat([stored, Buffer.from("more")])), {
      frameBytes: stored.length,
      contentBytes: content.length,
    });
  }
});

test("zstdFrameAt() of bytes that cannot be squeezed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (content) => {
      const frame = zstdCompressSync(content, { pledgedSrcSize: content.length });
      assert.deepEqual(zstdFrameAt(frame), { frameBytes: frame.length, contentBytes: content.length });
    }),
  );
});

test("zstdFrameAt() never reads beyond what it has, and takes no frame that does not tell its size", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void zstdFrameAt(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...bytes))));
  assert.equal(zstdFrameAt(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x19, 0, 0, 65, 66, 67)), undefined);
  assert.equal(zstdFrameAt(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x28, 3, 0x19, 0, 0, 65, 66, 67)), undefined);
  assert.equal(zstdFrameAt(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x1f, 0, 0, 65, 66, 67)), undefined);
});
