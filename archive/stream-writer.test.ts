// From a tar stream to frames and catalogue lines: each member at its place, with its digest; a stream that stops is no archive.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "#os/digest";
import { concat, handmade, paxHeader, TAR_END } from "../formats/tar-for-tests.ts";
import { parseCatalogueEntry, type CatalogueEntry } from "../set/catalogue.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { writeStream, type StreamTotals } from "./stream-writer.ts";

/** A frame that never ends, which keeps what comes. */
function oneFrame(): { readonly frames: FrameWriter; readonly begun: string[]; readonly bytes: () => Uint8Array } {
  const kept: Uint8Array[] = [];
  const begun: string[] = [];
  const frames: FrameWriter = {
    begin(path, totalBytes) {
      begun.push(`${path} ${totalBytes}`);
      return { frame: 0, offset: kept.reduce((sum, { length }) => sum + length, 0) };
    },
    append: (bytes) => void kept.push(bytes.slice()),
    room: async () => undefined,
    finish: () => assert.fail("the caller finishes"),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { frames, begun, bytes: () => concat(...kept) };
}

interface Written {
  readonly entries: readonly CatalogueEntry[];
  readonly totals: StreamTotals;
  readonly begun: readonly string[];
}

async function write(stream: Uint8Array, flags: ReadonlyMap<string, string> = new Map()): Promise<Written> {
  const { frames, begun, bytes } = oneFrame();
  const entries: CatalogueEntry[] = [];
  async function* pieces(): AsyncGenerator<Uint8Array> {
    // The same memory each time, as the source has it.
    const memory = new Uint8Array(700);
    for (let at = 0; at < stream.length; at += memory.length) {
      const piece = stream.subarray(at, at + memory.length);
      memory.set(piece);
      yield memory.subarray(0, piece.length);
    }
  }
  const totals = await writeStream(pieces(), {
    frames,
    digestAlgorithm: "BLAKE2b-512",
    flags,
    sameNodes: new Map(),
    isSameInode: () => true,
    line: (text) => void entries.push(parseCatalogueEntry(text)),
    progress: () => undefined,
  });
  assert.deepEqual(bytes(), stream);
  return { entries, totals, begun };
}

const MEMBERS = [
  handmade({ name: "./", typeflag: "5" }),
  concat(paxHeader({ path: "etc/\xe4" }), handmade({}, "abc")),
  handmade({ name: "x", typeflag: "1", linkname: "etc/y" }),
];

test("writeStream() keeps every byte, and tells of each member its place, length, digest and flags", async () => {
  const { entries, totals, begun } = await write(concat(...MEMBERS, TAR_END), new Map([["/etc/\xc3\xa4", "i"]]));
  assert.deepEqual(
    entries.map(({ path, type, digest, flags, hardlinkOf, offset, streamBytes }) => [
      path,
      type,
      digest,
      flags,
      hardlinkOf,
      offset,
      streamBytes,
    ]),
    [
      ["/", "directory", undefined, "", undefined, 0, 512],
      ["/etc/\xc3\xa4", "file", digestOf("abc"), "i", undefined, 512, 2048],
      ["/x", "hard-link", undefined, "", "/etc/y", 2560, 512],
    ],
  );
  assert.deepEqual([totals, begun], [{ paths: 3, contentBytes: 3, mistaken: [] }, ["/ 512", "/etc/ä 2048", "/x 512"]]);
});

test("writeStream() refuses a stream that stops before its end, wherever", async () => {
  const stream = concat(...MEMBERS);
  for (const length of [0, 1, 512, 600, 1600, 2100, stream.length]) {
    await assert.rejects(write(stream.slice(0, length)), {
      name: "LifeboatError",
      exitCode: 4,
      message: /must have an end: it stops in the middle$/,
    });
  }
});
