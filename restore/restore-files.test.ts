// Single files from real sets: what was asked for comes back, from no more frames than hold it, and nothing is lost on the way.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, open, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { infoRaw } from "#os/byte-paths";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { listTree, makeOddTree } from "../archive/trees-for-tests.ts";
import { directorySource } from "../media/directory-store.ts";
import { openDamagedSet } from "../set/damaged-set.ts";
import { openSet, readFrames, type PlacedFrame } from "../set/open-set.ts";
import type { SetSource } from "../set/set-source.ts";
import { entryOf } from "./entries-for-tests.ts";
import { FILES_REQUEST } from "./files-request-for-tests.ts";
import { linkRefuser, missingParents } from "./missing-parents.ts";
import { planFiles, restoreFiles, type FilesRequest, type Loss } from "./restore-files.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-files-"));
after(() => rm(scratch, { recursive: true }));

const MIB = 2 ** 20;
const tree = join(scratch, "tree");
let set: TreeSet;
let frames: readonly PlacedFrame[];

/** Frame 0: what is small; 1 to 3: /big with /c and /dir behind it; 4: /e, /hole, /link. */
before(async () => {
  await mkdir(join(tree, "dir/sub"), { recursive: true });
  await writeFile(join(tree, "a"), "first");
  await writeFile(join(tree, "b"), Buffer.alloc(100_000, "b"));
  await writeFile(join(tree, "big"), Buffer.alloc(10 * MIB, "0123456789abcde"));
  await writeFile(join(tree, "c"), "after it");
  const links = "ln b dir/b2; ln b dir/sub/b3; ln big dir/big2; ln -s ../a dir/link; truncate -s 64M hole; echo end >> hole; ln hole hole2";
  await run(["sh", "-c", links], { cwd: tree });
  await writeFile(join(tree, "dir/own"), "own");
  await writeFile(join(tree, "e"), Buffer.alloc(3 * MIB, "e"));
  await chmod(join(tree, "dir"), 0o2750);
  await utimes(join(tree, "dir"), 1, 2);
  set = await archiveTree(tree, join(scratch, "set"), { volumeLimitBytes: 2000 });
  frames = await readFrames(set);
});

let places = 0;

async function newPlace(): Promise<string> {
  const place = join(scratch, `place${(places += 1)}`);
  await mkdir(place);
  return place;
}

async function restore(only: readonly string[], request: Partial<FilesRequest> = {}) {
  const to = request.to ?? (await newPlace());
  const outcome = await restoreFiles({ set, only, to, ...FILES_REQUEST, ...request });
  return { to, outcome };
}

/** Says which frames' bytes were read: the source itself, which takes notes. */
function noting(source: SetSource) {
  const read = new Set<string>();
  const noted: SetSource = {
    ...source,
    read(name, offset, room) {
      if (name.endsWith(".tar.zst")) read.add(`${name} ${offset}+${typeof room === "number" ? room : room.length}`);
      return source.read(name, offset, room);
    },
  };
  return { source: noted, read };
}

async function pathsBelow(directory: string): Promise<readonly string[]> {
  return (await run(["find", ".", "-mindepth", "1", "-printf", "%P\n"], { cwd: directory })).stdout
    .split("\n")
    .filter((path) => path !== "")
    .sort();
}

