// `lifeboat restore` as users run it on a running system: what is refused, what a dry run shows, damage, names of any bytes.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { listTree, makeOddTree } from "../archive/trees-for-tests.ts";
import { commandOf, lifeboat, pathsIn } from "./command-line-for-tests.ts";
import type { OptionValues } from "./command-spec.ts";
import { checkRules } from "./option-rules.ts";
import { RESTORE_RULES, restoreCommand } from "./restore.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-restore-"));
after(() => rm(scratch, { recursive: true }));

const tree = join(scratch, "tree");
let set: TreeSet;
let places = 0;

before(async () => {
  await mkdir(join(tree, "dir"), { recursive: true });
  const make =
    "echo a > a; echo own > dir/own; printf raw > \"$(printf 'dir/\\377')\"; echo u > dir/café; head -c 9000000 /dev/urandom > noise; echo z > z";
  await run(["sh", "-c", make], { cwd: tree });
  set = await archiveTree(tree, join(scratch, "test-20261121T194500Z"));
});

async function newPlace(): Promise<string> {
  const place = join(scratch, `place${(places += 1)}`);
  await mkdir(place);
  return place;
}

/** A copy in which the bytes at these places are others. */
async function damaged(...flips: readonly (readonly [file: string, offset: number])[]): Promise<string> {
  const directory = join(await newPlace(), set.manifest.id);
  await cp(set.directory, directory, { recursive: true });
  for (const [file, offset] of flips) {
    await using handle = await open(join(directory, file), "r+");
    await handle.write(Buffer.from("\u0001\u0002\u0003"), 0, 3, offset);
  }
  return directory;
}

const DATA = "data-0001.tar.zst";
const CATALOGUE = "catalogue.ndjson.zst";

describe("options of restore", () => {
  const value = ({ value: word, many }: (typeof restoreCommand.options)[number]): OptionValues[string] =>
    word === undefined ? true : many === true ? ["x"] : "x";
  const names = restoreCommand.options.map(({ name }) => name);
  const machine = [
    "map",
    "exclude-disk",
    "wipe",
    "nuke",
    "again",
    "gate",
    "then",
    "no-resize",
    "keep",
    "no-partition",
    "no-arrays",
    "no-volumes",
    "file-system",
    "volume-group",
    "nic",
    "identity",
    "host-name",
    "luks-key",
  ];
  const ofARun = ["nuke", "again", "gate", "then", "no-check", "luks-key"];

  test("of two, those that make no sense together are refused, and no others", () => {
    for (const [index, one] of names.entries()) {
      for (const other of names.slice(index + 1)) {
        const pair = [one, other];
        const has = (name: string) => pair.includes(name);
        const isOneOf = (list: readonly string[]) => pair.some((name) => list.includes(name));
        // What a pair lacks is given to it, so that it is the pair that is judged.
        const isAboutFiles = has("only") || has("to") || has("force");
        const given = [...pair, ...(isAboutFiles ? ["only", "to"] : []), ...(has("again") ? ["nuke"] : [])];
        const makesSense = !(isAboutFiles && isOneOf(machine)) && !(has("dry-run") && isOneOf(ofARun));
        const values = Object.fromEntries(
          restoreCommand.options.filter(({ name }) => given.includes(name)).map((spec) => [spec.name, value(spec)]),
        );
        const check = () => checkRules(RESTORE_RULES, values);
        if (makesSense) check();
        else
          assert.throws(
            check,
            { name: "LifeboatError", exitCode: 2, message: /^Cannot use --\S+ as .*: --\S+ is given$/ },
            pair.join(" with "),
          );
      }
    }
  });

  test("that need another are refused without it", () => {
    for (const [options, message] of [
      [{ only: ["/a"] }, "Cannot use --only as the place for files must be said, / for where they were: there is no --to"],
      [{ to: "/x" }, "Cannot use --to as it is for files, and a whole machine goes to its disks: there is no --only"],
      [{ force: true }, "Cannot use --force as it is for files, and a whole machine replaces what is on its disks: there is no --only"],
      [{ again: "x" }, "Cannot use --again as whoever types the word nuke has seen the warning: there is no --nuke"],
    ] as const) {
      assert.throws(() => checkRules(RESTORE_RULES, options), { exitCode: 2, message });
    }
    checkRules(RESTORE_RULES, { map: [], only: [], nuke: false });
  });

  test("are refused before anything is read", async () => {
    const { exitCode, stderr } = await lifeboat(["restore", "/no/such", "--only", "/a", "--to", scratch, "--nuke"]);
    assert.deepEqual(
      [exitCode, stderr.split("\n")[0]],
      [2, "lifeboat: Cannot use --only as files are brought back without any disk being changed: --nuke is given"],
    );
  });
});

