import assert from "node:assert/strict";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { LifeboatError } from "#os/error";
import { run, runBytes, runPipeline, start } from "#os/exec";
import { makeTemporaryDirectory } from "#os/files";

test("run() returns text and forces the C locale", async () => {
  const result = await run(["sh", "-c", "printf '%s' $LC_ALL; printf oops >&2"]);
  assert.deepEqual(result, { stdout: "C", stderr: "oops", exitCode: 0 });
});

test("run() accepts the exit codes it was told, and names the others with the last words", async () => {
  assert.equal((await run(["sh", "-c", "exit 3"], { okCodes: [0, 3] })).exitCode, 3);
  await assert.rejects(run(["sh", "-c", "echo no such disk >&2; exit 4"]), {
    name: "LifeboatError",
    message: 'Cannot run "sh" as it must succeed: exit code 4, saying "no such disk"',
  });
});

test("run() names a program that is not installed, and one that hangs", async () => {
  await assert.rejects(run(["no-such-program-here"]), /Cannot run "no-such-program-here" as it must be installed/);
  await assert.rejects(run(["sleep", "20"], { timeoutMs: 50 }), /no end after 0\.05 s/);
});

test("runBytes() keeps bytes that are no text, final newline included", async () => {
  assert.deepEqual([...(await runBytes(["printf", "\\377\\000\\n"]))], [255, 0, 10]);
});

test("runPipeline() writes what the last member prints, and fails when any member fails", async () => {
  const directory = await mkdtemp(join(tmpdir(), "lifeboat-exec-"));
  const source = [new TextEncoder().encode("b\na\n")];
  await runPipeline(source, [["sort"], ["tr", "a-z", "A-Z"]], join(directory, "ok"));
  assert.equal(await readFile(join(directory, "ok"), "utf8"), "A\nB\n");
  const broken = runPipeline(source, [["sh", "-c", "cat >/dev/null; exit 7"], ["cat"]], join(directory, "bad"));
  await assert.rejects(broken, (error) => error instanceof LifeboatError && error.message.includes("exit code 7"));
});

test("runPipeline() is done with a piece before it asks for the next, so a source may use one memory", async () => {
  const directory = await mkdtemp(join(tmpdir(), "lifeboat-exec-"));
  const memory = new Uint8Array(1 << 20);
  function* source() {
    for (let value = 1; value <= 9; value++) yield memory.fill(value);
  }
  await runPipeline(source(), [["sh", "-c", "sleep 0.1; exec cat"], ["cat"]], join(directory, "same"));
  const bytes = await readFile(join(directory, "same"));
  assert.equal(bytes.length, 9 << 20);
  for (let value = 1; value <= 9; value++) assert.ok(bytes.subarray((value - 1) << 20, value << 20).every((byte) => byte === value));
});

test("runPipeline() names the source's own failure, and a program that does not read all", async () => {
  const directory = await mkdtemp(join(tmpdir(), "lifeboat-exec-"));
  function* spoilt() {
    yield new Uint8Array(10);
    throw new Error("the source is spoilt");
  }
  await assert.rejects(runPipeline(spoilt(), [["sh", "-c", "cat >/dev/null; exit 7"]], join(directory, "bad")), /the source is spoilt/);
  const much = Array.from({ length: 20 }, () => new Uint8Array(1 << 20));
  await assert.rejects(runPipeline(much, [["true"]], join(directory, "bad")), /Cannot run "true" as it must read all that it is given/);
});

test("start() talks to a process and ends it when disposed", async () => {
  const process = start(["cat"]);
  const heard = new Promise<string>((resolve) => process.onOutput((chunk) => resolve(new TextDecoder().decode(chunk))));
  process.write("hello");
  assert.equal(await heard, "hello");
  await process[Symbol.asyncDispose]();
  assert.equal((await process.exited).signal, "SIGKILL");
});

test("runPipeline() lets a program leave the end mark unread, and nothing before it", async () => {
  await using place = await makeTemporaryDirectory();
  const output = join(place.path, "out");
  // More than any pipe holds.
  const much = new Uint8Array(4_000_000);
  const firstLine = [["head", "-n", "1"]] as const;
  await runPipeline([Buffer.from("one\n")], firstLine, output, { end: much });
  assert.equal(await readFile(output, "utf8"), "one\n");
  await assert.rejects(runPipeline([Buffer.from("one\n"), much], firstLine, output, { end: much }), /must read all that it is given/);
});

test("a variable that is undefined is taken out of the environment", async () => {
  process.env["LIFEBOAT_TEST_VARIABLE"] = "here";
  const command = ["sh", "-c", "echo ${LIFEBOAT_TEST_VARIABLE-gone}"] as const;
  assert.equal((await run(command)).stdout, "here\n");
  assert.equal((await run(command, { env: { LIFEBOAT_TEST_VARIABLE: undefined } })).stdout, "gone\n");
});

test("options that a user's shell gives to programs are taken out of the environment", async () => {
  process.env["TAR_OPTIONS"] = "--exclude=*";
  const command = ["sh", "-c", "echo ${TAR_OPTIONS-gone}"] as const;
  try {
    assert.equal((await run(command)).stdout, "gone\n");
    assert.equal((await run(command, { env: { TAR_OPTIONS: "-v" } })).stdout, "-v\n");
  } finally {
    delete process.env["TAR_OPTIONS"];
  }
});