describe("restoreFiles() brings back", () => {
  const cases: readonly (readonly [what: string, only: readonly string[], frames: readonly number[], paths: readonly string[]])[] = [
    ["one small file, from one frame", ["/a"], [0], ["a"]],
    ["a file behind a large one, without that", ["/c"], [3], ["c"]],
    ["files around a large one, without that", ["/e", "/a", "/c"], [0, 3, 4], ["a", "c", "e"]],
    ["a large file, from all its frames", ["/big"], [1, 2, 3], ["big"]],
    ["a hard link alone, with its content from where the first name is", ["/dir/big2"], [1, 2, 3], ["dir", "dir/big2"]],
    ["two hard links without their first name", ["/dir/b2", "/dir/sub"], [0, 3], ["dir", "dir/b2", "dir/sub", "dir/sub/b3"]],
    ["a hard link to a file with holes", ["/hole2"], [4], ["hole2"]],
    ["a symbolic link that leads nowhere", ["/dir/link"], [3], ["dir", "dir/link"]],
    ["what is asked for twice, once", ["/dir/sub", "/dir/sub/"], [0, 3], ["dir", "dir/sub", "dir/sub/b3"]],
  ];
  for (const [what, only, frameNumbers, paths] of cases) {
    test(what, async () => {
      const { source, read } = noting(set.source);
      const { to, outcome } = await restore(only, { set: { ...set, source } });
      assert.deepEqual([outcome.differences, outcome.lost, outcome.framesRead], [[], [], frameNumbers.length]);
      assert.deepEqual(
        [...read].sort(),
        frames
          .filter(({ number }) => frameNumbers.includes(number))
          .map(({ volume, offset, storedBytes }) => `${volume} ${offset}+${storedBytes}`)
          .sort(),
      );
      assert.deepEqual(await pathsBelow(to), paths);
      for (const path of paths.filter((one) => one !== "dir")) {
        const format = ["stat", "--format", "%F %a %u:%g %s %Y"] as const;
        const [now, then] = await Promise.all([to, tree].map(async (root) => (await run([...format, join(root, path)])).stdout));
        assert.equal(now, then, path);
        if ((await run(["test", "-f", join(to, path)], { okCodes: [0, 1] })).exitCode === 0)
          await run(["cmp", join(to, path), join(tree, path)]);
      }
    });
  }

  test("hard links as one file", async () => {
    const { to } = await restore(["/dir/b2", "/dir/sub/b3"]);
    const [b2, b3] = await Promise.all(["dir/b2", "dir/sub/b3"].map((path) => stat(join(to, path))));
    assert.deepEqual([b2?.ino, b2?.nlink], [b3?.ino, 2]);
  });

  test("files into a directory that is made for them", async () => {
    const to = join(await newPlace(), "new");
    const { outcome } = await restore(["/a"], { to });
    assert.deepEqual([outcome.differences, await pathsBelow(to)], [[], ["a"]]);
  });

  test("files that are not read back when that was said, and counted all the same", async () => {
    const { outcome } = await restore(["/a", "/dir/link"], { check: false });
    assert.deepEqual([outcome.differences, outcome.wasChecked, outcome.restored], [[], false, 2]);
  });

  test("holes as holes", async () => {
    const { to } = await restore(["/hole2"]);
    const { size, blocks } = await stat(join(to, "hole2"));
    assert.deepEqual([size, blocks * 512 < MIB], [64 * MIB + 4, true]);
  });

  test("a whole tree of every kind of file, below another directory", async () => {
    const odd = join(scratch, "odd");
    await mkdir(odd);
    await makeOddTree(odd);
    const oddSet = await archiveTree(odd, join(scratch, "odd-set"));
    const { to, outcome } = await restore(["/"], { set: oddSet });
    assert.deepEqual([outcome.differences, outcome.lost, outcome.restored], [[], [], oddSet.manifest.totals.paths]);
    assert.deepEqual(await listTree(to), await listTree(odd));
  });
});

