// `lifeboat compare` as users run it: one of each difference is planted and found, and nothing else.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { run } from "#os/exec";
import { lifeboat, makeScratch, pathsIn } from "./command-line-for-tests.ts";

const TREE = `
  mkdir -p etc sub gone left
  for name in missing content mode owner xattr flags time type first; do echo $name > etc/$name; done
  echo gone > gone/file; echo left > left/file; echo same > sub/same
  ln etc/first sub/second; ln -s target etc/link; mkfifo etc/pipe; mknod etc/node c 1 3 2>/dev/null || true`;

/** Directories keep their times, so that each change is seen by itself. */
const CHANGES = `
  rm etc/missing; echo CONTENT > etc/content; touch -r etc/mode etc/content
  chmod 0600 etc/mode; chown 12:34 etc/owner; setfattr -n user.boat -v 1 etc/xattr; chattr +d etc/flags
  touch -d '2001-02-03 UTC' etc/time; rm etc/type; mkdir etc/type
  ln -sfn other etc/link; touch -hr "$1/etc/link" etc/link
  echo news > sub/news; mkdir -p sub/deep/er; touch "sub/deep/er/$(printf 'a\\nb')"
  rm -r gone; rm left/file; echo other > left/file
  for name in etc sub . left; do touch -r "$1/$name" $name; done`;

async function makePlace(root: string) {
  const place = { tree: join(root, "tree"), before: join(root, "before"), store: join(root, "store") };
  for (const path of [place.tree, place.store]) await mkdir(path);
  await run(["sh", "-ec", TREE], { cwd: place.tree });
  await run(["cp", "-a", place.tree, place.before]);
  const { exitCode, stderr } = await lifeboat(["archive", "-p", "host", "-I", place.tree, place.store]);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  return place;
}

describe("compare", { skip: process.getuid?.() === 0 ? false : "needs root for owners" }, () => {
  test("finds nothing where nothing has changed", async () => {
    await using scratch = await makeScratch();
    const { store } = await makePlace(scratch.path);
    const { stdout, stderr, exitCode } = await lifeboat(["compare", store]);
    assert.match(stdout, /^host-\S+ against \/: 21 paths compared, nothing differs\n$/);
    assert.deepEqual([stderr, exitCode], ["", 0]);
  });

  test("finds one of each, the worst first, and leaves out what it is told to", async () => {
    await using scratch = await makeScratch();
    const { tree, before, store } = await makePlace(scratch.path);
    await run(["sh", "-ec", CHANGES, "sh", before], { cwd: tree });
    const compare = async (...words: readonly string[]) => {
      const { stdout, stderr, exitCode } = await lifeboat(["compare", store, "--exclude", join(tree, "left"), ...words]);
      assert.deepEqual([stderr, exitCode], ["", 1]);
      return stdout.replaceAll(`${tree}/`, "").trimEnd().split("\n");
    };
    const lines = await compare();
    const summary = lines.pop() ?? "";
    const said = lines.map((line) => /^(\w+) +(\S+) +(.*)$/.exec(line)!.slice(1));
    const timed = (kinds: string) => kinds.replace(/,time$/, "");
    assert.deepEqual(
      said.map(([severity, kinds, what]) => `${severity} ${timed(kinds ?? "")} ${what?.replace(/: .*/, "")}`),
      [
        "serious content etc/content",
        "serious link etc/link",
        "serious missing etc/missing",
        "serious type etc/type",
        "serious missing gone",
        "serious missing gone/file",
        "notable flags etc/flags",
        "notable mode etc/mode",
        "notable owner etc/owner",
        "notable xattr etc/xattr",
        "slight time etc/time",
        "slight new sub/deep",
        "slight new sub/news",
      ],
    );
    assert.match(summary, / 16 paths compared, 13 differ: 6 serious, 4 notable, 3 slight$/);
    assert.match(lines.join("\n"), /etc\/mode: mode 0600 instead of 0644$/m);
    assert.match(lines.join("\n"), /sub\/deep: with 2 paths in it$/m);
    const some = await compare("--only", join(tree, "etc"), "--only", join(tree, "sub"), "--ignore", "time", "--ignore", "new");
    assert.match(some.at(-1) ?? "", / 8 differ: 4 serious, 4 notable$/);
    const output = join(scratch.path, "differences");
    assert.deepEqual(await compare("--json", "--output", output), [summary]);
    const { differences } = JSON.parse(await readFile(output, "utf8")) as {
      differences: readonly { path: string; kinds: readonly string[] }[];
    };
    assert.equal(differences.length, 13);
    assert.deepEqual(differences[2], { path: join(tree, "etc/missing"), severity: "serious", kinds: ["missing"], what: ["missing"] });
  });

  test("compares a tree that is mounted elsewhere, and a link alone with the content that is behind it", async () => {
    await using scratch = await makeScratch();
    const { tree, store } = await makePlace(scratch.path);
    const root = join(scratch.path, "root");
    await mkdir(root);
    await run(["sh", "-ec", 'mkdir -p "$2$1"; cp -a "$1/." "$2$1"', "sh", tree, root]);
    assert.equal((await lifeboat(["compare", store, "--root", root])).exitCode, 0);
    const second = join(tree, "sub/second");
    assert.equal((await lifeboat(["compare", store, "--only", second])).exitCode, 0);
    await run(["sh", "-ec", 'echo other > "$1"', "sh", second]);
    const { stdout } = await lifeboat(["compare", store, "--only", second]);
    assert.match(stdout, /^serious {2}content,time {2}\S+\/sub\/second: /);
  });

  test("refuses what names nothing, and writes nothing then", async () => {
    await using scratch = await makeScratch();
    const { store, tree } = await makePlace(scratch.path);
    const output = join(scratch.path, "out");
    for (const [words, message] of [
      [["--only", "/no/such"], /"\/no\/such" as it must be in the set: it is not$/m],
      [["--root", join(tree, "etc/mode")], /it is file$/m],
      [["--ignore", "colour"], /Allowed choices are missing, /],
      [["--exclude", "/"], /that is everything$/m],
    ] as const) {
      const { stderr, exitCode } = await lifeboat(["compare", store, "--output", output, ...words]);
      assert.match(stderr, message);
      assert.equal(exitCode, 2);
    }
    assert.deepEqual((await pathsIn(scratch.path)).includes(output), false);
  });
});
