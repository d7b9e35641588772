// Members over gaps: what began before a gap is broken off, what begins behind it is found at its place in the stream.
import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, handmade, TAR_END } from "../formats/tar-for-tests.ts";
import type { PlacedFrame } from "./open-set.ts";
import { frameScanner } from "./scan-frames.ts";
import { frameStarts, streamPlace } from "./stream-places.ts";

/** Members a (1 KiB), b (2.5 KiB, through frames 0 to 2), c and d (1 KiB each), and the end. */
const STREAM = concat(
  handmade({ name: "a" }, "a"),
  handmade({ name: "b" }, "b".repeat(2000)),
  handmade({ name: "c" }, "c"),
  handmade({ name: "d" }, "d"),
  TAR_END,
);
const CONTENTS = [STREAM.slice(0, 2048), STREAM.slice(2048, 3072), STREAM.slice(3072, 4608), STREAM.slice(4608)];
const FIRST_MEMBERS = [0, undefined, 512, 0];
const FRAMES = CONTENTS.map((content, number): PlacedFrame => ({
  number,
  offset: 0,
  storedBytes: 0,
  contentBytes: content.length,
  digest: "",
  firstMember: FIRST_MEMBERS[number],
  firstPath: "",
  volume: "",
}));
const STARTS = frameStarts(FRAMES);

/** What is told of the frames with these numbers; a gap where one is left out. */
function told(numbers: readonly number[]): readonly string[] {
  const lines: string[] = [];
  let bytes = 0;
  const scanner = frameScanner(STARTS, {
    member: ({ path }, _, place) => void lines.push(`${path} at ${place}`),
    data: (piece) => void (bytes += piece.length),
    end() {
      lines.push(`end after ${bytes}`);
      bytes = 0;
    },
    broken() {
      lines.push("broken");
      bytes = 0;
    },
  });
  let previous = -1;
  for (const number of numbers) {
    if (number !== previous + 1) scanner.gap();
    scanner.take(FRAMES[number]!, CONTENTS[number]!);
    previous = number;
  }
  return lines;
}

const A = ["a at 0", "end after 1"];
const B = ["b at 1024", "end after 2000"];
const C = ["c at 3584", "end after 1"];
const D = ["d at 4608", "end after 1"];

const CASES: readonly (readonly [frames: readonly number[], lines: readonly string[]])[] = [
  [
    [0, 1, 2, 3],
    [...A, ...B, ...C, ...D],
  ],
  [
    [1, 2, 3],
    [...C, ...D],
  ],
  [
    [0, 2, 3],
    [...A, "b at 1024", "broken", ...C, ...D],
  ],
  [
    [0, 1, 3],
    [...A, "b at 1024", "broken", ...D],
  ],
  [
    [0, 3],
    [...A, "b at 1024", "broken", ...D],
  ],
  [[2], C],
  [[1], []],
  [[3], D],
];

for (const [frames, lines] of CASES) {
  test(`frameScanner() tells of the members that are whole in the frames ${frames.join(", ")}`, () =>
    assert.deepEqual(told(frames), lines));
}

test("streamPlace() of a frame that is not there is beyond all others", () => {
  assert.deepEqual(STARTS, [0, 2048, 3072, 4608, STREAM.length]);
  assert.deepEqual([streamPlace(STARTS, { frame: 2, offset: 5 }), streamPlace(STARTS, { frame: 9, offset: 5 })], [3077, Infinity]);
});
