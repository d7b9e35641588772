// A directory of sets: what stands in it, whole or not, and that nothing is ever overwritten.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { formatManifest, type SetManifest } from "../set/set-manifest.ts";
import { directorySource, listStore, makeSetDirectory, markStore } from "./directory-store.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-store-"));
after(() => rm(scratch, { recursive: true }));

const MANIFEST: SetManifest = {
  formatVersion: 1,
  id: "b-20260101T000000Z",
  kind: "files",
  hostName: "b",
  createdAt: "",
  finishedAt: "",
  createdBy: "",
  digestAlgorithm: "BLAKE2b-512",
  codec: "zstd",
  level: 3,
  consistent: "live",
  parent: null,
  options: { include: [], exclude: [] },
  totals: { paths: 0, contentBytes: 0, frames: 0, volumes: 0, streamBytes: 0, storedBytes: 0 },
  changed: [],
  unreadable: [],
  files: [],
};

const WHOLE = { kind: "directory", state: "whole", manifest: MANIFEST, problem: undefined } as const;
const UNFINISHED = {
  kind: "directory",
  state: "incomplete",
  manifest: undefined,
  problem: "it was not finished: there is no manifest",
} as const;

test("listStore() lists sets by their time, tells which are incomplete or damaged and why, and nothing else", async () => {
  const store = await mkdtemp(join(scratch, "list-"));
  for (const name of [
    "b-20260101T000000Z",
    "a-20260102T000000Z",
    "z-20251231T000000Z/boot",
    "mine-20260102T000000Z/boot",
    "boot",
    "x-20260101",
  ])
    await mkdir(join(store, name), { recursive: true });
  await writeFile(join(store, "b-20260101T000000Z/set.json"), formatManifest(MANIFEST));
  await writeFile(join(store, "a-20260102T000000Z/set.json"), "{");
  await writeFile(join(store, "b-20260101T000000Z-1.iso"), "");
  // Of a set it has the name, and what nobody's set has.
  await writeFile(join(store, "mine-20260102T000000Z/thesis"), "");
  const sets = await listStore(store);
  const problem = `Cannot read "${store}/a-20260102T000000Z/set.json" as a set's manifest must be whole: `;
  assert.deepEqual(
    sets.map((set) => ({ ...set, problem: set.problem?.slice(0, problem.length) })),
    [
      { ...UNFINISHED, id: "z-20251231T000000Z", path: `${store}/z-20251231T000000Z` },
      { ...WHOLE, id: MANIFEST.id, path: `${store}/b-20260101T000000Z` },
      { ...UNFINISHED, id: "a-20260102T000000Z", path: `${store}/a-20260102T000000Z`, state: "damaged", problem },
    ],
  );
  assert.deepEqual(await listStore(join(store, "none")), []);
});

test("listStore() lists what killed archives have left under other names", async () => {
  const store = await mkdtemp(join(scratch, "left-"));
  for (const name of [".lifeboat-staging-AbC123/x-20260101T000000Z", ".lifeboat-new-AbC123", ".lifeboat-AbC123", ".lifeboat-staging-x"])
    await mkdir(join(store, name), { recursive: true });
  for (const name of [".lifeboat-store", ".lifeboat-store.part-0123456789ab"]) await writeFile(join(store, name), "");
  const left = async (nowMs: number) => (await listStore(store, nowMs)).map(({ path, state }) => [path.slice(store.length + 1), state]);
  const byName = (rows: readonly (readonly string[])[]) => [...rows].sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  // Who has just begun may not have said yet that he writes.
  assert.deepEqual(byName(await left(Date.now())), [
    [".lifeboat-new-AbC123", "being-written"],
    [".lifeboat-staging-AbC123", "being-written"],
    [".lifeboat-store.part-0123456789ab", "incomplete"],
  ]);
  assert.deepEqual(byName(await left(Date.now() + 120_000)), [
    [".lifeboat-new-AbC123", "incomplete"],
    [".lifeboat-staging-AbC123", "incomplete"],
    [".lifeboat-store.part-0123456789ab", "incomplete"],
  ]);
});

test("makeSetDirectory() makes a directory for its owner alone, none that is there, and says who writes it", async () => {
  const store = await mkdtemp(join(scratch, "make-"));
  const path = await makeSetDirectory(store, MANIFEST.id);
  assert.deepEqual([path, (await stat(path)).mode & 0o777], [join(store, MANIFEST.id), 0o700]);
  await assert.rejects(makeSetDirectory(store, MANIFEST.id), { name: "LifeboatError", message: /never overwritten: it is there already$/ });
  assert.deepEqual(
    (await listStore(store)).map(({ id, state, problem }) => [id, state, problem?.replace(/,.*/, "")]),
    [[MANIFEST.id, "being-written", `it is being written by process ${process.pid} on ${hostname()}`]],
  );
  const both = await Promise.allSettled([1, 2].map(() => makeSetDirectory(store, "c-20260101T000000Z")));
  assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.deepEqual((await readdir(store)).sort(), [MANIFEST.id, "c-20260101T000000Z"]);
});

test("markStore() marks a store once", async () => {
  const store = await mkdtemp(join(scratch, "mark-"));
  await markStore(store);
  await writeFile(join(store, ".lifeboat-store"), "mine");
  await markStore(store);
  assert.deepEqual([await readdir(store), (await stat(join(store, ".lifeboat-store"))).size], [[".lifeboat-store"], 4]);
});

test("directorySource() reads from anywhere in a file, fewer bytes at its end, and knows what is not there", async () => {
  await writeFile(join(scratch, "file"), "0123456789");
  const source = directorySource(scratch);
  const read = async (offset: number, length: number) => Buffer.from(await source.read("file", offset, length)).toString();
  assert.deepEqual([await read(0, 3), await read(8, 5), await read(20, 5)], ["012", "89", ""]);
  assert.deepEqual([await source.sizeOf("file"), await source.sizeOf("none")], [10, undefined]);
  await assert.rejects(source.read("none", 0, 1), { name: "LifeboatError" });
});
