// `lifeboat archive` as users run it: exit codes, what is said, and that a signal leaves nothing behind.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run, start } from "#os/exec";
import { commandOf, lifeboat, makeScratch, pathsIn } from "./command-line-for-tests.ts";

async function makePlace(root: string) {
  const place = { tree: join(root, "tree"), store: join(root, "store"), temporary: join(root, "tmp") };
  for (const path of Object.values(place)) await mkdir(path);
  await writeFile(join(place.tree, "file"), "content");
  return place;
}

test("archive says what it made and what it could not read; the exit code tells of that", async () => {
  await using scratch = await makeScratch();
  const { tree, store, temporary } = await makePlace(scratch.path);
  const words = ["archive", "-p", "host", "--compress", "gzip:1", "-I", tree, "-I", `${tree}x`, store];
  const { stdout, stderr, exitCode } = await lifeboat(words, { temporaryDirectory: temporary });
  const [first = "", ...lines] = stdout.trimEnd().split("\n");
  assert.match(first, new RegExp(`^${store}/host-\\d{8}T\\d{6}Z  0\\.\\d MiB$`));
  assert.match(lines[1] ?? "", / files {5}\d+ paths, 0\.\d MiB in 0\.\d MiB \(gzip\), /);
  assert.equal(lines.at(-1), `  NOT READ  ${tree}x: it is not there`);
  assert.deepEqual([exitCode, stderr, await pathsIn(temporary)], [1, "", []]);
});

test("an ISO of files alone is refused before anything is written", async () => {
  await using scratch = await makeScratch();
  const { tree, store, temporary } = await makePlace(scratch.path);
  const { stderr, exitCode } = await lifeboat(["archive", "-I", tree, `iso:${store}`], { temporaryDirectory: temporary });
  assert.match(stderr, /^lifeboat: Cannot make an ISO as it boots and rebuilds a machine: a set without \/ does neither$/m);
  assert.deepEqual([exitCode, await pathsIn(store), await pathsIn(temporary)], [2, [], []]);
});

test("SIGINT while the archive is written leaves nothing behind", async () => {
  await using scratch = await makeScratch();
  const { tree, store, temporary } = await makePlace(scratch.path);
  await run(["sh", "-c", `head -c 200000000 /dev/zero > ${tree}/large; head -c 20000000 /dev/urandom > ${tree}/a-noise`]);
  await using program = start(commandOf("archive", "--compress", "zstd:19", "-I", tree, store), { env: { TMPDIR: temporary } });
  for (let waitedMs = 0; !(await pathsIn(store)).some((path) => path.endsWith("data-0001.tar.zst")); waitedMs += 20) {
    assert.ok(waitedMs < 20_000, "it must begin to write");
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  program.kill("SIGINT");
  assert.deepEqual(await program.exited, { exitCode: undefined, signal: "SIGINT" });
  assert.deepEqual([await pathsIn(store), await pathsIn(temporary)], [[], []]);
  const { stdout } = await run(["pgrep", "-f", `files-from=${temporary}`], { okCodes: [0, 1] });
  assert.equal(stdout, "", "tar must have ended");
});
