import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { decompress, type Codec } from "#os/compression";
import { digestOfBytes, type DigestAlgorithm } from "#os/digest";
import { sharedPiece, startSqueezeThreads, type SharedPiece } from "#os/squeeze-threads";

const SIZE = 300_000;

function fill(piece: SharedPiece, seed: number): Uint8Array {
  let state = seed;
  // Noise does not get smaller, the rest does.
  for (let index = 0; index < SIZE; index++) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    piece.content[index] = index % 1000 < seed * 100 ? state >> 16 : seed;
  }
  return piece.content.slice();
}

const KINDS = [
  ["none", "SHA-256"],
  ["gzip", "BLAKE2b-512"],
  ["zstd", "SHA-256"],
  ["zstd", "BLAKE2b-512"],
] as const satisfies readonly (readonly [Codec, DigestAlgorithm])[];

for (const [codec, algorithm] of KINDS) {
  test(`squeeze() gives back the content by ${codec} with the ${algorithm} of what it made, more at once than there are threads`, async () => {
    await using threads = startSqueezeThreads(codec, algorithm);
    const all = Array.from({ length: 11 }, async (_, seed) => {
      const piece = sharedPiece(SIZE);
      const content = fill(piece, seed);
      const length = seed === 0 ? 1 : SIZE - seed;
      const { bytes, digest } = await threads.squeeze(piece, length, 1);
      assert.equal(digest, digestOfBytes(bytes, algorithm));
      assert.deepEqual(await decompress(bytes.slice(), codec, length), content.subarray(0, length));
    });
    await Promise.all(all);
  });
}

test("squeeze() says when a thread has died, and does not wait for it afterwards", async () => {
  await using threads = startSqueezeThreads("gzip", "SHA-256");
  const piece = sharedPiece(10);
  await assert.rejects(threads.squeeze(piece, 10, 99), /level/);
  await assert.rejects(threads.squeeze(piece, 10, 1), /level/);
});

test(
  "works for whoever is nice already and may not be less so",
  { skip: process.getuid?.() === 0 ? false : "needs root to become another user" },
  async () => {
    const script = `(async () => {
      const { sharedPiece, startSqueezeThreads } = await import(${JSON.stringify(join(import.meta.dirname, "squeeze-threads.ts"))});
      process.setuid(65534);
      await using threads = startSqueezeThreads("zstd", "SHA-256");
      console.log((await threads.squeeze(sharedPiece(1000), 1000, 1)).bytes.length > 0);
    })()`;
    const { stdout } = await run(["nice", "-n", "12", process.execPath, "--eval", script]);
    assert.equal(stdout, "true\n");
  },
);