describe("restoreFiles() and device nodes and FIFOs with several names", () => {
  let nodes: TreeSet;

  before(async () => {
    const made = join(scratch, "nodes");
    await mkdir(join(made, "dir"), { recursive: true });
    const make =
      "mkfifo pipe; ln pipe dir/pipe2; ln pipe dir/pipe3; mknod dir/null c 1 3; ln dir/null dir/null2; mknod other c 1 3; touch -d @3.000000005 dir";
    await run(["sh", "-c", make], { cwd: made });
    nodes = await archiveTree(made, join(scratch, "nodes-set"));
  });

  /** Names of one node together, those with none beside alone. */
  async function groups(directory: string): Promise<readonly string[]> {
    const lines = (
      await run(["find", ".", "-type", "p", "-printf", "%i %P\n", "-o", "-type", "c", "-printf", "%i %P\n"], { cwd: directory })
    ).stdout;
    const byInode = new Map<string, string[]>();
    for (const [, inode = "", path = ""] of lines.matchAll(/(\d+) (.*)\n/g)) byInode.set(inode, [...(byInode.get(inode) ?? []), path]);
    return [...byInode.values()].map((paths) => paths.sort().join(" ")).sort();
  }

  const cases: readonly (readonly [what: string, only: readonly string[], expected: readonly string[]])[] = [
    ["all", ["/"], ["dir/null dir/null2", "dir/pipe2 dir/pipe3 pipe", "other"]],
    ["those whose first name was not asked for", ["/dir"], ["dir/null dir/null2", "dir/pipe2 dir/pipe3"]],
    ["single names", ["/dir/pipe3", "/dir/null2", "/other"], ["dir/null2", "dir/pipe3", "other"]],
    ["a first name and one more", ["/pipe", "/dir/pipe3"], ["dir/pipe3 pipe"]],
  ];
  for (const [what, only, expected] of cases) {
    test(`brings back ${what} as they were, and directories with their times`, async () => {
      const { to, outcome } = await restore(only, { set: nodes });
      assert.deepEqual([outcome.differences, await groups(to)], [[], expected]);
      // Touched by the links, not by a restore of single names.
      if (only.length === 1) assert.equal((await stat(join(to, "dir"), { bigint: true })).mtimeNs, 3_000_000_005n);
    });
  }
});

