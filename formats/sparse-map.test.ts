// Our reader of GNU's sparse maps against bytes written by hand, GNU tar, round trips and lies.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { run, runBytes } from "#os/exec";
import { sparseReader } from "./sparse-map.ts";
import { concat, scanTar } from "./tar-for-tests.ts";
import { asciiEncode, latin1Decode } from "./text.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-sparse-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

type Extent = readonly [offset: number, content: string];

/** A member's data: the map, filled to a block, and what is not a hole. */
function stored(extents: readonly Extent[]): Uint8Array {
  const numbers = [extents.length, ...extents.flatMap(([offset, content]) => [offset, content.length])];
  return concat(filled(numbers.map((number) => `${number}\n`).join("")), asciiEncode(extents.map(([, content]) => content).join("")));
}

function filled(map: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(map.length / 512) * 512);
  bytes.set(asciiEncode(map));
  return bytes;
}

/** What the reader tells, pieces that follow each other joined. */
function extentsIn(sizeBytes: number, data: Uint8Array, pieceLengths: readonly number[] = []): readonly Extent[] {
  const told: [number, string][] = [];
  const reader = sparseReader(sizeBytes, (offset, bytes) => {
    const last = told.at(-1);
    if (last !== undefined && last[0] + last[1].length === offset) last[1] += latin1Decode(bytes);
    else told.push([offset, latin1Decode(bytes)]);
  });
  let at = 0;
  for (const length of [...pieceLengths, data.length]) {
    reader.push(data.subarray(at, at + length));
    at = Math.min(data.length, at + length);
  }
  return told;
}

describe("maps by hand", () => {
  const cases: readonly (readonly [what: string, sizeBytes: number, data: Uint8Array, expected: readonly Extent[]])[] = [
    ["all hole, as GNU tar has it", 1000, stored([[1000, ""]]), []],
    ["no extent at all", 1000, stored([]), []],
    [
      "islands and a hole at the end",
      9000,
      stored([
        [0, "abc"],
        [5000, "de"],
        [9000, ""],
      ]),
      [
        [0, "abc"],
        [5000, "de"],
      ],
    ],
    [
      "an empty extent between others",
      100,
      stored([
        [0, "a"],
        [50, ""],
        [60, "b"],
      ]),
      [
        [0, "a"],
        [60, "b"],
      ],
    ],
    ["an island at 20 GiB", 2 ** 35, stored([[20 * 2 ** 30, "x"]]), [[20 * 2 ** 30, "x"]]],
    ["nothing", 0, stored([[0, ""]]), []],
  ];
  for (const [what, sizeBytes, data, expected] of cases) {
    test(`sparseReader() reads ${what}`, () => assert.deepEqual(extentsIn(sizeBytes, data), expected));
  }

  test("sparseReader() skips no data after a map that fills its last block", () => {
    const extents: Extent[] = [
      [0, "a"],
      [100_000, "b"],
    ];
    // "2\n0\n1\n100000\n1\n" has 15 bytes; one extent more after it for each byte that is missing to 512.
    const filler = Array.from({ length: 120 }, (_, index) => [100_001 + index, ""] as const);
    for (const count of filler.keys()) assert.deepEqual(extentsIn(200_000, stored([...extents, ...filler.slice(0, count)])), extents);
  });
});

test("sparseReader() gives what GNU tar stored of a file with holes, byte for byte", async () => {
  const path = join(scratch, "sparse");
  const script = `truncate -s 3000001 ${path}; for at in 0 40 41 500 732; do printf "at $at" | dd of=${path} bs=1 seek=$((at * 4096)) conv=notrunc status=none; done`;
  await run(["sh", "-c", script]);
  const stream = await runBytes(["tar", "-cf-", "--format=posix", "--sparse", "-C", scratch, "sparse"]);
  const [only] = scanTar(stream).members;
  assert.ok(only?.member.isSparse);
  const content = new Uint8Array(only.member.sizeBytes);
  const reader = sparseReader(only.member.sizeBytes, (offset, bytes) => content.set(bytes, offset));
  reader.push(only.data);
  assert.ok(Buffer.from(content).equals(await runBytes(["cat", path])));
});

const Extents = fc.array(fc.tuple(fc.nat({ max: 1000 }), fc.stringMatching(/^[a-z]{1,700}$/)), { maxLength: 80 }).map((gaps) => {
  let end = 0;
  return gaps.map(([gap, content]): Extent => {
    const offset = end + gap + 1;
    end = offset + content.length;
    return [offset, content];
  });
});

test("sparseReader() gives back what is stored, in whatever pieces it comes", () => {
  const property = fc.property(Extents, fc.array(fc.nat({ max: 900 })), (extents, lengths) => {
    assert.deepEqual(extentsIn(1_000_000, stored(extents), lengths), extents);
  });
  fc.assert(property, { numRuns: 200 });
});

describe("lies", () => {
  const cases: readonly (readonly [what: string, data: Uint8Array, message: RegExp])[] = [
    ["letters for numbers", filled("1\nx\n5\n"), /decimal numbers: "x"$/],
    ["an empty number", filled("\n1\n"), /decimal numbers: ""$/],
    ["a negative offset", filled("1\n-1\n5\n"), /decimal numbers: "-1"$/],
    ["a number beyond 53 bits", filled("1\n9007199254740993\n5\n"), /decimal numbers/],
    ["digits without end", asciiEncode("1".repeat(1000)), /decimal numbers: "1{17}…"$/],
    ["more extents than memory should hold", filled("4000001\n"), /at most 4000000 extents/],
    ["an extent beyond the file", filled("1\n900\n101\n"), /in its 1000 bytes: one ends at 1001$/],
    ["extents that overlap", filled("2\n0\n100\n99\n1\n"), /in order: one at 99 after 100$/],
    ["extents that go back", filled("2\n500\n1\n0\n1\n"), /in order: one at 0 after 501$/],
    ["more data than extents", concat(stored([[0, "abc"]]), asciiEncode("d")), /end with its last extent: more data$/],
  ];
  for (const [what, data, message] of cases) {
    test(`sparseReader() refuses ${what}`, () => {
      assert.throws(() => extentsIn(1000, data), { name: "LifeboatError", exitCode: 5, message });
    });
  }
});
