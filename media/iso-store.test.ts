// Sets on ISO images, read without mounting them: what was put there comes back, and what is broken is said to be.
import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree } from "../archive/set-for-tests.ts";
import { formatDiscNote } from "../set/disc-note.ts";
import { openSet } from "../set/open-set.ts";
import { verifySet } from "../set/verify-set.ts";
import { markStore } from "./directory-store.ts";
import { findSet, setsAt } from "./find-set.ts";
import { openIso } from "./iso-store.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-iso-"));
after(() => rm(scratch, { recursive: true }));

const [OLD, ID] = ["web-20260101T000000Z", "a.name-that_is.longer-than.ISO9660.likes_it-20260301T000000Z"];
const tree = join(scratch, "tree");
const store = join(scratch, "store");
const iso = join(store, `${ID}-1.iso`);

before(async () => {
  await run(["mkdir", "-p", tree, store, join(scratch, "disc/0-other"), join(scratch, "foreign/web-20260101T000000Z.d")]);
  await run(["sh", "-c", "head -c 6000000 /dev/urandom > noise; seq 100000 > text"], { cwd: tree });
  await archiveTree(tree, join(scratch, "disc", ID), { id: ID, volumeLimitBytes: 2_000_000 });
  await archiveTree(tree, join(store, OLD), { id: OLD });
  await markStore(store);
  // So many names that the directories do not fit into what is read first.
  await run(["sh", "-c", "seq -f x%090.0f 8000 | xargs touch"], { cwd: join(scratch, "disc/0-other") });
  await makeIso(join(scratch, "disc"), iso);
  await makeIso(join(scratch, "foreign"), join(store, "other.iso"));
  await writeFile(join(store, "text.iso"), "no image at all");
});

async function makeIso(directory: string, path: string): Promise<void> {
  await run(["xorriso", "-as", "mkisofs", "-iso-level", "3", "-r", "-J", "-joliet-long", "-quiet", "-o", path, directory]);
}

describe("findSet() takes a set on an ISO", () => {
  const cases: readonly (readonly [what: string, place: () => string])[] = [
    ["by the path of the image", () => iso],
    ["by its URL", () => `iso:${iso}`],
    ["by the directory that it lies in", () => store],
    ["by the URL of that directory", () => `iso:${store}`],
    ["by the directory above", () => `file://${scratch}`],
  ];
  for (const [what, place] of cases) {
    test(what, async () => {
      const source = await findSet(place());
      assert.equal(source.description, `${iso}/${ID}`);
      const { damage, paths } = await verifySet(await openSet(source), () => undefined);
      assert.deepEqual([damage, paths], [[], 3]);
    });
  }
});

test("files come from anywhere in them, fewer bytes at their end", async () => {
  const source = (await openIso(iso))!.source(ID);
  const whole = await readFile(join(scratch, "disc", ID, "data-0001.tar.zst"));
  assert.equal(await source.sizeOf("data-0001.tar.zst"), whole.length);
  for (const [offset, length] of [
    [0, 10],
    [2047, 5000],
    [whole.length - 3, 10],
    [whole.length, 1],
    [0, whole.length],
  ] as const)
    assert.deepEqual(Buffer.from(await source.read("data-0001.tar.zst", offset, length)), whole.subarray(offset, offset + length));
  assert.equal(await source.sizeOf("none"), undefined);
  await assert.rejects(source.read("none", 0, 1), { name: "LifeboatError", message: /"none" of ".*\.iso" as it must be on the image/ });
});

test("a list has images beside directories, by their time, and no images of anybody else", async () => {
  const listed = async (place: string) =>
    (await setsAt(place)).map(({ id, kind, state, path }) => [id, kind, state, path.slice(store.length + 1)]);
  const ours = [ID, "iso", "whole", `${ID}-1.iso`];
  assert.deepEqual(await listed(store), [[OLD, "directory", "whole", OLD], ours]);
  assert.deepEqual(await listed(`iso:${store}`), [ours]);
  assert.deepEqual(await listed(iso), [ours]);
  assert.deepEqual(await listed(join(store, "other.iso")), []);
});

test("without a set, or no image, is said so", async () => {
  const refused = (name: string, message: RegExp) => assert.rejects(findSet(join(store, name)), { exitCode: 2, message });
  await refused("other.iso", /as a set: it is an ISO image without one$/);
  await refused("text.iso", /as a set: it is no ISO image$/);
});

test("an image that is cut short is damaged and never the newest; named, it is opened as far as it goes", async () => {
  const place = join(scratch, "cut");
  await mkdir(place);
  const path = join(place, "cut.iso");
  await copyFile(iso, path);
  await truncate(path, 4_000_000);
  const problem = "its image is cut short: the file ends before the volume does";
  assert.deepEqual(
    (await setsAt(place)).map((set) => [set.state, set.problem]),
    [["damaged", problem]],
  );
  await assert.rejects(findSet(place), { exitCode: 5, message: new RegExp(`${ID}: ${problem}$`) });
  assert.equal((await openIso(path))?.isCutShort, true);
  assert.equal((await findSet(path)).description, `${path}/${ID}`);
  await truncate(path, 40_000);
  assert.deepEqual(await setsAt(place), []);
  await assert.rejects(findSet(path), { name: "LifeboatError" });
});

test("an image of which only the end is missing is damaged to verify too, though each file of the set is whole", async () => {
  const path = join(scratch, "tail.iso");
  await copyFile(iso, path);
  await truncate(path, (await stat(path)).size - 2048);
  const { damage, paths } = await verifySet(await openSet(await findSet(path)), () => undefined);
  const message = `Cannot start a machine from "${path}" as the image must be whole: the file ends before its volume does`;
  assert.deepEqual([damage, paths], [[message], 3]);
});

test("an image that is cut before the note which disc it is, is said to be cut, and no disc to be missing", async () => {
  const directory = join(scratch, "noted");
  await run(["cp", "-r", join(scratch, "disc"), directory]);
  await writeFile(join(directory, ID, "disc.json"), formatDiscNote({ set: ID, disc: 1, isLast: true }));
  const path = join(scratch, "noted.iso");
  await makeIso(directory, path);
  assert.equal((await findSet(path)).mediumDamage, undefined);
  await truncate(path, 4_000_000);
  const message = `Cannot open "${path}" as its image must be whole: "${path}" ends before its volume does`;
  await assert.rejects(findSet(path), { exitCode: 5, message });
});