describe("restoreFiles() and directories above what was asked for", () => {
  let deep: TreeSet;

  before(async () => {
    const made = join(scratch, "deep");
    await mkdir(made);
    const make = `
      set -e; umask 022; mkdir -p srv/alice/desk/x 'srv/b b'; echo secret > srv/alice/desk/x/file; echo other > 'srv/b b/other'; echo top > srv/top
      chown 1000:1001 srv/alice; chmod 2700 srv/alice; chown 1000:7 srv/alice/desk; chmod 1731 srv/alice/desk; chown 8:9 'srv/b b'; chmod 770 'srv/b b'
      setfacl -m u:12345:rwx,g::- 'srv/b b'; setfattr -n user.note -v kept 'srv/b b'`;
    await run(["sh", "-c", make], { cwd: made });
    deep = await archiveTree(made, join(scratch, "deep-set"));
  });

  const facts = async (to: string, paths: readonly string[]) =>
    (await run(["stat", "--format", "%a %u:%g %F", ...paths.map((path) => join(to, path))])).stdout.split("\n").slice(0, -1);

  test("makes those that are not there with the set's owner and mode, whatever the umask", async () => {
    const mask = process.umask(0o077);
    try {
      const { to, outcome } = await restore(["/srv/alice/desk/x/file"], { set: deep });
      assert.deepEqual([outcome.differences, outcome.restored, outcome.lost], [[], 1, []]);
      assert.deepEqual(await facts(to, ["srv", "srv/alice", "srv/alice/desk", "srv/alice/desk/x", "srv/alice/desk/x/file"]), [
        "755 0:0 directory",
        "2700 1000:1001 directory",
        "1731 1000:7 directory",
        "755 0:0 directory",
        "644 0:0 regular file",
      ]);
    } finally {
      process.umask(mask);
    }
  });

  test("brings the ACL of one that is made, without which its mode would let in its group", async () => {
    const { to, outcome } = await restore(["/srv/b b/other"], { set: deep });
    assert.deepEqual([outcome.differences, outcome.restored], [[], 1]);
    const { stdout } = await run(["getfacl", "--absolute-names", "--omit-header", "-n", join(to, "srv/b b")]);
    assert.match(stdout, /^user::rwx\nuser:12345:rwx\ngroup::---\nmask::rwx\nother::---\n/);
    assert.match((await run(["getfattr", "-n", "user.note", join(to, "srv/b b")])).stdout, /user\.note="kept"/);
  });

  test("never touches those that are there", async () => {
    const to = await newPlace();
    await run(["sh", "-c", "mkdir -p srv/alice/desk; chown 5:6 srv/alice; chmod 711 srv; touch -d @7 srv"], { cwd: to });
    const { outcome } = await restore(["/srv/alice/desk/x/file"], { set: deep, to });
    assert.deepEqual(outcome.differences, []);
    assert.deepEqual(await facts(to, ["srv", "srv/alice", "srv/alice/desk"]), [
      "711 0:0 directory",
      "755 5:6 directory",
      "755 0:0 directory",
    ]);
    assert.deepEqual(
      [(await stat(join(to, "srv"))).mtimeMs, await readFile(join(to, "srv/alice/desk/x/file"), "utf8")],
      [7000, "secret\n"],
    );
  });

  test("refuses a link on the way, which would lead out, also when files may be overwritten", async () => {
    const live = await newPlace();
    await writeFile(join(live, "top"), "live");
    for (const [make, only] of [
      [`ln -s ${live} srv`, "/srv/top"],
      [`ln -s ${live} srv`, "/srv"],
      [`mkdir -p srv/alice; ln -s ${live} srv/alice/desk`, "/srv/alice/desk/x/file"],
      ["mkdir -p srv/alice real; ln -s ../../real srv/alice/desk", "/srv/alice"],
    ] as const) {
      const to = await newPlace();
      await run(["sh", "-c", make], { cwd: to });
      const before = await listTree(to);
      const message = /^Cannot restore to ".*" as \/srv(?:\/alice\/desk)? must be a directory there: it is a link$/;
      await assert.rejects(restore([only], { set: deep, to, overwrite: true }), { name: "LifeboatError", exitCode: 3, message });
      assert.deepEqual([await listTree(to), await pathsBelow(live), await readFile(join(live, "top"), "utf8")], [before, ["top"], "live"]);
    }
  });

  test("takes the links of the running system as they are", async () => {
    const place = await newPlace();
    await run(["sh", "-c", "mkdir real; ln -s real link"], { cwd: place });
    const directory = entryOf({ path: join(place, "link"), type: "directory" });
    linkRefuser("/")(join(place, "link/file"));
    assert.deepEqual(missingParents("/", [directory]), []);
  });

  test("refuses when something else has their name, also when files may be overwritten", async () => {
    for (const [make, state] of [
      ["echo mine > srv", "none"],
      ["ln -s nowhere srv", "a link"],
    ] as const) {
      const to = await newPlace();
      await run(["sh", "-c", make], { cwd: to });
      const message = new RegExp(`^Cannot restore to ".*" as /srv must be a directory there: it is ${state}$`);
      await assert.rejects(restore(["/srv/top"], { set: deep, to, overwrite: true }), { name: "LifeboatError", exitCode: 3, message });
      assert.deepEqual(await pathsBelow(to), ["srv"]);
    }
  });
});

describe("planFiles()", () => {
  const planned = async (request: Partial<FilesRequest> & Pick<FilesRequest, "only" | "to">) => {
    const plan = await planFiles({ set, ...FILES_REQUEST, ...request });
    const files: string[] = [];
    for await (const { entry, replaces } of plan.files()) files.push(`${replaces ? "replace" : "write"} ${entry.path}`);
    return files;
  };

  test("tells what would be written and what replaced, and writes nothing", async () => {
    const to = await newPlace();
    await mkdir(join(to, "dir"));
    await writeFile(join(to, "dir/own"), "newer");
    const before = await listTree(to);
    assert.deepEqual(await planned({ only: ["/a", "/dir/own", "/dir/sub/b3"], to, overwrite: true }), [
      "write /dir/sub",
      "write /a",
      "write /dir/sub/b3",
      "replace /dir/own",
    ]);
    await assert.rejects(planned({ only: ["/dir"], to }), { exitCode: 3, message: /\/dir\/own is there$/ });
    assert.deepEqual(await listTree(to), before);
    const place = join(to, "new");
    assert.deepEqual(await planned({ only: ["/dir/big2"], to: place }), ["write /dir", "write /dir/big2"]);
    assert.equal(infoRaw(place), undefined);
  });
});

