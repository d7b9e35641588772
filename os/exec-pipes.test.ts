// Processes that data flows through: every byte, back-pressure, ends of all kinds.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBulk, startPiped } from "#os/exec";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-pipes-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

async function all(output: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of output) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

test("startPiped() hands on what is written, and tells the end", async () => {
  await using process = startPiped(["sh", "-c", "tr a-z A-Z; echo said >&2; exit 3"]);
  const output = all(process.output);
  for (let index = 0; index < 100; index += 1) assert.ok(await process.write(new Uint8Array(10_000).fill(97)));
  process.endInput();
  assert.ok((await output).equals(Buffer.alloc(1_000_000, "A")));
  assert.deepEqual(await process.ended, { exitCode: 3, stderr: "said\n" });
});

test("startPiped() says so when a program reads no more, or is not there", async () => {
  await using deaf = startPiped(["true"]);
  await deaf.ended;
  assert.equal(await deaf.write(new Uint8Array(1_000_000)), false);
  await using none = startPiped(["no-such-program-here"]);
  assert.equal(await none.write(new Uint8Array(10)), false);
  none.endInput();
  assert.equal((await all(none.output)).length, 0);
  assert.deepEqual(await none.ended, { exitCode: undefined, stderr: "no such program on the path: no-such-program-here" });
});

test("startPiped() keeps nothing of standard error when told to", async () => {
  await using process = startPiped(["sh", "-c", "head -c 10000000 /dev/zero >&2; echo done"], { stderr: "drop" });
  assert.equal((await all(process.output)).toString(), "done\n");
  assert.deepEqual(await process.ended, { exitCode: 0, stderr: "" });
});

test("a piped process that waits for input ends when it is disposed", async () => {
  const { ended } = await (async () => {
    await using process = startPiped(["cat"]);
    return process;
  })();
  assert.equal((await ended).exitCode, undefined);
});

test("startBulk() gives every byte, leaves no file, and tells the end", async () => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith("lifeboat-pipe-"));
  await using process = await startBulk(["sh", "-c", "seq 1 300000; echo said >&2; exit 2"]);
  const text = (await all(process.output)).toString();
  assert.equal(text, Array.from({ length: 300_000 }, (_, index) => `${index + 1}\n`).join(""));
  assert.deepEqual(await process.ended, { exitCode: 2, stderr: "said\n" });
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith("lifeboat-pipe-") && !before.includes(name)),
    [],
  );
});

test("startBulk() uses the same memory for each piece, as its reader is told", async () => {
  await using process = await startBulk(["head", "-c", "2000000", "/dev/zero"]);
  const memories = new Set<unknown>();
  for await (const piece of process.output) memories.add(piece.buffer);
  assert.equal(memories.size, 1);
});

test("a bulk process ends when its output is left, or it is disposed; one that is not there has no output", async () => {
  const left = await startBulk(["yes"]);
  for await (const piece of left.output) if (piece.length > 0) break;
  assert.equal((await left.ended).exitCode, undefined);
  const disposed = await startBulk(["sleep", "60"]);
  await disposed[Symbol.asyncDispose]();
  assert.equal((await disposed.ended).exitCode, undefined);
  await using none = await startBulk(["no-such-program-here"]);
  assert.equal((await all(none.output)).length, 0);
  assert.deepEqual(await none.ended, { exitCode: undefined, stderr: "no such program on the path: no-such-program-here" });
});
