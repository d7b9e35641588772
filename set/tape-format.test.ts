// How a set lies on tapes: heads of sections, their places, motions.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import {
  formatIndex,
  formatLabel,
  formatSection,
  isObdrHead,
  LABEL_BYTES,
  movesTo,
  obdrHead,
  parseIndex,
  parseLabel,
  parseSection,
  placeEntries,
  recordsOf,
  type TapeIndex,
  type TapeLabel,
  type TapeMove,
  type TapeSection,
} from "./tape-format.ts";

const SET = "web1-20261121T194500Z";
const LABEL: TapeLabel = { version: 1, set: SET, tape: 2, blockBytes: 65_536, hostName: "web1", createdAt: "2026-11-21T19:45:00.000Z" };
const SECTION: TapeSection = {
  version: 1,
  set: SET,
  tape: 2,
  file: 7,
  kind: "data",
  entries: [
    { name: "data-0003.tar.zst", sizeBytes: 70_000, record: 1 },
    { name: "data-0003.frames", sizeBytes: 300, record: 3 },
  ],
};
const INDEX: TapeIndex = {
  version: 1,
  set: SET,
  tapes: 2,
  blockBytes: 65_536,
  sections: [{ tape: 2, file: 7, kind: "data", entries: SECTION.entries }],
};

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

describe("labels, heads and index", () => {
  test("a label is one record of 32 KiB that begins with these bytes, and tells people what to do", () => {
    const record = formatLabel(LABEL);
    assert.equal(record.length, LABEL_BYTES);
    const json =
      '{"version":1,"set":"web1-20261121T194500Z","tape":2,"blockBytes":65536,"hostName":"web1","createdAt":"2026-11-21T19:45:00.000Z"}';
    // CRC-32 by gzip(1).
    assert.ok(text(record).startsWith(`Lifeboat tape\ne0a946b2\n${json}\n`), text(record).slice(0, 40));
    assert.match(text(record), /dd if=\/dev\/nst0 bs=65536 skip=RECORD/);
    assert.equal(record.at(-1), 0);
  });

  test("each is read as it was written, and none as another", () => {
    const label = formatLabel(LABEL);
    const section = formatSection(SECTION, 65_536);
    const index = formatIndex(INDEX);
    assert.deepEqual([parseLabel(label), parseSection(label), parseIndex(label)], [LABEL, undefined, undefined]);
    assert.deepEqual([parseLabel(section), parseSection(section), parseIndex(section)], [undefined, SECTION, undefined]);
    assert.deepEqual([parseLabel(index), parseSection(index), parseIndex(index)], [undefined, undefined, INDEX]);
    assert.equal(section.length, 65_536);
  });

  test("a byte that is another makes it none, wherever it is before the zeros", () => {
    const index = formatIndex(INDEX);
    const property = fc.property(fc.nat(index.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = index.slice();
      damaged[at]! ^= change;
      assert.equal(parseIndex(damaged), undefined);
    });
    fc.assert(property);
  });

  test("what is cut short, empty, or says what no tape can be is none", () => {
    const index = formatIndex(INDEX);
    for (let end = 0; end < index.length - 1; end += 1) assert.equal(parseIndex(index.subarray(0, end)), undefined);
    assert.equal(
      parseIndex(
        formatIndex({ ...INDEX, sections: [{ ...INDEX.sections[0]!, entries: [{ name: "../../etc/shadow", sizeBytes: 1, record: 1 }] }] }),
      ),
      undefined,
    );
    assert.equal(parseLabel(formatLabel({ ...LABEL, blockBytes: 1000 })), undefined);
    assert.equal(parseLabel(formatLabel({ ...LABEL, set: "../x" })), undefined);
  });

  test("a head that does not fit a record is an error, and not half a head", () => {
    const entries = Array.from({ length: 2000 }, (_, record) => ({ name: "data-0001.tar.zst", sizeBytes: 1, record }));
    assert.throws(() => formatSection({ ...SECTION, entries }, 65_536), /one record of 65536 bytes/);
  });

  test("the head of an OBDR tape has 20 records of 512 bytes and is known again", () => {
    const head = obdrHead(SET);
    assert.equal(head.length, 20 * 512);
    assert.ok(isObdrHead(head.subarray(0, 512)));
    assert.ok(!isObdrHead(new Uint8Array(512)));
  });
});

test("files begin at records of their own and never share one; what is read of them lies in the records that are named", () => {
  const blockBytes = 65_536;
  const property = fc.property(fc.array(fc.nat(500_000), { minLength: 1, maxLength: 6 }), fc.nat(), fc.nat(), (sizes, pick, seed) => {
    const entries = placeEntries(
      sizes.map((sizeBytes, index) => ({ name: `f${index}`, sizeBytes })),
      blockBytes,
    );
    const ends = entries.map(({ record, sizeBytes }) => record + Math.ceil(sizeBytes / blockBytes));
    assert.deepEqual(
      entries.map(({ record }) => record),
      [1, ...ends.slice(0, -1)],
    );
    const entry = entries[pick % entries.length]!;
    if (entry.sizeBytes === 0) return;
    const offset = seed % entry.sizeBytes;
    const lengthBytes = 1 + ((seed >>> 3) % (entry.sizeBytes - offset));
    const { first, count, skipBytes } = recordsOf(entry, { offset, lengthBytes }, blockBytes);
    assert.equal((first - entry.record) * blockBytes + skipBytes, offset);
    assert.ok(
      skipBytes < blockBytes && skipBytes + lengthBytes <= count * blockBytes && skipBytes + lengthBytes > (count - 1) * blockBytes,
    );
    assert.ok(first + count <= entry.record + Math.ceil(entry.sizeBytes / blockBytes));
  });
  fc.assert(property);
});

const MOVES: readonly (readonly [file: number, at: { file: number; isAtBeginning: boolean } | undefined, moves: readonly TapeMove[]])[] = [
  [0, undefined, [{ kind: "rewind" }]],
  [3, undefined, [{ kind: "rewind" }, { kind: "forward", marks: 3 }]],
  [3, { file: 3, isAtBeginning: true }, []],
  [4, { file: 3, isAtBeginning: false }, [{ kind: "forward", marks: 1 }]],
  [9, { file: 3, isAtBeginning: false }, [{ kind: "forward", marks: 6 }]],
  [
    9,
    { file: 9, isAtBeginning: false },
    [
      { kind: "back", marks: 1 },
      { kind: "forward", marks: 1 },
    ],
  ],
  [
    7,
    { file: 9, isAtBeginning: true },
    [
      { kind: "back", marks: 3 },
      { kind: "forward", marks: 1 },
    ],
  ],
  [1, { file: 9, isAtBeginning: true }, [{ kind: "rewind" }, { kind: "forward", marks: 1 }]],
  [0, { file: 1, isAtBeginning: false }, [{ kind: "rewind" }]],
];

for (const [file, at, moves] of MOVES) {
  test(`from ${JSON.stringify(at)} to file ${file} the tape goes ${JSON.stringify(moves)}`, () =>
    assert.deepEqual(movesTo(file, at), moves));
}