describe("restore --only", () => {
  test("brings files back and says so", async () => {
    const to = join(await newPlace(), "new");
    const { exitCode, stdout, stderr } = await lifeboat(["restore", set.directory, "--only", "/dir", "--only", "a", "--to", to]);
    assert.deepEqual(
      [exitCode, stdout, stderr],
      [0, "test-20261121T194500Z: 5 paths restored, read back and compared; 1 frames read\n", ""],
    );
    assert.deepEqual(await listTree(join(to, "dir")), await listTree(join(tree, "dir")));
  });

  test("takes names whose bytes are no text, as they are and as list prints them", async () => {
    for (const word of ["/dir/$(printf '\\377')", "/dir/\\377"]) {
      const to = await newPlace();
      const [node, ...rest] = commandOf("restore", set.directory, "--to", to, "--json", "--only");
      const said = await run(["sh", "-c", `exec "$@" "${word}"`, "sh", node, ...rest], { cwd: scratch });
      assert.deepEqual(JSON.parse(said.stdout), {
        set: set.manifest.id,
        restored: 1,
        wasChecked: true,
        framesRead: 1,
        lostUnnamed: 0,
        lost: [],
        differences: [],
      });
      assert.equal((await run(["sh", "-c", 'cat "$1"/dir/*', "sh", to])).stdout, "raw");
    }
  });

  test("refuses bytes that are no text where a name of ours must stand", async () => {
    const [node, ...rest] = commandOf("restore", set.directory, "--only", "/a");
    const said = await run(["sh", "-c", `exec "$@" --to="$(printf '/tmp/\\377')"`, "sh", node, ...rest], { okCodes: [2] });
    assert.match(said.stderr, /^lifeboat: Cannot use --to as it must be UTF-8 here: ".*\\377"\n/);
  });

  test("shows with --dry-run what it would write and replace, and writes nothing", async () => {
    const to = await newPlace();
    await mkdir(join(to, "dir"));
    await writeFile(join(to, "dir/own"), "mine");
    const kept = await listTree(to);
    const words = ["restore", set.directory, "--only", "/dir", "--only", "/a", "--to", to, "--dry-run"];
    const refused = await lifeboat(words);
    assert.deepEqual([refused.exitCode, refused.stdout], [3, ""]);
    assert.match(refused.stderr, /: \/dir\/own is there\n/);
    const { exitCode, stdout } = await lifeboat([...words, "--force"]);
    const lines = ["write  /a", "write  /dir", "replace  /dir/own", "write  /dir/café", "write  /dir/\\377"];
    assert.deepEqual([exitCode, stdout.trimEnd().split("\n").sort()], [0, lines.sort()]);
    const json = (await lifeboat([...words, "--force", "--json"])).stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    assert.equal(json.length, 5);
    assert.ok(json.some((line) => JSON.stringify(line) === '{"pathB64":"L2Rpci//","type":"file","replaces":false}'));
    assert.deepEqual(await listTree(to), kept);
  });

  test("never overwrites unasked, and does when it is told", async () => {
    const to = await newPlace();
    await writeFile(join(to, "a"), "mine");
    assert.equal((await lifeboat(["restore", set.directory, "--only", "/a", "--to", to])).exitCode, 3);
    assert.equal(await readFile(join(to, "a"), "utf8"), "mine");
    assert.equal((await lifeboat(["restore", set.directory, "--only", "/a", "--to", to, "--force"])).exitCode, 0);
    assert.equal(await readFile(join(to, "a"), "utf8"), "a\n");
  });
});

