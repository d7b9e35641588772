// Who writes a set is told as long as he lives, and for a while when nobody can tell.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { keepLock, readWriter, timeInDirectory, writeLock } from "./set-lock.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-lock-"));
after(() => rm(scratch, { recursive: true }));

const SET = "web-20260101T000000Z";
const LONG_MS = 11 * 60_000;

/** A directory with our lock, in which something is changed. */
async function locked(change: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const directory = await mkdtemp(join(scratch, "set-"));
  await writeLock(directory, SET);
  const path = join(directory, "writing.json");
  await writeFile(path, JSON.stringify({ ...(JSON.parse(await readFile(path, "utf8")) as object), ...change }));
  return directory;
}

const isAlive = async (directory: string, afterMs = 0) => (await readWriter(directory, Date.now() + afterMs))?.isAlive;

describe("readWriter()", () => {
  test("of a process that runs here: it lives, however long nothing was heard of it", async () => {
    const directory = await locked();
    assert.deepEqual([await isAlive(directory), await isAlive(directory, 100 * LONG_MS)], [true, true]);
    const writer = await readWriter(directory, Date.now());
    assert.equal(writer?.id, SET);
    assert.match(writer.description, new RegExp(`^process ${process.pid} on \\S+, since 20\\S+Z$`));
  });

  test("of one that has ended here: it is dead at once, also when another has its number now", async () => {
    assert.equal(await isAlive(await locked({ startTicks: "1" })), false);
    assert.equal(await isAlive(await locked({ pid: 2 ** 22 + 1 })), false);
  });

  const elsewhere = [{ bootId: "another" }, { pidNamespace: "pid:[1]" }, { bootId: undefined }];
  for (const change of elsewhere) {
    test(`of one elsewhere (${JSON.stringify(change)}): it lives until nothing was heard of it for ten minutes`, async () => {
      const directory = await locked(change);
      assert.deepEqual([await isAlive(directory), await isAlive(directory, LONG_MS)], [true, false]);
    });
  }

  test("of a note that cannot be read: as of one elsewhere; without a note nobody writes", async () => {
    const directory = await locked();
    await writeFile(join(directory, "writing.json"), "{");
    assert.deepEqual([await isAlive(directory), await isAlive(directory, LONG_MS)], [true, false]);
    assert.equal(await readWriter(scratch, Date.now()), undefined);
  });
});

test("keepLock() gives signs of life until it is released, which removes the note", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const directory = await locked({ bootId: "another" });
  const path = join(directory, "writing.json");
  await utimes(path, 0, 0);
  assert.equal(await isAlive(directory), false);
  await using lock = keepLock(directory);
  context.mock.timers.tick(30_000);
  for (let waitedMs = 0; (await isAlive(directory)) !== true; waitedMs += 10) {
    assert.ok(waitedMs < 5000, "a sign must come");
    await new Promise((resolve) => void setTimeout(resolve, 10));
  }
  await lock.release();
  context.mock.timers.tick(30_000);
  await new Promise((resolve) => void setTimeout(resolve, 20));
  assert.equal(await readWriter(directory, Date.now()), undefined);
});

test("timeInDirectory() is about now, and leaves nothing there", async () => {
  const directory = await locked();
  assert.ok(Math.abs((await timeInDirectory(directory)) - Date.now()) < 5000);
  assert.ok(Math.abs((await timeInDirectory("/proc")) - Date.now()) < 5000);
});
