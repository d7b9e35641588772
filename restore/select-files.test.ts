// What is asked for of a catalogue: the same whether it is little, and kept, or much, and read again.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { ByteText } from "../formats/tar-read.ts";
import type { CatalogueEntry } from "../set/catalogue.ts";
import type { OpenSet } from "../set/open-set.ts";
import { entryOf } from "./entries-for-tests.ts";
import { selectFiles } from "./select-files.ts";

const to = await mkdtemp(join(tmpdir(), "lifeboat-select-"));
after(() => rm(to, { recursive: true }));

const FRAME_BYTES = 1_536_000;

/** 1,000 entries a frame, as many files as are asked for between a directory and links into and out of it. */
function catalogueOf(files: number): readonly CatalogueEntry[] {
  const paths = Array.from({ length: files }, (_, index) => `/dir/${index}`);
  const entries = [
    entryOf({ path: "/", type: "directory" }),
    entryOf({ path: "/a", flags: "i" }),
    entryOf({ path: "/dir", type: "directory" }),
    ...paths.map((path) => entryOf({ path })),
    entryOf({ path: "/dir/link", type: "hard-link", hardlinkOf: "/a" }),
    entryOf({ path: "/dir/own", type: "hard-link", hardlinkOf: "/dir/0" }),
    entryOf({ path: "/directory" }),
  ];
  return entries.map((entry, index) => ({ ...entry, frame: Math.floor(index / 1000), offset: (index % 1000) * 1536 }));
}

/** Counts how often it is read. */
function setOf(entries: readonly CatalogueEntry[]) {
  const reads = { count: 0 };
  const rebuilt = {
    get entries() {
      reads.count += 1;
      return entries;
    },
    broken: [],
    unnamed: 0,
  };
  return { set: { rebuilt } as unknown as OpenSet, reads };
}

async function pathsOf(entries: AsyncIterable<CatalogueEntry>): Promise<readonly ByteText[]> {
  const paths: ByteText[] = [];
  for await (const { path } of entries) paths.push(path);
  return paths;
}

describe("selectFiles()", () => {
  for (const [what, files, readsForMore] of [
    ["keeps what is little", 3, 0],
    ["reads again what is much", 25_000, 1],
  ] as const) {
    test(`${what}, with first names that were not asked for in their place`, async () => {
      const entries = catalogueOf(files);
      const { set, reads } = setOf(entries);
      const starts = Array.from({ length: Math.ceil(entries.length / 1000) + 1 }, (_, index) => index * FRAME_BYTES);
      const selection = await selectFiles({ set, only: ["/dir"], to, starts });
      const expected = entries.map(({ path }) => path).filter((path) => path === "/a" || /^\/dir(?:\/|$)/.test(path));
      const before = reads.count;
      assert.deepEqual(await pathsOf(selection.entries()), expected);
      assert.equal(reads.count - before, readsForMore);
      assert.deepEqual([...selection.sources], ["/a"]);
      assert.deepEqual(
        [...selection.frames].sort((a, b) => a - b),
        starts.slice(0, -1).map((_, index) => index),
      );
      const { streamBytes, hasFlags, hasNodes, inTheWay } = selection;
      assert.deepEqual([streamBytes, hasFlags, hasNodes], [expected.length * 1536, true, false]);
      assert.deepEqual(inTheWay, { count: 0, first: undefined });
      assert.deepEqual(["/dir", "/dir/x", "/directory", "/", "/a"].map(selection.isWanted), [true, true, false, false, false]);
    });
  }
});
