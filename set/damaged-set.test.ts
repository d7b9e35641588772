// A set without its manifest or catalogue says the same of its files as before, and of itself what its frame lists know.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { directorySource } from "../media/directory-store.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import { openDamagedSet } from "./damaged-set.ts";
import type { OpenSet } from "./open-set.ts";
import { readCatalogue } from "./read-catalogue.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-rebuilt-"));
after(() => rm(scratch, { recursive: true }));
let original: TreeSet;
let copies = 0;

before(async () => {
  const tree = join(scratch, "tree");
  await mkdir(tree);
  const make =
    "mkdir d; echo one > a; ln a d/b; ln -s a link; mkfifo pipe; head -c 9000000 /dev/urandom > big; truncate -s 5M hole; echo end >> hole";
  await run(["sh", "-c", make], { cwd: tree });
  original = await archiveTree(tree, join(scratch, "test-20261121T194500Z"), { volumeLimitBytes: 5_000_000 });
});

async function openWithout(spoil: (directory: string) => Promise<unknown>): Promise<OpenSet> {
  const directory = join(scratch, `${(copies += 1)}`, original.manifest.id);
  await cp(original.directory, directory, { recursive: true });
  await spoil(directory);
  return openDamagedSet(directorySource(directory));
}

async function entriesOf(set: OpenSet): Promise<readonly CatalogueEntry[]> {
  const entries: CatalogueEntry[] = [];
  for await (const entry of readCatalogue(set)) entries.push(entry);
  return entries;
}

test("openDamagedSet() opens a whole set as it is", async () => {
  const set = await openWithout(async () => undefined);
  assert.deepEqual([set.manifest, set.remarks, set.rebuilt], [original.manifest, undefined, undefined]);
});

test("openDamagedSet() makes a lost manifest again from all frame lists", async () => {
  const { manifest, remarks } = await openWithout((directory) => rm(join(directory, "set.json")));
  const { id, kind, codec, totals, files } = original.manifest;
  assert.deepEqual([manifest.id, manifest.kind, manifest.codec], [id, kind, codec]);
  const { contentBytes: _, ...known } = totals;
  assert.ok(totals.volumes > 1);
  assert.deepEqual({ ...manifest.totals }, { ...known, contentBytes: 0 });
  const others = files.filter(({ digest }) => digest !== undefined).map(({ name, digest }) => `${name} ${digest}`);
  assert.deepEqual(manifest.files.map(({ name, digest }) => `${name} ${digest}`).sort(), others.sort());
  assert.match(
    remarks?.join() ?? "",
    /there is no set\.json: it was made again from the frame lists; nothing vouches for the set's small files$/,
  );
});

test("openDamagedSet() makes a cut catalogue again, alone or with the manifest", async () => {
  const cut = (directory: string) => truncate(join(directory, "catalogue.ndjson.zst"), 100);
  const then = await entriesOf(original);
  const cutWithoutManifest = async (directory: string) => {
    await cut(directory);
    await rm(join(directory, "set.json"));
  };
  for (const spoil of [cut, cutWithoutManifest]) {
    const set = await openWithout(spoil);
    assert.deepEqual(await entriesOf(set), then);
    assert.deepEqual([set.manifest.totals.paths, set.rebuilt?.broken], [original.manifest.totals.paths, []]);
  }
});

test("openDamagedSet() can do nothing without frame lists", async () => {
  const message = /as frame lists and volumes must be there where the manifest is not: there are none$/;
  const spoiled = openWithout((directory) => run(["sh", "-c", "rm set.json *.frames"], { cwd: directory }));
  await assert.rejects(spoiled, { name: "LifeboatError", exitCode: 5, message });
});
