// Pieces squeezed and back: the codecs' own programs are the oracles; what is damaged, or another size, is refused.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compress, decompress, sampleSize, unpackAll, type Codec } from "#os/compression";
import { runBytes } from "#os/exec";

const TEXT = new TextEncoder().encode("some text that repeats, some text that repeats\n".repeat(5000));
const NOISE = Uint8Array.from({ length: 32_768 }, (_, index) => {
  const mixed = Math.imul(index + 1, 2_654_435_761);
  return Math.imul(mixed ^ (mixed >>> 15), 2_246_822_519) >>> 24;
});
const PROGRAMS: Readonly<Record<Codec, readonly [string, ...string[]]>> = { zstd: ["zstd", "-dc"], gzip: ["gzip", "-dc"], none: ["cat"] };

describe("each codec", () => {
  for (const codec of ["zstd", "gzip", "none"] as const) {
    test(`${codec}: its own program reads what compress() makes, and decompress() gives it back`, async () => {
      for (const content of [TEXT, new Uint8Array(), Uint8Array.of(7)]) {
        const stored = await compress(content, codec, codec === "none" ? 0 : 3);
        assert.ok(Buffer.from(await runBytes(PROGRAMS[codec], { input: stored })).equals(content));
        assert.ok(Buffer.from(await decompress(stored, codec, content.length)).equals(content));
      }
    });

    test(`${codec}: decompress() refuses another size, larger or smaller, and damage`, async () => {
      const stored = await compress(TEXT, codec, codec === "none" ? 0 : 3);
      const message = new RegExp(`^Cannot unpack a frame as it must have \\d+ bytes of ${codec} data: `);
      for (const size of [TEXT.length - 1, TEXT.length + 1, 0])
        await assert.rejects(decompress(stored, codec, size), { name: "LifeboatError", exitCode: 5, message });
      await assert.rejects(decompress(stored.subarray(0, stored.length - 1), codec, TEXT.length), { exitCode: 5, message });
    });
  }

  test("compress() with codec none gives memory of its own", async () => {
    const bytes = Uint8Array.of(1, 2);
    const stored = await compress(bytes, "none", 0);
    bytes.fill(9);
    assert.deepEqual([...stored], [1, 2]);
  });

  test("a frame of zstd has a checksum: a flipped byte in it is found", async () => {
    const stored = await compress(NOISE.subarray(0, 1000), "zstd", 1);
    // Stored as it is, so that nothing but the checksum can tell.
    assert.ok(stored.length > 1000);
    stored[500]! ^= 1;
    await assert.rejects(decompress(stored, "zstd", 1000), { exitCode: 5 });
  });

  test("decompress() does not unpack a bomb", async () => {
    const bomb = await compress(new Uint8Array(1 << 28), "zstd", 1);
    const before = process.memoryUsage().arrayBuffers;
    await assert.rejects(decompress(bomb, "zstd", 1000), { exitCode: 5 });
    assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 26);
  });
});

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function unpacked(stored: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of unpackAll(stored, "zstd")) parts.push(part);
  return Buffer.concat(parts);
}

test("unpackAll() gives the content of many frames, in whatever pieces they come", async () => {
  const stored = Buffer.concat([await compress(TEXT, "zstd", 1), await compress(TEXT, "zstd", 5)]);
  for (const length of [1, 100, 1 << 20]) assert.ok((await unpacked(pieces(stored, length))).equals(Buffer.concat([TEXT, TEXT])));
});

test("unpackAll() refuses damage, and hands on what its source throws", async () => {
  const stored = await compress(TEXT, "zstd", 1);
  await assert.rejects(unpacked(pieces(stored.subarray(0, stored.length - 5), 10)), {
    name: "LifeboatError",
    exitCode: 5,
    message: /must be whole/,
  });
  const { LifeboatError } = await import("#os/error");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield stored.subarray(0, 10);
    throw new LifeboatError("Cannot read the medium as it must answer: it does not");
  }
  await assert.rejects(unpacked(failing()), { message: "Cannot read the medium as it must answer: it does not" });
});

test("sampleSize() tells text from noise", () => {
  assert.ok(sampleSize(TEXT.subarray(0, NOISE.length)) < 1000);
  assert.ok(sampleSize(NOISE) > 0.99 * NOISE.length);
});
