import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { isExecutable, makeTemporaryDirectory, writeFile } from "#os/files";
import { changeStore, copyOutOfStore, listStore, makeStoreDisk, readFromStore } from "./store-disk.ts";

const skip = (await isExecutable("/usr/bin/qemu-img")) ? false : "qemu-img is not installed";

test("a store gives back on the host what was put on it, and says what is not there", { skip }, async () => {
  await using directory = await makeTemporaryDirectory();
  const path = (name: string) => join(directory.path, name);
  await writeFile(path("program"), "#!/bin/sh\n", 0o755);
  await makeStoreDisk(path("store.img"), { program: path("program"), "lists/with blank": path("program") }, { sizeBytes: 64 << 20 });
  assert.deepEqual(await listStore(path("store.img")), ["lists", "program"]);
  assert.equal(await readFromStore(path("store.img"), "/lists/with blank"), "#!/bin/sh\n");
  await mkdir(path("out"));
  await copyOutOfStore(path("store.img"), "/lists", path("out"));
  assert.equal(await readFile(path("out/lists/with blank"), "utf8"), "#!/bin/sh\n");
  await assert.rejects(readFromStore(path("store.img"), "/other"), /Cannot read the disk .*File not found/);
  assert.match((await run(["dumpe2fs", "-h", path("store.img")])).stdout, /volume name: +STORE\n/);
});

test("changeStore() leaves the store unmounted, whether its script succeeds or fails half-way", { skip }, async () => {
  await using directory = await makeTemporaryDirectory();
  const store = join(directory.path, "store.img");
  await makeStoreDisk(store, {}, { sizeBytes: 64 << 20 });
  const mounts = () => readFile("/proc/self/mounts", "utf8");
  const before = await mounts();
  await changeStore(store, 'echo "$1 $2" >made', ["a b", "c"]);
  assert.equal(await readFromStore(store, "/made"), "a b c\n");
  await assert.rejects(changeStore(store, "false; echo more >made", []));
  assert.equal(await readFromStore(store, "/made"), "a b c\n");
  assert.equal(await mounts(), before);
});
