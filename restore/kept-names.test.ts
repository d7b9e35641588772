// Names in a part of a set: whatever is another name of what is not in it gets a first name that is, at once, however many there are.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CatalogueEntry } from "../set/catalogue.ts";
import { entryOf } from "./entries-for-tests.ts";
import { keptNames } from "./kept-names.ts";
import type { Selection } from "./select-files.ts";

/** `/dir` was asked for; `/out` was not. */
function selectionOf(chosen: readonly CatalogueEntry[], sources: readonly CatalogueEntry[]): Selection {
  return {
    isWanted: (path) => path.startsWith("/dir"),
    async *entries() {
      yield* [...sources, ...chosen];
    },
    sources: new Set(sources.map(({ path }) => path)),
    parents: [],
    frames: new Set(),
    paths: 0,
    streamBytes: 0,
    inTheWay: { count: 0, first: undefined },
    hasFlags: false,
    hasNodes: true,
  };
}

async function entriesOf(names: Awaited<ReturnType<typeof keptNames>>): Promise<readonly CatalogueEntry[]> {
  const entries: CatalogueEntry[] = [];
  for await (const entry of names.entries()) entries.push(entry);
  return entries;
}

const link = (path: string, hardlinkOf: string) => entryOf({ path, type: "hard-link", hardlinkOf });
const node = (path: string, sameNodeAs: string) => entryOf({ path, type: "fifo", sameNodeAs });

test("keptNames() gives the first name that is whole the content, and the others point there", async () => {
  const source = entryOf({ path: "/out/a", sizeBytes: 7, digest: "d" });
  const chosen = [link("/dir/1", "/out/a"), link("/dir/2", "/out/a"), link("/dir/3", "/out/a"), link("/dir/own", "/dir/first")];
  const names = await keptNames(selectionOf(chosen, [source]), new Set(["/dir/1"]));
  const choices = [source, ...chosen, entryOf({ path: "/out" })].map(({ path, hardlinkOf }) => names.choose(path, hardlinkOf));
  assert.deepEqual(choices, [{ path: "dir/2" }, false, false, { linkTarget: "dir/2" }, true, false]);
  assert.deepEqual(await entriesOf(names), [{ ...source, path: "/dir/2" }, link("/dir/3", "/dir/2"), link("/dir/own", "/dir/first")]);
});

test("keptNames() makes the first node that is there the one that the others are, each time that it is asked", async () => {
  const chosen = [node("/dir/1", "/out/pipe"), node("/dir/2", "/out/pipe"), node("/dir/3", "/dir/whole")];
  const names = await keptNames(selectionOf(chosen, []), new Set());
  const expected = [entryOf({ path: "/dir/1", type: "fifo" }), node("/dir/2", "/dir/1"), chosen[2]];
  assert.deepEqual([await entriesOf(names), await entriesOf(names)], [expected, expected]);
});

test("keptNames() of a hundred thousand links is a matter of a moment", async () => {
  const sources = Array.from({ length: 50_000 }, (_, index) => entryOf({ path: `/out/${index}` }));
  const chosen = sources.flatMap(({ path }) => [link(`/dir/a${path}`, path), link(`/dir/b${path}`, path)]);
  const startMs = performance.now();
  const entries = await entriesOf(await keptNames(selectionOf(chosen, sources), new Set()));
  assert.ok(performance.now() - startMs < 10_000);
  assert.deepEqual([entries.length, entries.filter(({ type }) => type === "file").length], [100_000, 50_000]);
});