describe("restore --only --accept-damage", () => {
  const restored = async (directory: string, ...words: readonly string[]) => {
    const to = await newPlace();
    return { to, ...(await lifeboat(["restore", directory, "--to", to, ...words])) };
  };

  test("names what is lost on standard error before it writes, and in the report", async () => {
    const directory = await damaged([DATA, 5_000_000]);
    const refused = await restored(directory, "--only", "/");
    assert.deepEqual([refused.exitCode, await pathsIn(refused.to)], [5, []]);
    assert.match(
      refused.stderr,
      /lost: \/noise\n {2}--accept-damage brings back all others, and names each that is lost before it writes\n$/,
    );
    const { exitCode, stdout, stderr } = await restored(directory, "--only", "/", "--accept-damage");
    assert.deepEqual([exitCode, stderr], [1, "  lost: /noise\n"]);
    assert.match(stdout, /^test-20261121T194500Z: 7 paths restored.*\n {2}lost: \/noise\n$/);
    const json = await restored(directory, "--only", "/", "--accept-damage", "--json");
    assert.deepEqual((JSON.parse(json.stdout) as { lost: unknown }).lost, [{ path: "/noise" }]);
  });

  test("a refusal counts what it does not name", async () => {
    const { exitCode, stderr } = await restored(await damaged([DATA, 100], [DATA, 5_000_000]), "--only", "/");
    assert.equal(exitCode, 5);
    assert.match(stderr, /frame 0 in data-0001\.tar\.zst: [^;]*, and 1 more frames; lost: (?:\/[^,]*, ){4}\/\S* and 2 more paths\n/);
  });

  test("counts what has lost its name too", async () => {
    const directory = await damaged([DATA, 100], [CATALOGUE, 40]);
    const { exitCode, stdout, stderr } = await restored(directory, "--only", "/", "--accept-damage");
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /^damage: Cannot read "catalogue.*made again from the files' own headers\n {2}lost: \/\n {2}lost: \d paths whose names the damage took\n$/,
    );
    assert.match(stdout, /paths whose names the damage took$/m);
    const single = await restored(directory, "--only", "/dir/own", "--accept-damage");
    assert.equal(single.exitCode, 5);
    assert.match(
      single.stderr,
      /as it must be among what is whole: it may be one of the \d paths that are lost with their names\n {2}Try another copy/,
    );
  });

  test("brings everything back without the manifest, and a set of nothing is told without being told again to accept it", async () => {
    const directory = await damaged();
    await rm(join(directory, "set.json"));
    const refused = await restored(directory, "--only", "/a");
    assert.deepEqual([refused.exitCode, /there is no set\.json\n.*--accept-damage/.test(refused.stderr)], [5, true]);
    const { to, exitCode } = await restored(directory, "--only", "/", "--accept-damage");
    assert.deepEqual([exitCode, await listTree(to)], [1, await listTree(tree)]);
    await rm(join(directory, DATA));
    const nothing = await restored(directory, "--only", "/a", "--accept-damage");
    assert.equal(nothing.exitCode, 5, nothing.stderr);
    assert.doesNotMatch(nothing.stderr, /--accept-damage/);
  });
});

describe("cat, a decompressor and GNU tar", () => {
  for (const [codec, ending, unpack] of [
    ["zstd", ".zst", "zstd -dc"],
    ["gzip", ".gz", "gzip -dc"],
    ["none", "", "cat"],
  ] as const) {
    test(`make of a set the same tree as restore does: ${codec}`, async () => {
      const [stock, own, odd] = [await newPlace(), await newPlace(), await newPlace()];
      await makeOddTree(odd);
      const made = await archiveTree(odd, join(await newPlace(), "test-20261121T194500Z"), {
        codec,
        level: 1,
        volumeLimitBytes: 3_000_000,
      });
      assert.ok(made.manifest.totals.volumes > 1);
      const script = `cat "$1"/data-*.tar${ending} | ${unpack} | tar -x --xattrs --xattrs-include='*' --numeric-owner -C "$2"`;
      // Without pipefail: tar is done at the end's mark, and what writes the zeros behind it may be told so by a signal.
      await run(["sh", "-c", script, "sh", made.directory, stock]);
      const { exitCode, stderr } = await lifeboat(["restore", made.directory, "--only", "/", "--to", own]);
      assert.deepEqual([exitCode, stderr], [0, ""]);
      assert.deepEqual(await listTree(own), await listTree(stock));
      assert.deepEqual(await listTree(own), await listTree(odd));
    });
  }
});
