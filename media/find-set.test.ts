// What a person may type for a set, and which set it is.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree } from "../archive/set-for-tests.ts";
import { markStore } from "./directory-store.ts";
import { findSet, setsAt } from "./find-set.ts";
import { setBelow } from "./find-store.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-find-set-"));
after(() => rm(scratch, { recursive: true }));

const tree = join(scratch, "tree");
await mkdir(tree);
await writeFile(join(tree, "file"), "content");

/** `DISK/one` and `DISK/two` are stores; the newest whole set is the first by name. */
const disk = join(scratch, "disk");
const [OLD, NEW, HALF] = ["web-20260101T000000Z", "alpha-20260301T000000Z", "web-20260401T000000Z"];
for (const [store, id] of [
  ["one", OLD],
  ["one", NEW],
  ["two", "zeta-20260201T000000Z"],
] as const) {
  await mkdir(join(disk, store), { recursive: true });
  await markStore(join(disk, store));
  await archiveTree(tree, join(disk, store, id), { id: id });
}
await mkdir(join(disk, "one", HALF));

describe("findSet() takes", () => {
  const cases: readonly (readonly [what: string, path: string, found: string])[] = [
    ["a set's directory", `one/${OLD}`, `one/${OLD}`],
    ["of a store the newest that is whole, whatever its name begins with", "one", `one/${NEW}`],
    ["of several stores one level below the newest of all", "", `one/${NEW}`],
  ];
  for (const [what, path, found] of cases) {
    test(what, async () => assert.equal((await findSet(join(disk, path))).description, join(disk, found)));
  }
});

test("setsAt() lists all sets of all stores, oldest first, with what is not whole", async () => {
  const sets = await setsAt(disk);
  assert.deepEqual(
    sets.map(({ id, problem }) => [id, problem]),
    [
      [OLD, undefined],
      ["zeta-20260201T000000Z", undefined],
      [NEW, undefined],
      [HALF, "it was not finished: there is no manifest"],
    ],
  );
});

describe("findSet() refuses", () => {
  const refused = (path: string, exitCode: number, message: RegExp) =>
    assert.rejects(findSet(path), { name: "LifeboatError", exitCode, message });

  test("what is no directory", () => refused(join(tree, "file"), 2, /as a set: it is no ISO image$/));
  test("a directory without sets", () => refused(tree, 2, /as a set: it is neither a set nor a directory that holds one$/));
  test("a store of nothing but broken archives", async () => {
    const store = join(scratch, "broken");
    await mkdir(join(store, HALF), { recursive: true });
    await refused(store, 5, /as a set: web-20260401T000000Z: it was not finished: there is no manifest$/);
    const hint = `lifeboat list ${store} --remove-incomplete removes what an interrupted archive has left`;
    await assert.rejects(findSet(store), { hint });
  });
});

test("setBelow() finds a set at the top, in a marked directory, and where the image says that it was", async () => {
  const id = OLD;
  const found = async (mountPoint: string, path?: string) => (await setBelow(mountPoint, { id, path }))?.slice(scratch.length);
  assert.equal(await found(join(disk, "one")), `/disk/one/${OLD}`);
  assert.equal(await found(disk), `/disk/one/${OLD}`);
  assert.equal(await found(scratch), undefined);
  assert.equal(await found(scratch, "disk/one"), `/disk/one/${OLD}`);
  assert.equal(await setBelow(disk, { id: "web-19990101T000000Z", path: undefined }), undefined);
});

test("what is no regular file is not waited for, whatever its name", async () => {
  const store = join(scratch, "pipes");
  const id = "web-20260501T000000Z";
  await archiveTree(tree, await mkdir(store).then(() => join(store, OLD)), { id: OLD });
  await run(["sh", "-c", `mkdir ${id} ${HALF}; mkfifo x.iso ${id}/set.json ${HALF}/writing.json`], { cwd: store });
  const sets = await setsAt(store);
  assert.deepEqual(
    sets.map((set) => [set.id, set.state, set.problem]),
    [
      [OLD, "whole", undefined],
      [HALF, "incomplete", "it was not finished: there is no manifest"],
      [id, "damaged", "its manifest is a fifo"],
    ],
  );
  assert.equal(await (await findSet(join(store, id))).sizeOf("set.json"), undefined);
});

test("setBelow() passes over a copy without a manifest while there is a set that has one", async () => {
  const root = join(scratch, "copies");
  const search = { id: OLD, path: undefined };
  await mkdir(join(root, OLD), { recursive: true });
  assert.equal(await setBelow(root, search), join(root, OLD), "its loss is told when it is opened");
  await mkdir(join(root, "sets", OLD), { recursive: true });
  await markStore(join(root, "sets"));
  assert.equal(await setBelow(root, search), join(root, OLD));
  await writeFile(join(root, "sets", OLD, "set.json"), "{}");
  assert.equal(await setBelow(root, search), join(root, "sets", OLD));
});