describe("restoreFiles() refuses", () => {
  const refusal = (exitCode: number, message: RegExp) => ({ name: "LifeboatError", exitCode, message });

  test("paths that are not in the set, and names them", async () => {
    const message = /^Cannot restore "\/di", "\/a\/b" as it must be in the set: it is not$/;
    await assert.rejects(restore(["/a", "/di", "/a/b"]), refusal(2, message));
  });

  test("a place that is no directory, or in none", async () => {
    for (const [to, state] of [
      [join(scratch, "nowhere/new"), /: "[^"]*\/nowhere" is none$/],
      [join(tree, "a"), /: it is none$/],
      [join(tree, "a/new"), /: "[^"]*\/a" is none$/],
    ] as const) {
      await assert.rejects(restore(["/a"], { to }), refusal(3, /as it must be a directory, or a new name in one: /));
      await assert.rejects(restore(["/a"], { to }), { message: state });
    }
  });

  test("to overwrite, until it is told to", async () => {
    const to = await newPlace();
    await mkdir(join(to, "dir"));
    await writeFile(join(to, "dir/own"), "newer");
    const message = /as nothing is overwritten without being told: \/dir\/own is there$/;
    await assert.rejects(restore(["/dir"], { to }), refusal(3, message));
    assert.deepEqual(await pathsBelow(to), ["dir", "dir/own"]);
    assert.equal(await readFile(join(to, "dir/own"), "utf8"), "newer");
    const { outcome } = await restore(["/dir"], { to, overwrite: true });
    assert.deepEqual(outcome.differences, []);
    assert.equal(await readFile(join(to, "dir/own"), "utf8"), "own");
    assert.deepEqual([(await stat(join(to, "dir"))).mode & 0o7777, (await stat(join(to, "dir"))).mtimeMs], [0o2750, 2000]);
  });

  test("a directory in the place of a file, and a dangling link in the place of a file", async () => {
    const to = await newPlace();
    await mkdir(join(to, "a"));
    await assert.rejects(restore(["/a"], { to }), refusal(3, /\/a is there$/));
    await rm(join(to, "a"), { recursive: true });
    await run(["ln", "-s", "nowhere", join(to, "a")]);
    await assert.rejects(restore(["/a"], { to }), refusal(3, /\/a is there$/));
  });
});

