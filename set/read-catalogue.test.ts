// The catalogue of a set as a stream of entries: of any length, in pieces of any size, within bounded memory.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { digestOf } from "#os/digest";
import { directorySource } from "../media/directory-store.ts";
import { formatCatalogueEntry, type CatalogueEntry } from "./catalogue.ts";
import type { OpenSet } from "./open-set.ts";
import { readCatalogue } from "./read-catalogue.ts";
import type { SetManifest } from "./set-manifest.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-catalogue-"));
after(() => rm(scratch, { recursive: true }));

const NAME = "catalogue.ndjson.zst";

/** A set that has nothing but this catalogue. */
async function setWith(stored: Uint8Array): Promise<OpenSet> {
  await writeFile(join(scratch, NAME), stored);
  const manifest = { files: [{ name: NAME, sizeBytes: stored.length, digest: digestOf(stored) }] } as unknown as SetManifest;
  return { source: directorySource(scratch), manifest };
}

async function all(set: OpenSet): Promise<readonly CatalogueEntry[]> {
  const entries: CatalogueEntry[] = [];
  for await (const entry of readCatalogue(set)) entries.push(entry);
  return entries;
}

function entryOf(index: number): CatalogueEntry {
  return {
    path: index % 3 === 0 ? `/\xff${index}` : `/\xc3\xa4\n${index}`,
    type: "fifo",
    mode: 0o600,
    uid: 0,
    gid: 0,
    mtime: [index, 0],
    ctime: undefined,
    sizeBytes: 0,
    digest: undefined,
    isSparse: false,
    attributesDigest: undefined,
    target: undefined,
    hardlinkOf: undefined,
    device: undefined,
    flags: "",
    frame: 0,
    offset: index,
    streamBytes: 512,
  };
}

test("readCatalogue() gives every entry of many zstd frames, wherever lines and characters are cut", async () => {
  const entries = Array.from({ length: 20_000 }, (_, index) => entryOf(index));
  const text = Buffer.from(entries.map(formatCatalogueEntry).join(""));
  const cuts = [0, 1, 1000, 1001, 777_777, text.length];
  const frames = cuts.slice(1).map((end, index) => zstdCompressSync(text.subarray(cuts[index], end)));
  assert.deepEqual(await all(await setWith(Buffer.concat(frames))), entries);
});

test("readCatalogue() can be left before its end", async () => {
  const set = await setWith(zstdCompressSync([1, 2, 3].map((index) => formatCatalogueEntry(entryOf(index))).join("")));
  for await (const entry of readCatalogue(set)) {
    assert.equal(entry.offset, 1);
    break;
  }
});

const LINE = formatCatalogueEntry(entryOf(1));
const REFUSALS: readonly (readonly [what: string, stored: Uint8Array, message: RegExp])[] = [
  [
    "a line without end, at 256 KiB of it",
    zstdCompressSync(Buffer.alloc(1 << 26, "x")),
    /each line must end within 262144 bytes: one does not after [23]\d{5}$/,
  ],
  [
    "a last line without newline",
    zstdCompressSync(`${LINE}${LINE.trimEnd()}`),
    /each line must end within 262144 bytes: one does not after \d+$/,
  ],
  ["half a zstd frame", zstdCompressSync(LINE).subarray(0, 30), /Cannot unpack zstd data as it must be whole/],
  ["what is no zstd", Buffer.from("text"), /Cannot unpack zstd data as it must be whole/],
];

for (const [what, stored, message] of REFUSALS) {
  test(`readCatalogue() refuses ${what}`, async () => {
    await assert.rejects(all(await setWith(stored)), { name: "LifeboatError", exitCode: 5, message });
  });
}

test("readCatalogue() tells no entry of a catalogue whose digest is another", async () => {
  const set = await setWith(zstdCompressSync(LINE));
  await writeFile(join(scratch, NAME), zstdCompressSync(LINE.replace("384", "511")));
  await assert.rejects(readCatalogue(set).next(), {
    exitCode: 5,
    message: /as (?:its digest must be the manifest's|it must have \d+ bytes)/,
  });
});
