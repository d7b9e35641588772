// Commands before and after an archive, as users run them: what each is told, and what their exit codes do.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { lifeboat, makeScratch, pathsIn } from "./command-line-for-tests.ts";

async function archive(before: string, after: string) {
  await using scratch = await makeScratch();
  const [tree, store, log] = ["tree", "store", "log"].map((name) => join(scratch.path, name)) as [string, string, string];
  await mkdir(tree);
  await mkdir(store);
  await writeFile(log, "");
  await writeFile(join(tree, "file"), "content");
  const note = (text: string) => `echo ${text} >> ${log}; echo said ${text}`;
  const words = [
    "--pre-archive",
    `${note('before "$LIFEBOAT_MEDIUM"')}; ${before}`,
    "--post-archive",
    `${note('after "$LIFEBOAT_EXIT_CODE"')}; ${after}`,
  ];
  const result = await lifeboat(["archive", "-p", "host", "-I", tree, ...words, "--json", store]);
  const sets = (await pathsIn(store)).filter((path) => path.endsWith("set.json")).length;
  return { ...result, sets, store, log: (await readFile(log, "utf8")).trimEnd().split("\n") };
}

test("commands run before and after, are told the medium and how it ended, and print beside the report", async () => {
  const { exitCode, stdout, stderr, sets, store, log } = await archive("true", "true");
  assert.deepEqual([exitCode, sets, log], [0, 1, [`before ${store}`, "after 0"]]);
  assert.match(stderr, /said before .*\n[^]*said after 0/);
  assert.ok(JSON.parse(stdout));
});

test("when the first fails nothing is written, and the second is run all the same", async () => {
  const { exitCode, stderr, sets, log } = await archive("exit 7", "true");
  assert.deepEqual([exitCode, sets, log.slice(1)], [3, 0, ["after 3"]]);
  assert.match(stderr, /Cannot archive as the command of --pre-archive must succeed: exit code 7\n {2}Nothing has been written/);
});

test("when the second fails the set is there, and the exit code tells", async () => {
  const { exitCode, stderr, sets } = await archive("true", "exit 9");
  assert.deepEqual([exitCode, sets], [1, 1]);
  assert.match(stderr, /--post-archive must succeed: exit code 9\n {2}The set is there, and whole/);
});
