import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { isExecutable, makeTemporaryDirectory, writeFile } from "#os/files";
import { createDiskImage, createOverlay, sdCardSizeBytes } from "./disks.ts";

const skip = (await isExecutable("/usr/bin/qemu-img")) ? false : "qemu-img is not installed";

test("createDiskImage() makes a raw disk that takes no room", { skip }, async () => {
  await using directory = await makeTemporaryDirectory();
  const path = join(directory.path, "disk.img");
  await createDiskImage(path, 1 << 30);
  const info = await stat(path);
  assert.equal(info.size, 1 << 30);
  assert.ok(info.blocks * 512 < 1 << 20);
});

test("createOverlay() starts as its backing file and leaves that alone", { skip }, async () => {
  await using directory = await makeTemporaryDirectory();
  const base = join(directory.path, "base.img");
  const overlay = join(directory.path, "overlay.qcow2");
  await writeFile(base, "x".repeat(1 << 16));
  await createOverlay(overlay, { file: base, format: "raw" });
  await run(["qemu-io", "-c", "write -P 0x79 0 4096", overlay]);
  const flat = join(directory.path, "flat.img");
  await run(["qemu-img", "convert", "-O", "raw", overlay, flat]);
  assert.equal(await readFile(flat, "utf8"), "y".repeat(4096) + "x".repeat((1 << 16) - 4096));
  assert.equal(await readFile(base, "utf8"), "x".repeat(1 << 16));
});

test("sdCardSizeBytes() is the next power of two", () => {
  assert.deepEqual([1, 1 << 20, (1 << 20) + 1, 3 * 2 ** 30].map(sdCardSizeBytes), [1, 1 << 20, 1 << 21, 2 ** 32]);
});
