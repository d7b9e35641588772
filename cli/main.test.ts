import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run, start } from "#os/exec";
import { commandOf, lifeboat, makeKernel, makeScratch, pathsIn } from "./command-line-for-tests.ts";
import { failureText } from "./failure-text.ts";

const inImage = existsSync("/etc/lifeboat/image.json") ? "this is a rescue image" : false;

test("the agent outside of a rescue image says so in one line and exits with 3", { skip: inImage }, async () => {
  const { exitCode, stdout, stderr } = await lifeboat(["agent"]);
  assert.deepEqual([exitCode, stdout], [3, ""]);
  assert.equal(stderr, 'lifeboat: Cannot run the agent as it belongs into a rescue image: "/etc/lifeboat/image.json" is not there\n');
});

test("a bug keeps its stack and brings no line of source", () => {
  const text = failureText(new TypeError("x is not y"));
  assert.match(text, /^TypeError: x is not y\n {4}at .*main\.test\.ts/);
  assert.equal(failureText("words"), "words\n");
});

test("a reader that stops early is no failure", async () => {
  // `head -c 0` is gone before the first byte is written.
  const ended = 'head -c 0; echo "${PIPESTATUS[0]}"';
  const printed = await run(["bash", "-c", `"$@" | ${ended}`, "bash", ...commandOf("mountlist")]);
  assert.deepEqual([printed.stdout, printed.stderr], ["0\n", ""]);
  const refused = await run(["bash", "-c", `"$@" 2>&1 | ${ended}`, "bash", ...commandOf("mountlist", "/dev/null")]);
  assert.deepEqual([refused.stdout, refused.stderr], ["3\n", ""]);
});

test(
  "progress stays away from a file, and comes to a terminal",
  { skip: existsSync("/usr/bin/script") ? false : "needs script" },
  async () => {
    await using scratch = await makeScratch();
    const { path } = scratch;
    const quiet = await lifeboat(["mountlist", join(path, "one")]);
    assert.equal(quiet.stderr, "");
    const typed = commandOf("mountlist", join(path, "two")).join(" ");
    const { stdout } = await run(["script", "-qec", typed, "/dev/null"]);
    assert.match(stdout, /wrote .*two: \d+ rows/);
  },
);

const noDpkg = existsSync("/usr/bin/dpkg-deb") ? false : "needs dpkg-deb";

test("a signal in the middle of the work leaves nothing unfinished in the cache", { skip: noDpkg }, async () => {
  await using scratch = await makeScratch();
  const { path } = scratch;
  await mkdir(join(path, "bin"));
  await writeFile(join(path, "bin/dpkg-deb"), `#!/bin/sh\ntouch "$3/begun" "${path}/begun"\nexec sleep 60\n`, { mode: 0o755 });
  await makeKernel(path, { modules: {} });
  const words = commandOf("findkernel", "--cache", join(path, "cache"), "--failsafe-kernel", process.execPath);
  await using command = start(words, { env: { PATH: `${join(path, "bin")}:${process.env["PATH"] ?? ""}`, TMPDIR: path } });
  while (!existsSync(join(path, "begun"))) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok((await pathsIn(join(path, "cache"))).some((name) => name.includes(".unfinished-")));
  command.kill("SIGTERM");
  assert.equal((await command.exited).signal, "SIGTERM");
  assert.deepEqual(await pathsIn(join(path, "cache")), ["packages", "packages/given"]);
});