describe("restoreFiles() and damage", () => {
  let copies = 0;

  async function damagedIn(number: number) {
    const directory = join(scratch, `copy${(copies += 1)}`);
    await cp(set.directory, directory, { recursive: true });
    const { volume, offset, storedBytes } = frames[number]!;
    await using file = await open(join(directory, volume), "r+");
    await file.write(new Uint8Array([1, 2, 3]), 0, 3, offset + Math.floor(storedBytes / 2));
    return openSet(directorySource(directory));
  }

  test("is of no matter where it does not touch what was asked for", async () => {
    const { to, outcome } = await restore(["/c", "/dir/own"], { set: await damagedIn(2) });
    assert.deepEqual([outcome.differences, outcome.lost], [[], []]);
    assert.equal(await readFile(join(to, "c"), "utf8"), "after it");
  });

  test("is refused with the names, and nothing is written", async () => {
    const to = await newPlace();
    const message =
      /^Cannot restore these files as all frames that hold them must be whole: frame 2 in data-0001\.tar\.zst: its digest is another; lost: \/big, \/dir\/big2$/;
    await assert.rejects(restore(["/a", "/big", "/dir"], { to, set: await damagedIn(2) }), { exitCode: 5, message });
    assert.deepEqual(await pathsBelow(to), []);
  });

  test("costs a file in the middle of which it is, with its links, and nothing else, once it is accepted", async () => {
    const { to, outcome } = await restore(["/"], { set: await damagedIn(2), acceptDamage: true });
    assert.deepEqual([outcome.differences, outcome.lost], [[], ["/big", "/dir/big2"]]);
    const lost = new Set(["big", "dir/big2"]);
    assert.deepEqual(
      await pathsBelow(to),
      (await pathsBelow(tree)).filter((path) => !lost.has(path)),
    );
    await run(["cmp", join(to, "e"), join(tree, "e")]);
    await run(["cmp", join(to, "c"), join(tree, "c")]);
  });

  test("is told before the first write", async () => {
    const to = await newPlace();
    const told: Loss[] = [];
    const tellLoss = (loss: Loss) => {
      assert.deepEqual(readdirSync(to), []);
      told.push(loss);
    };
    await restore(["/"], { to, set: await damagedIn(2), acceptDamage: true, tellLoss });
    await restore(["/c"], { to, set: await damagedIn(2), acceptDamage: true, tellLoss, overwrite: true });
    assert.deepEqual(told, [{ lost: ["/big", "/dir/big2"], lostUnnamed: 0 }]);
  });

  test("is named, or counted, where it has taken the catalogue too", async () => {
    const spoil = async (number: number) => {
      const { source } = await damagedIn(number);
      await using file = await open(join(source.description, "catalogue.ndjson.zst"), "r+");
      await file.write(new Uint8Array([1, 2, 3]), 0, 3, 40);
      return openDamagedSet(source);
    };
    const spanning = await restore(["/"], { set: await spoil(2), acceptDamage: true });
    assert.deepEqual([spanning.outcome.differences, spanning.outcome.lost, spanning.outcome.lostUnnamed], [[], ["/big", "/dir/big2"], 0]);
    const alone = await restore(["/big", "/e"], { set: await spoil(2), acceptDamage: true });
    assert.deepEqual([alone.outcome.lost, await pathsBelow(alone.to)], [["/big"], ["e"]]);
    const inOne = await spoil(4);
    const { outcome } = await restore(["/"], { set: inOne, acceptDamage: true });
    assert.deepEqual([outcome.differences, outcome.lost, outcome.lostUnnamed], [[], ["/e"], 2]);
    assert.equal(outcome.restored + 3, set.manifest.totals.paths);
    const message =
      /^Cannot restore "\/hole" as it must be among what is whole: it may be one of the 2 paths that are lost with their names$/;
    await assert.rejects(restore(["/hole"], { set: inOne, acceptDamage: true }), { exitCode: 5, message });
  });

  test("costs no file whose directory was hit, which is made by the catalogue", async () => {
    const made = join(scratch, "hit");
    await mkdir(join(made, "dir"), { recursive: true });
    await run(["sh", "-c", "head -c 5000000 /dev/urandom > dir/a; echo b > dir/b; setfattr -n user.x -v y dir; chmod 710 dir"], {
      cwd: made,
    });
    const hit = await archiveTree(made, join(scratch, "hit-set"));
    const [first] = await readFrames(hit);
    await using file = await open(join(hit.directory, first!.volume), "r+");
    await file.write(new Uint8Array([1, 2, 3]), 0, 3, first!.offset + Math.floor(first!.storedBytes / 2));
    const message = /: frame 0 in data-0001\.tar\.zst: its digest is another; lost: \/dir$/;
    await assert.rejects(restore(["/dir/b"], { set: hit }), { exitCode: 5, message });
    const { to, outcome } = await restore(["/dir/b"], { set: hit, acceptDamage: true });
    assert.deepEqual([outcome.differences, outcome.lost, (await stat(join(to, "dir"))).mode & 0o7777], [[], ["/dir"], 0o710]);
    assert.equal(await readFile(join(to, "dir/b"), "utf8"), "b\n");
  });

  test("costs links whose content is lost, without telling of names that nobody asked for", async () => {
    const { to, outcome } = await restore(["/dir/b2", "/dir/sub", "/dir/own"], { set: await damagedIn(0), acceptDamage: true });
    assert.deepEqual([outcome.differences, outcome.lost], [[], ["/dir/b2", "/dir/sub/b3"]]);
    assert.deepEqual(await pathsBelow(to), ["dir", "dir/own", "dir/sub"]);
  });
});
