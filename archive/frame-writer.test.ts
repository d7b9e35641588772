// Frames: cut between members where that is possible, rolled over to volumes, readable by the codecs' own programs.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import type { Codec } from "#os/compression";
import { LifeboatError } from "#os/error";
import { runBytes } from "#os/exec";
import { FRAME_BYTES, parseFrameList, type Frame } from "../set/frame-list.ts";
import { startFrameWriter, type Place } from "./frame-writer.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-frames-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Written {
  readonly places: readonly Place[];
  readonly volumes: readonly Uint8Array[];
  readonly lists: readonly (readonly Frame[])[];
  readonly stream: Buffer;
  readonly totals: { readonly frames: number; readonly volumes: number; readonly contentBytes: number; readonly storedBytes: number };
}

interface Options {
  readonly codec?: Codec;
  readonly volumeLimitBytes?: number;
  /** What each medium has left, by the number of the volume. */
  readonly roomBytes?: (number: number) => number;
  /** What members are filled with. */
  readonly fill?: (bytes: Buffer) => void;
  /** Bytes behind the last member, as tar's zero blocks are. */
  readonly trailerBytes?: number;
}

/** Members of these sizes, named /0, /1 and so on. */
async function write(
  sizes: readonly number[],
  { codec = "none", volumeLimitBytes = 1e12, roomBytes, fill, trailerBytes = 0 }: Options = {},
): Promise<Written> {
  const volumes: Buffer[][] = [];
  const lists: (readonly Frame[])[] = [];
  const stream: Buffer[] = [];
  const places: Place[] = [];
  await using writer = startFrameWriter({
    codec,
    level: 1,
    digestAlgorithm: "BLAKE2b-512",
    volumeLimitBytes,
    openVolume: async (number) => {
      const pieces: Buffer[] = [];
      volumes[number - 1] = pieces;
      return {
        ...(roomBytes === undefined ? {} : { roomBytes: roomBytes(number) }),
        write: async (bytes) => void pieces.push(Buffer.from(bytes)),
        close: async () => undefined,
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    async closeVolume(number, frames, sizeBytes) {
      lists[number - 1] = parseFrameList(frames, "test");
      if (roomBytes !== undefined) assert.ok(sizeBytes + Buffer.byteLength(frames) <= roomBytes(number));
      assert.equal(Buffer.concat(volumes[number - 1]!).length, sizeBytes);
    },
  });
  for (const [index, size] of sizes.entries()) {
    const bytes = Buffer.alloc(size, `${index};`);
    fill?.(bytes);
    stream.push(bytes);
    places.push(writer.begin(`/${index}`, size));
    for (let at = 0; at < size; at += 200_000) {
      // The same memory each time, as the source of the stream has it.
      writer.append(bytes.subarray(at, at + 200_000));
      await writer.room();
    }
  }
  writer.append(new Uint8Array(trailerBytes));
  stream.push(Buffer.alloc(trailerBytes));
  const totals = await writer.finish();
  return { places, volumes: volumes.map((pieces) => Buffer.concat(pieces)), lists, stream: Buffer.concat(stream), totals };
}

/** Content bytes, first member and first path of each frame. */
function shape({ lists }: Written) {
  return lists.flat().map(({ contentBytes, firstMember, firstPath }) => [contentBytes, firstMember, firstPath]);
}

const M = 1024 * 1024;

describe("cuts", () => {
  const cases: readonly (readonly [
    what: string,
    sizes: readonly number[],
    trailer: number,
    shape: readonly (readonly [number, number | undefined, string])[],
  ])[] = [
    ["members that fit share a frame", [M, M, 512], 1024, [[2 * M + 1536, 0, "/0"]]],
    [
      "a member that would not fit begins a frame",
      [M, 3 * M + 512, M - 512],
      0,
      [
        [M, 0, "/0"],
        [4 * M, 0, "/1"],
      ],
    ],
    [
      "a member of exactly a frame has it alone",
      [512, FRAME_BYTES, 512],
      0,
      [
        [512, 0, "/0"],
        [4 * M, 0, "/1"],
        [512, 0, "/2"],
      ],
    ],
    [
      "members that fill a frame to the byte leave nothing over",
      [3 * M, M, M],
      0,
      [
        [4 * M, 0, "/0"],
        [M, 0, "/2"],
      ],
    ],
    [
      "a member beyond a frame spans several, and others follow it",
      [512, 9 * M, M, 3 * M],
      0,
      [
        [512, 0, "/0"],
        [4 * M, 0, "/1"],
        [4 * M, undefined, "/1"],
        [2 * M, M, "/1"],
        [3 * M, 0, "/3"],
      ],
    ],
    [
      "a member that spans to the byte is followed by a fresh frame",
      [8 * M, 512],
      0,
      [
        [4 * M, 0, "/0"],
        [4 * M, undefined, "/0"],
        [512, 0, "/1"],
      ],
    ],
    [
      "the end of the archive may stand alone",
      [4 * M],
      1024,
      [
        [4 * M, 0, "/0"],
        [1024, undefined, "/0"],
      ],
    ],
    [
      "the end of the archive may be cut",
      [4 * M - 512],
      1024,
      [
        [4 * M, 0, "/0"],
        [512, undefined, "/0"],
      ],
    ],
  ];
  for (const [what, sizes, trailerBytes, expected] of cases) {
    test(`startFrameWriter(): ${what}`, async () => {
      const written = await write(sizes, { trailerBytes });
      assert.deepEqual(shape(written), expected);
      assert.ok(Buffer.concat(written.volumes).equals(written.stream));
    });
  }
});

test("each member is where begin() said, frames count through volumes, and no volume is larger than allowed", async () => {
  const Sizes = fc.array(fc.oneof(fc.constantFrom(512, 4 * M, 4 * M - 512, 4 * M + 512), fc.nat({ max: 9 * M })), { maxLength: 8 });
  const property = fc.asyncProperty(Sizes, async (sizes) => {
    const written = await write(sizes, { volumeLimitBytes: 9 * M });
    const frames = written.lists.flat();
    assert.deepEqual(
      frames.map(({ number }) => number),
      frames.map((_, index) => index),
    );
    assert.ok(written.volumes.every(({ length }) => length <= 9 * M));
    assert.ok(Buffer.concat(written.volumes).equals(written.stream));
    const starts = [0];
    for (const { contentBytes } of frames) starts.push(starts.at(-1)! + contentBytes);
    let at = 0;
    for (const [index, { frame, offset }] of written.places.entries()) {
      assert.equal(starts[frame]! + offset, at);
      // Cut in its middle only when it fits no frame.
      if (sizes[index]! <= FRAME_BYTES) assert.ok(offset + sizes[index]! <= frames[frame]!.contentBytes);
      at += sizes[index]!;
    }
    const { length } = written.stream;
    assert.deepEqual(written.totals, { frames: frames.length, volumes: written.volumes.length, contentBytes: length, storedBytes: length });
  });
  await fc.assert(property, { numRuns: 15 });
});

test("a volume and its frame list fit the room that its medium has left, and the next one gets a room of its own", async () => {
  const sizes = Array.from({ length: 12 }, () => 2 * M);
  const written = await write(sizes, { roomBytes: (number) => (number === 1 ? 9 * M : 13 * M), volumeLimitBytes: 12 * M });
  // Frames of 4 MiB: with their lists, two in 9 MiB, then three in 12 MiB, which the limit allows.
  assert.deepEqual(
    written.lists.map((frames) => frames.length),
    [2, 3, 1],
  );
  const tight = await write(sizes, { roomBytes: () => 12 * M });
  assert.deepEqual(
    tight.lists.map((frames) => frames.length),
    [2, 2, 2],
  );
});

const PROGRAMS: readonly (readonly [codec: Codec, command: readonly [string, ...string[]]])[] = [
  ["zstd", ["zstd", "-dc"]],
  ["gzip", ["gzip", "-dc"]],
  ["none", ["cat"]],
];

describe("codecs", () => {
  for (const [codec, command] of PROGRAMS) {
    for (const kind of ["text", "noise"]) {
      test(`${command[0]} reads volumes of ${kind} written with codec ${codec}`, async () => {
        const noise = (bytes: Buffer) => {
          let state = 1;
          for (let index = 0; index < bytes.length; index += 1)
            bytes[index] = (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;
        };
        const written = await write([5 * M, M, 100], { codec, volumeLimitBytes: M, ...(kind === "noise" ? { fill: noise } : {}) });
        assert.ok(Buffer.from(await runBytes(command, { input: Buffer.concat(written.volumes) })).equals(written.stream));
        // What is compressed already is stored: hardly larger than it is.
        const share = written.totals.storedBytes / written.stream.length;
        assert.ok(codec === "none" ? share === 1 : kind === "noise" ? share > 1 && share < 1.001 : share < 0.1, `${share}`);
      });
    }
  }
});

test("what writing throws comes out of room() or finish(), and nothing is written after it", async () => {
  let writes = 0;
  let disposed = 0;
  const attempt = async () => {
    await using writer = startFrameWriter({
      codec: "none",
      level: 0,
      digestAlgorithm: "BLAKE2b-512",
      volumeLimitBytes: 1e12,
      openVolume: async () => ({
        write: async () => {
          writes += 1;
          throw new LifeboatError("Cannot write as there must be room: the disk is full");
        },
        close: async () => assert.fail("it was never complete"),
        [Symbol.asyncDispose]: async () => void (disposed += 1),
      }),
      closeVolume: async () => assert.fail("it was never complete"),
    });
    for (let index = 0; index < 50; index += 1) {
      writer.begin(`/${index}`, FRAME_BYTES);
      writer.append(new Uint8Array(FRAME_BYTES));
      await writer.room();
    }
  };
  await assert.rejects(attempt(), { message: /the disk is full$/ });
  assert.deepEqual([writes, disposed], [1, 1]);
});

test("a writer that is left in the middle has stopped when it is disposed", async () => {
  const events: string[] = [];
  const pause = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms));
  let isOpening = (): void => undefined;
  const opening = new Promise<void>((resolve) => void (isOpening = resolve));
  const leave = async () => {
    await using writer = startFrameWriter({
      codec: "none",
      level: 0,
      digestAlgorithm: "BLAKE2b-512",
      volumeLimitBytes: 1,
      async openVolume(number) {
        events.push(`open ${number}`);
        isOpening();
        await pause(100);
        return {
          write: async () => void events.push(`write ${number}`),
          close: async () => void events.push(`close ${number}`),
          [Symbol.asyncDispose]: async () => void events.push(`dispose ${number}`),
        };
      },
      closeVolume: async () => undefined,
    });
    for (let index = 0; index < 3; index += 1) {
      writer.begin("/x", FRAME_BYTES);
      writer.append(new Uint8Array(FRAME_BYTES));
    }
    await opening;
    throw new Error("left");
  };
  await assert.rejects(leave(), /left/);
  assert.deepEqual(events, ["open 1", "write 1", "dispose 1"]);
  await pause(150);
  assert.equal(events.length, 3);
});
