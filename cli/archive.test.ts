// `lifeboat archive` as users run it: exit codes, what is said, and that a signal leaves nothing behind.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
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
  const words = ["archive", "-p", "host", "--compress", "gzip:1", "-I", tree, "-I", `${tree}x`, "--accept-missing", store];
  const { stdout, stderr, exitCode } = await lifeboat(words, { temporaryDirectory: temporary });
  const [first = "", ...lines] = stdout.trimEnd().split("\n");
  assert.match(first, new RegExp(`^${store}/host-\\d{8}T\\d{6}Z  0\\.\\d MiB$`));
  assert.match(lines[1] ?? "", / files {5}\d+ paths, 0\.\d MiB in 0\.\d MiB \(gzip\), /);
  assert.equal(lines.at(-1), `  NOT READ  ${tree}x: it is not there`);
  assert.deepEqual([exitCode, stderr, await pathsIn(temporary)], [1, "", []]);
});

test("archive takes a directory as it is seen from the working directory, and says of a device that it cannot be written to yet", async () => {
  await using scratch = await makeScratch();
  const { tree, store, temporary } = await makePlace(scratch.path);
  const options = { temporaryDirectory: temporary, cwd: scratch.path };
  const { stdout, exitCode } = await lifeboat(["archive", "-p", "host", "-I", join(tree, "file"), "store"], options);
  assert.deepEqual([exitCode, stdout.startsWith(`${store}/host-`)], [0, true]);
  const refused = await lifeboat(["archive", "-I", tree, "cd:/dev/sr9"], options);
  assert.match(refused.stderr, /^lifeboat: Cannot archive to "cd:\/dev\/sr9" as .*: cd: is not written to yet$/m);
  assert.equal(refused.exitCode, 2);
});

test("--luks-headers says plainly that a set of files alone has none, in the report and as data", async () => {
  await using scratch = await makeScratch();
  const { tree, store, temporary } = await makePlace(scratch.path);
  const words = ["archive", "-p", "host", "--luks-headers", "-I", tree, store];
  const text = await lifeboat(words, { temporaryDirectory: temporary });
  assert.match(text.stdout, /^  warning   no LUKS header is in the set: files alone rebuild no volume$/m);
  const data = await lifeboat([...words, "--json"], { temporaryDirectory: temporary });
  const { luksHeaders, warnings } = JSON.parse(data.stdout) as Record<string, unknown>;
  assert.deepEqual([text.exitCode, luksHeaders, warnings], [0, [], ["no LUKS header is in the set: files alone rebuild no volume"]]);
});

test("an ISO of files alone is refused before anything is written", async () => {
  await using scratch = await makeScratch();
  const { tree, store, temporary } = await makePlace(scratch.path);
  const { stderr, exitCode } = await lifeboat(["archive", "-I", tree, `iso:${store}`], { temporaryDirectory: temporary });
  assert.match(stderr, /^lifeboat: Cannot make an ISO as it boots and rebuilds a machine: a set without \/ does neither$/m);
  assert.deepEqual([exitCode, await pathsIn(store), await pathsIn(temporary)], [2, [], []]);
});

const refuse = async (words: readonly string[], expected: { readonly exitCode: number; readonly message: RegExp }) => {
  await using scratch = await makeScratch();
  const { tree, store, temporary } = await makePlace(scratch.path);
  const known: Readonly<Record<string, string>> = { TREE: tree, CONFIG: join(scratch.path, "lifeboat.toml") };
  await writeFile(known["CONFIG"]!, 'exclude = [""]\n');
  const said = await lifeboat(["archive", ...words.map((word) => known[word] ?? word), store], { temporaryDirectory: temporary });
  assert.match(said.stderr.split("\n")[0] ?? "", expected.message);
  assert.deepEqual([said.exitCode, said.stdout, await pathsIn(store), await pathsIn(temporary)], [expected.exitCode, "", [], []]);
};

