import assert from "node:assert/strict";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { listDirectory, makeTemporaryDirectory, writeFile } from "#os/files";
import { markUsed, pruneCache } from "./prune-cache.ts";

test("pruneCache() keeps the four pieces of a kind that were used last, and what is not its own", async () => {
  await using place = await makeTemporaryDirectory();
  const name = (index: number) => `tools-${String(index).repeat(32)}.squashfs`;
  for (let index = 1; index <= 6; index++) {
    const path = join(place.path, name(index));
    await writeFile(path, "x");
    await writeFile(`${path}.b2`, "digest");
    await utimes(path, index, index);
  }
  await writeFile(join(place.path, "notes.txt"), "mine");
  await markUsed([join(place.path, name(1))]);
  await pruneCache(place.path);
  const left = [1, 4, 5, 6].flatMap((index) => [name(index), `${name(index)}.b2`]);
  assert.deepEqual(await listDirectory(place.path), ["notes.txt", ...left].sort());
});
