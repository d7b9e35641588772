// Stored zstd frames against bytes written by hand, zstd(1) and Node's decoder.
import assert from "node:assert/strict";
import { test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import * as fc from "fast-check";
import { runBytes } from "#os/exec";
import { concat } from "./tar-for-tests.ts";
import { storedZstdFrame } from "./zstd-stored.ts";

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

test("storedZstdFrame() makes the bytes that RFC 8878 has for one raw block, and for none", () => {
  assert.deepEqual([...storedZstdFrame(Uint8Array.of(7, 8))], [...MAGIC, 0xa0, 2, 0, 0, 0, 0x11, 0, 0, 7, 8]);
  assert.deepEqual([...storedZstdFrame(new Uint8Array())], [...MAGIC, 0xa0, 0, 0, 0, 0, 0x01, 0, 0]);
});

const BLOCK = 128 * 1024;

test("zstd(1) unpacks stored frames of any size, one after the other", async () => {
  const contents = [0, 1, 255, 256, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 4 * 1024 * 1024].map((size) =>
    Uint8Array.from({ length: size }, (_, index) => (index * 2_654_435_761) >>> 24),
  );
  const unpacked = await runBytes(["zstd", "-dc"], { input: concat(...contents.map(storedZstdFrame)) });
  assert.ok(Buffer.from(unpacked).equals(concat(...contents)));
});

test("Node's decoder gives back whatever was stored", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 1000 }), fc.nat({ max: 300 }), (bytes, times) => {
    const content = concat(...Array.from({ length: times }, () => bytes));
    assert.ok(zstdDecompressSync(storedZstdFrame(content)).equals(content));
  });
  fc.assert(property);
});