const REFUSED: readonly (readonly [what: string, words: readonly string[], exitCode: number, message: RegExp])[] = [
  [
    "an included path that is not there",
    ["-I", "TREE", "-I", "/no/such"],
    3,
    /Cannot archive "\/no\/such" as what is asked for must be there: it is not$/,
  ],
  ["an empty path", ["-I", ""], 2, /Cannot use --include as its value must name something: it is empty$/],
  ["an empty pattern", ["-I", "TREE", "-E", ""], 2, /Cannot use --exclude as its value must name something: it is empty$/],
  ["an empty pattern in the config file", ["-I", "TREE", "--config", "CONFIG"], 2, /Cannot use --exclude as its value must name something/],
  ["an exclusion of everything", ["-I", "TREE", "-E", "/"], 2, /Cannot leave out "\/" as something must be left: that is everything$/],
  ["a pattern that never matches", ["-I", "TREE", "-E", "home/me"], 2, /Cannot leave out "home\/me" as .*: it never matches$/],
  ["-H for files alone", ["-I", "TREE", "-H"], 2, /Cannot use --self-restoring as .*: a set without \/ has none$/],
  ["--wipe for files alone", ["-I", "TREE", "--wipe", "S1"], 2, /Cannot use --wipe as .*: a set without \/ has none$/],
  ["a name that is too long", ["-I", "TREE", "-p", "n".repeat(81)], 2, /Cannot use --name as it may have 80 characters: it has 81$/],
];

describe("archive refuses before it writes anything", () => {
  for (const [what, words, exitCode, message] of REFUSED) test(what, () => refuse(words, { exitCode, message }));
});

/** Begins an archive that takes long, and waits until it has written something. */
async function startLong({ tree, store, temporary }: Awaited<ReturnType<typeof makePlace>>) {
  // Half a minute for the highest level.
  await run(["sh", "-c", `seq 10000000 > ${tree}/large`]);
  const program = start(commandOf("archive", "-p", "n".repeat(80), "--compress", "zstd:19", "-I", tree, store), {
    env: { TMPDIR: temporary },
  });
  for (let waitedMs = 0; !(await pathsIn(store)).some((path) => path.endsWith("data-0001.tar.zst")); waitedMs += 20) {
    assert.ok(waitedMs < 20_000, "it must begin to write");
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  return program;
}

test("an archive that is killed is incomplete, and removed when asked; while it runs it is named and left alone", async () => {
  await using scratch = await makeScratch();
  const place = await makePlace(scratch.path);
  const { store, temporary } = place;
  await using program = await startLong(place);
  const line = new RegExp(`^n+-\\d{8}T\\d{6}Z {2}BEING WRITTEN: it is being written by process ${program.pid} on `);
  assert.match((await lifeboat(["list", store])).stdout, line);
  const kept = await lifeboat(["list", "--remove-incomplete", store]);
  assert.match(kept.stderr, new RegExp(`^not removed: ${store}/n+\\S+: it is being written by process ${program.pid} on `));
  assert.match(kept.stdout, line);
  program.kill("SIGKILL");
  await program.exited;
  assert.match((await lifeboat(["list", store])).stdout, /^n+\S+ {2}INCOMPLETE: it was not finished: there is no manifest$/m);
  const removed = await lifeboat(["list", "--remove-incomplete", store]);
  assert.match(removed.stderr, /^removed \S+$/m);
  assert.deepEqual([removed.stdout, await pathsIn(store)], ["no sets\n", []]);
  // What it has left in the temporary directory goes with the next run.
  assert.ok((await pathsIn(temporary)).length > 0);
  await lifeboat(["archive", "-I", join(place.tree, "file"), store], { temporaryDirectory: temporary });
  assert.deepEqual(await pathsIn(temporary), []);
});

test("SIGINT while the archive is written leaves nothing behind", async () => {
  await using scratch = await makeScratch();
  const { tree, store, temporary } = await makePlace(scratch.path);
  await using program = await startLong({ tree, store, temporary });
  program.kill("SIGINT");
  assert.deepEqual(await program.exited, { exitCode: undefined, signal: "SIGINT" });
  assert.deepEqual([await pathsIn(store), await pathsIn(temporary)], [[], []]);
  const { stdout } = await run(["pgrep", "-f", `files-from=${temporary}`], { okCodes: [0, 1] });
  assert.equal(stdout, "", "tar must have ended");
});
