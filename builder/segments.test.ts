// The pieces of an image in their cache: the same bytes at any time, and what is damaged there is made again.

import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { makeTemporaryDirectory } from "#os/files";
import { compressionChoice } from "./compression.ts";
import type { PlanEntry } from "./image-plan.ts";
import { planSegment, planToolsLayer, type Piece, type PieceRequest } from "./segments.ts";

const noRoot = process.getuid?.() === 0 ? false : "needs root to mount a tmpfs";

const HELLO: PlanEntry = {
  type: "file",
  path: "usr/hello",
  mode: 0o644,
  layer: "tools",
  group: "programs",
  because: ["test"],
  sizeBytes: 6,
  content: { bytes: new TextEncoder().encode("hello\n") },
};

/** Above any clock, and below it. */
const TIMES: readonly number[] = [4_000_000_000, 1_700_000_000];

function request(cacheDirectory: string, mtimeSeconds = 1_700_000_000, entries: readonly PlanEntry[] = [HELLO]): PieceRequest {
  return { label: "tools", entries, compression: compressionChoice("gzip", "gzip"), cacheDirectory, mtimeSeconds };
}

/** Both kinds of piece. */
const KINDS: readonly (readonly [name: string, make: (from: PieceRequest) => Promise<Piece>])[] = [
  ["tools layer", async (from) => (await planToolsLayer(from)).make()],
  ["segment", async (from) => (await planSegment(from, new Set())).make()],
];

for (const [name, make] of KINDS) {
  test(`a ${name} has the same bytes two seconds later, whatever its time is to the clock`, async () => {
    await using place = await makeTemporaryDirectory();
    const digestsNow = async (cache: string) => {
      const pieces: Piece[] = [];
      for (const time of TIMES) pieces.push(await make(request(join(place.path, cache), time)));
      return pieces.map(({ digest }) => digest);
    };
    const before = await digestsNow("a");
    await pause(2000);
    assert.deepEqual(await digestsNow("b"), before);
  });

  test(`a ${name} in the cache is taken when it is whole, and made again when it is not`, async () => {
    await using place = await makeTemporaryDirectory();
    const { path, digest } = await make(request(place.path));
    const whole = await readFile(path);
    assert.deepEqual([(await make(request(place.path))).made, digest.length], [false, 128]);
    const damages: readonly (() => Promise<void>)[] = [
      () => truncate(path, whole.length - 1),
      () =>
        writeFile(
          path,
          whole.map((byte, index) => (index === 40 ? byte ^ 1 : byte)),
        ),
      () => writeFile(`${path}.b2`, ""),
      () => rm(`${path}.b2`),
      () => rm(path),
    ];
    for (const [index, damage] of damages.entries()) {
      await damage();
      const again = await make(request(place.path));
      assert.deepEqual([again.made, again.digest], [true, digest], String(index));
      assert.deepEqual(await readFile(path), whole);
    }
  });
}

test("a tools layer of any length is made, although mksquashfs does not read a tar archive to its last byte", async () => {
  await using place = await makeTemporaryDirectory();
  // At some of these lengths the last block comes to mksquashfs by itself, and it has gone by then.
  for (let blocks = 0; blocks < 8; blocks += 1) {
    const sizeBytes = 436_736 + (blocks - 4) * 512;
    const entry: PlanEntry = { ...HELLO, sizeBytes, content: { bytes: new Uint8Array(sizeBytes).fill(blocks + 1) } };
    const { path } = await (await planToolsLayer(request(join(place.path, `${blocks}`), 1_700_000_000, [entry]))).make();
    assert.match((await run(["unsquashfs", "-lln", path])).stdout, new RegExp(` ${sizeBytes} .*usr/hello`));
  }
});

test("a cache without room is named, and nothing half-written stays there", { skip: noRoot }, async () => {
  await using place = await makeTemporaryDirectory();
  const small = join(place.path, "small");
  await mkdir(small);
  await run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small]);
  try {
    const large: PlanEntry = { ...HELLO, sizeBytes: 1 << 20, content: { bytes: new Uint8Array(1 << 20).fill(1) } };
    const unpacked = { ...request(small, 1_700_000_000, [large]), compression: compressionChoice("none", "gzip") };
    for (const [name, make] of KINDS) {
      await assert.rejects(make(unpacked), (error: LifeboatError) => {
        assert.match(
          error.message,
          new RegExp(`^Cannot write "${small}/tools-\\w+\\.\\w+" as the cache must have room for it: no space left`),
          name,
        );
        assert.match(error.hint ?? "", /--cache DIR/);
        return true;
      });
      assert.deepEqual(await readdir(small), []);
    }
  } finally {
    await run(["umount", small]);
  }
});
