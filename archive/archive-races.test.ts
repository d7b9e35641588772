// Trees that change while they are archived: what happened to which file is told, and the set is sound all the same.
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { digestOf } from "#os/digest";
import { start } from "#os/exec";
import type { CatalogueEntry } from "../set/catalogue.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { verifySet } from "../set/verify-set.ts";
import { archiveTree, type TreeSet } from "./set-for-tests.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-races-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const MIB = 1024 * 1024;
let runs = 0;

/** The tree has `big` (8 MiB of x), then `later`. `strike` comes when tar has read some of big, and is held up by us. */
async function archiveWhile(strike: (tree: string) => void, prepare: (tree: string) => void = () => undefined): Promise<TreeSet> {
  const tree = mkdtempSync(join(scratch, "tree-"));
  writeFileSync(join(tree, "big"), Buffer.alloc(8 * MIB, "x"));
  writeFileSync(join(tree, "later"), "later");
  prepare(tree);
  // Whatever changes now has another time of change than what tar has seen.
  for (const name of ["big", "later"]) utimesSync(join(tree, name), 1, 1);
  let hasStruck = false;
  return archiveTree(tree, join(scratch, `set${(runs += 1)}`), {
    progress({ contentBytes }) {
      if (hasStruck || contentBytes < MIB) return;
      hasStruck = true;
      strike(tree);
    },
  });
}

async function entriesOf(set: TreeSet): Promise<Readonly<Record<string, CatalogueEntry>>> {
  const entries: [string, CatalogueEntry][] = [];
  for await (const entry of readCatalogue(set)) entries.push([entry.path, entry]);
  return Object.fromEntries(entries);
}

interface Expected {
  readonly changed?: Readonly<Record<string, string>>;
  readonly unreadable?: Readonly<Record<string, string>>;
  readonly paths?: readonly string[];
}

async function assertSound(set: TreeSet, { changed = {}, unreadable = {}, paths = ["/", "/big", "/later"] }: Expected): Promise<void> {
  const told = (remarks: TreeSet["manifest"]["changed"]) => Object.fromEntries(remarks.map(({ path, what }) => [path, what]));
  assert.deepEqual([told(set.manifest.changed), told(set.manifest.unreadable)], [changed, unreadable]);
  assert.deepEqual(Object.keys(await entriesOf(set)), paths);
  assert.deepEqual((await verifySet(set, () => undefined)).damage, []);
}

const CHANGED = "it changed while it was read";
const REMOVED = "it was removed before it was read";

describe("while a file is read", () => {
  test("it grows: what was there at first is kept", async () => {
    const set = await archiveWhile((tree) => appendFileSync(join(tree, "big"), Buffer.alloc(MIB, "y")));
    await assertSound(set, { changed: { "/big": CHANGED } });
    const { sizeBytes, digest } = (await entriesOf(set))["/big"]!;
    assert.deepEqual([sizeBytes, digest], [8 * MIB, digestOf(Buffer.alloc(8 * MIB, "x"))]);
  });

  test("it shrinks: zeros stand for its end", async () => {
    const set = await archiveWhile((tree) => truncateSync(join(tree, "big"), 4 * MIB));
    await assertSound(set, { changed: { "/big": "it shrank while it was read; zeros stand for its end" } });
    const { sizeBytes, digest } = (await entriesOf(set))["/big"]!;
    assert.deepEqual([sizeBytes, digest], [8 * MIB, digestOf(Buffer.alloc(4 * MIB, "x"), Buffer.alloc(4 * MIB))]);
  });

  test("a file with holes shrinks", async () => {
    const sparsen = (tree: string) => truncateSync(join(tree, "big"), 20 * MIB);
    const set = await archiveWhile((tree) => truncateSync(join(tree, "big"), 2 * MIB), sparsen);
    await assertSound(set, { changed: { "/big": "it shrank while it was read; zeros stand for its end" } });
    assert.equal((await entriesOf(set))["/big"]!.sizeBytes, 20 * MIB);
  });

  test("it is removed: it is kept as it was", async () => {
    const set = await archiveWhile((tree) => unlinkSync(join(tree, "big")));
    await assertSound(set, { changed: { "/big": CHANGED } });
  });
});

