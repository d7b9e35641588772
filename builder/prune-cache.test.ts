import assert from "node:assert/strict";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { listDirectory, makeTemporaryDirectory, writeFile } from "#os/files";
import { isCacheName, markUsed, pruneCache } from "./prune-cache.ts";

test("pruneCache() keeps the four pieces of a kind that were used last, what a running build writes, and what is not its own", async () => {
  await using place = await makeTemporaryDirectory();
  const name = (index: number) => `tools-${String(index).repeat(32)}.squashfs`;
  for (let index = 1; index <= 6; index++) {
    const path = join(place.path, name(index));
    await writeFile(path, "x");
    await writeFile(`${path}.b2`, "digest");
    await utimes(path, index, index);
  }
  await writeFile(join(place.path, "notes.txt"), "mine");
  for (const [cutOff, seconds] of [
    ["base-x.cpio.part-00ff", 1],
    ["base-y.cpio.part-00ff", Date.now() / 1000],
  ] as const) {
    await writeFile(join(place.path, cutOff), "half");
    await utimes(join(place.path, cutOff), seconds, seconds);
  }
  await markUsed([join(place.path, name(1))]);
  await pruneCache(place.path);
  const left = [1, 4, 5, 6].flatMap((index) => [name(index), `${name(index)}.b2`]);
  assert.deepEqual(await listDirectory(place.path), ["base-y.cpio.part-00ff", "notes.txt", ...left].sort());
});

test("isCacheName() knows what builds make in a cache, and nothing else that may lie there", () => {
  const hash = "0".repeat(32);
  const own = [
    `tools-${hash}.squashfs`,
    `base-${hash}.cpio.b2`,
    `modules-${hash}`,
    `firmware-${hash}.json`,
    "packages",
    "base-x.cpio.part-00ff",
  ];
  assert.deepEqual([...own, "notes.txt", "tools-x.squashfs", "package", ".b2"].filter(isCacheName), own);
});