test("a directory that goes away while we list has changed, as one that goes while tar reads, and is told once", async () => {
  const tree = mkdtempSync(join(scratch, "walk-"));
  for (const name of ["dir", "kept"]) mkdirSync(join(tree, name));
  // The walk asks about a path just before it lists it.
  const isOwn = (name: string) => {
    if (name === "dir") rmSync(join(tree, "dir"), { recursive: true });
    return false;
  };
  const ownPlaces = [{ directories: [tree], isOwn, reason: "" }];
  const set = await archiveTree(tree, join(scratch, "set-walk"), { ownPlaces });
  await assertSound(set, { changed: { "/dir": REMOVED }, paths: ["/", "/kept"] });
  assert.equal(set.manifest.changed.length, 1);
});

describe("before a file is read", () => {
  test("it is removed", async () => {
    const set = await archiveWhile((tree) => unlinkSync(join(tree, "later")));
    await assertSound(set, { changed: { "/later": REMOVED }, paths: ["/", "/big"] });
  });

  test("it becomes a directory, or a link to nowhere", async () => {
    const set = await archiveWhile((tree) => {
      unlinkSync(join(tree, "later"));
      mkdirSync(join(tree, "later"));
    });
    await assertSound(set, {});
    const other = await archiveWhile((tree) => {
      unlinkSync(join(tree, "later"));
      symlinkSync("nowhere", join(tree, "later"));
    });
    await assertSound(other, {});
    assert.deepEqual([(await entriesOf(set))["/later"]?.type, (await entriesOf(other))["/later"]?.type], ["directory", "symlink"]);
  });

  test("it takes the place, and the inode's number, of another that was read: both keep their own content", async (context) => {
    const first = (tree: string) => join(tree, "another");
    const set = await archiveWhile(
      (tree) => {
        const { ino } = statSync(first(tree));
        rmSync(first(tree));
        // The file system gives the number to the next file, or to one soon after.
        for (let count = 0; count < 50; count += 1) {
          const made = join(tree, `../made-${runs}-${count}`);
          writeFileSync(made, "the new one");
          if (statSync(made).ino !== ino) continue;
          renameSync(made, join(tree, "later"));
          writeFileSync(first(tree), "replaced as well");
          return;
        }
      },
      (tree) => writeFileSync(first(tree), "another"),
    );
    const { "/later": later, "/another": other } = await entriesOf(set);
    if (later?.digest === digestOf("later")) return context.skip("this file system does not use an inode's number again at once");
    assert.deepEqual([later?.type, later?.digest, other?.digest], ["file", digestOf("the new one"), digestOf("another")]);
    await assertSound(set, { paths: ["/", "/another", "/big", "/later"] });
  });

  test("its directory is renamed", async () => {
    const set = await archiveWhile(
      (tree) => renameSync(join(tree, "dir"), join(tree, "gone")),
      (tree) => {
        mkdirSync(join(tree, "dir"));
        writeFileSync(join(tree, "dir/x"), "");
      },
    );
    // The walk is done: tar comes to big first, then to what is no longer there.
    await assertSound(set, { changed: { "/dir": REMOVED, "/dir/x": REMOVED } });
  });
});

test("a file that grows all the time does not hold up the archive", async () => {
  const tree = mkdtempSync(join(scratch, "grow-"));
  writeFileSync(join(tree, "log"), "");
  await using grower = start(["sh", "-c", 'while :; do head -c 100000 /dev/zero >> "$1"; done', "sh", join(tree, "log")]);
  await new Promise((resolve) => void setTimeout(resolve, 100));
  const set = await archiveTree(tree, join(scratch, "set-grow"));
  grower.kill("SIGKILL");
  assert.deepEqual([(await verifySet(set, () => undefined)).damage, set.manifest.unreadable], [[], []]);
});

test(
  "what may not be read is told, each once, and everything else is taken",
  { skip: process.getuid?.() === 0 ? false : "needs root to become another user" },
  async () => {
    const tree = mkdtempSync(join(scratch, "locked-"));
    mkdirSync(join(tree, "closed"), { mode: 0o700 });
    writeFileSync(join(tree, "closed/inside"), "");
    writeFileSync(join(tree, "müll"), "", { mode: 0o600 });
    writeFileSync(join(tree, "open"), "open");
    const place = join(scratch, "of-another");
    mkdirSync(place);
    for (const path of [scratch, tree, place]) chmodSync(path, 0o777);
    process.seteuid?.(65534);
    try {
      const set = await archiveTree(tree, join(place, "set"));
      const what = "Cannot open: Permission denied";
      await assertSound(set, { unreadable: { "/closed": what, "/müll": what }, paths: ["/", "/open"] });
      assert.equal(set.manifest.unreadable.length, 2);
    } finally {
      process.seteuid?.(0);
    }
  },
);
