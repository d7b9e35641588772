// What is written to tapes comes back from them, whatever their ends, faults and order.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { TapeError } from "#os/tape-device";
import { openTapeSet } from "../media/open-tape-set.ts";
import { blankTape, changedDrive, type TestTape } from "../media/tape-for-tests.ts";
import { tapeSource } from "../media/tape-source.ts";
import { formatIndex, formatLabel, LABEL_BYTES, MIN_BLOCK_BYTES as BLOCK, TAPE_INDEX_FILE } from "../set/tape-format.ts";
import { TEST_SET_ID as SET } from "./set-for-tests.ts";
import {
  beginBootTape,
  indexWith,
  startTapeWriter,
  writeSection,
  type TapeFile,
  type TapeWriter,
  type TapeWriterOptions,
} from "./tape-writer.ts";

const directory = mkdtempSync(join(tmpdir(), "lifeboat-test-tape-"));
after(() => rm(directory, { recursive: true }));

const FACTS = {
  set: SET,
  hostName: "web1",
  createdAt: "2026-11-21T19:45:00Z",
  blockBytes: BLOCK,
  overwrite: "nothing",
  note: () => undefined,
} as const;

let files = 0;

async function file(name: string, content: Uint8Array): Promise<TapeFile> {
  const source = join(directory, `file-${files++}`);
  await writeFile(source, content);
  return { name, source, sizeBytes: content.length };
}

type Contents = ReadonlyMap<string, Uint8Array>;

/** Each as a section of its own, then a last one with a small file. */
async function writeSet(
  options: Pick<TapeWriterOptions, "transport" | "changer" | "openDrive"> & Partial<TapeWriterOptions>,
  contents: Contents,
): Promise<TapeWriter> {
  const writer = await startTapeWriter({ ...FACTS, ...options });
  for (const [name, content] of contents) {
    const one = await file(name, content);
    await writeSection(writer, { kind: "data", files: async () => [one] });
  }
  await writeTail(writer);
  return writer;
}

async function writeTail(writer: TapeWriter): Promise<void> {
  const small = await file("set.json", Buffer.from("small"));
  await writeSection(writer, {
    kind: "tail",
    async files() {
      // Ten digits of its own size are more than it will have.
      const index = { name: TAPE_INDEX_FILE, source: join(directory, "index"), sizeBytes: 0 };
      for (let sizeBytes = -1; sizeBytes !== index.sizeBytes;) {
        sizeBytes = index.sizeBytes;
        const bytes = formatIndex(indexWith(writer, [small, index]));
        index.sizeBytes = bytes.length;
        await writeFile(index.source, bytes);
      }
      return [small, { ...index }];
    },
  });
}

let stagings = 0;

async function staging(): Promise<string> {
  const path = join(directory, `staging-${stagings++}`);
  await mkdir(path);
  return path;
}

interface Shelf {
  readonly tapes: TestTape[];
  /** Counts in how many bytes each tape has. */
  readonly capacities: readonly number[];
}

/** Drives that are given tapes from a shelf, new ones when they are written. */
function shelfDrive({ tapes, capacities }: Shelf) {
  const next = () => {
    const tape = blankTape(capacities[tapes.length % capacities.length]);
    tapes.push(tape);
    return tape;
  };
  return changedDrive(next(), ({ use, number }) => (use === "write" ? next() : tapes.at(number === "last" ? -1 : number - 1)));
}

async function readAll(shelf: Shelf, contents: Contents, first = shelf.tapes[0]) {
  const { loaded, drive, requests } = changedDrive(first, ({ number }) => shelf.tapes.at(number === "last" ? -1 : number - 1));
  const source = tapeSource(await openTapeSet({ ...loaded, staging: await staging() }));
  const motionsBefore = drive.motions.length;
  for (const [name, content] of contents) {
    assert.equal(await source.sizeOf(name), content.length);
    const pieces: Uint8Array[] = [];
    for (let offset = 0; offset < content.length; offset += 50_000) pieces.push(await source.read(name, offset, 50_000));
    assert.ok(Buffer.concat(pieces).equals(content), name);
  }
  assert.equal(Buffer.from(await source.read("set.json", 0, 100)).toString(), "small");
  assert.equal(await source.sizeOf("data-9999.tar.zst"), undefined);
  return { requests, motions: drive.motions.slice(motionsBefore), source };
}

const name = (number: number) => `data-${String(number).padStart(4, "0")}.tar.zst`;

function contentsOf(sizes: readonly number[]): Contents {
  return new Map(sizes.map((size, index) => [name(index + 1), randomBytes(size)]));
}

describe("round trips", () => {
  test("sets on as many tapes as they take come back byte for byte, wherever tapes end and whatever a drive's memory loses there", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 6 * BLOCK }), { minLength: 1, maxLength: 8 });
    const capacities = fc.array(fc.integer({ min: LABEL_BYTES + 8 * BLOCK, max: 30 * BLOCK }), { minLength: 1, maxLength: 3 });
    const property = fc.asyncProperty(sizes, capacities, fc.nat(5), async (some, each, lostRecords) => {
      const shelf: Shelf = { tapes: [], capacities: each };
      const { loaded, drive } = shelfDrive(shelf);
      drive.lostRecords = lostRecords;
      const contents = contentsOf(some);
      const writer = await writeSet(loaded, contents);
      assert.equal(writer.tape, shelf.tapes.length);
      await readAll(shelf, contents);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test("a set that is read in its order streams: the only motions are those from one section to the next", async () => {
    const shelf: Shelf = { tapes: [], capacities: [Infinity] };
    const contents = contentsOf([5 * BLOCK, 3 * BLOCK + 17, 20 * BLOCK]);
    await writeSet(shelfDrive(shelf).loaded, contents);
    const { motions, requests } = await readAll(shelf, contents);
    assert.deepEqual(requests, []);
    assert.deepEqual(motions, ["rewind", "forward 1", "forward 1", "forward 1"]);
  });

  test("what is read again or from far inside is found by skipping, and is the same", async () => {
    const shelf: Shelf = { tapes: [], capacities: [Infinity] };
    const contents = contentsOf([60 * BLOCK, 60 * BLOCK]);
    await writeSet(shelfDrive(shelf).loaded, contents);
    const { source } = await readAll(shelf, contents);
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 2 }),
      fc.nat(60 * BLOCK),
      fc.nat(3 * BLOCK),
      async (number, offset, room) => {
        const expected = contents.get(name(number))!.subarray(offset, offset + room);
        assert.ok(Buffer.from(await source.read(name(number), offset, room)).equals(expected));
      },
    );
    await fc.assert(property, { numRuns: 60 });
    const shared = new Uint8Array(new SharedArrayBuffer(1000));
    assert.ok(Buffer.from(await source.read(name(2), 5, shared)).equals(contents.get(name(2))!.subarray(5, 1005)));
  });
});

describe("several tapes", () => {
  const shelf: Shelf = { tapes: [], capacities: [12 * BLOCK] };
  const contents = contentsOf(Array.from({ length: 6 }, () => 4 * BLOCK));

  test("the next one is asked for by its number and the set, and the restore asks for the last one first", async () => {
    const { loaded, requests } = shelfDrive(shelf);
    await writeSet(loaded, contents);
    assert.deepEqual(
      requests.map(({ what, use, number, setId, place }) => [what, use, number, setId, place]),
      [2, 3, 4].map((number) => ["tape", "write", number, SET, "/dev/nst0"]),
    );
    const read = await readAll(shelf, contents);
    assert.deepEqual(
      read.requests.map(({ number, problem }) => [number, problem]),
      [
        ["last", `it is tape 1 of ${SET}`],
        [1, undefined],
        [2, undefined],
        [3, undefined],
      ],
    );
  });

  test("one of another set, a wrong one and a foreign one are refused by name", async () => {
    const other: Shelf = { tapes: [], capacities: [Infinity] };
    await writeSet({ ...shelfDrive(other).loaded, set: "db1-20260101T000000Z" }, contentsOf([1]));
    const foreign = { items: [tarRecord(), "mark" as const], capacityBytes: Infinity };
    const offered = [other.tapes[0], foreign, blankTape(), shelf.tapes[1], shelf.tapes.at(-1)];
    const { loaded, requests } = changedDrive(shelf.tapes[0], () => offered.shift());
    const { index } = await openTapeSet({ ...loaded, staging: await staging() });
    assert.equal(index.tapes, shelf.tapes.length);
    assert.deepEqual(
      requests.map(({ problem }) => problem),
      [
        `it is tape 1 of ${SET}`,
        "it is tape 1 of db1-20260101T000000Z",
        "it holds a tar archive",
        "it is blank",
        `it is tape 2 of ${SET}, and the set does not end on it`,
      ],
    );
  });

  test("a last tape whose end is missing is not taken for one", async () => {
    const last = shelf.tapes.at(-1)!;
    const cut = { ...last, items: last.items.slice(0, -2) };
    const { loaded, requests } = changedDrive(cut, () => undefined);
    await assert.rejects(openTapeSet({ ...loaded, staging: await staging() }), /the last tape of .* must be in/);
    assert.equal(requests.length, 1);
  });
});

function tarRecord(): Uint8Array {
  const record = new Uint8Array(10_240);
  record.set(Buffer.from("ustar"), 257);
  return record;
}

describe("what is in the drive", () => {
  const older: TestTape = {
    items: [formatLabel({ version: 1, set: "db1-20260101T000000Z", tape: 1, blockBytes: BLOCK, hostName: "db1", createdAt: "" }), "mark"],
    capacityBytes: Infinity,
  };
  const rows: readonly (readonly [tape: TestTape | undefined, overwrite: TapeWriterOptions["overwrite"], says: RegExp | undefined])[] = [
    [blankTape(), "nothing", undefined],
    [undefined, "nothing", /there is no tape in it$/],
    [{ items: [tarRecord()], capacityBytes: Infinity }, "nothing", /it holds a tar archive$/],
    [{ items: [tarRecord()], capacityBytes: Infinity }, "sets", /it holds a tar archive$/],
    [{ items: [tarRecord()], capacityBytes: Infinity }, "anything", undefined],
    [{ items: [new Uint8Array(512 * 1024)], capacityBytes: Infinity }, "nothing", /it holds data that is not Lifeboat's$/],
    [older, "nothing", /it is tape 1 of db1-20260101T000000Z$/],
    [older, "sets", undefined],
    [{ ...blankTape(), isProtected: true }, "nothing", /it is write-protected$/],
  ];
  for (const [tape, overwrite, says] of rows) {
    test(`${tape === undefined ? "nothing" : says === undefined ? `a tape that may be overwritten (${overwrite})` : says.source} with ${overwrite}`, async () => {
      const { loaded } = changedDrive(tape, () => undefined);
      const before = tape?.items.length;
      const started = startTapeWriter({ ...FACTS, ...loaded, overwrite });
      if (says === undefined) await started;
      else await assert.rejects(started, { name: "LifeboatError", exitCode: 3, message: says });
      assert.equal(tape?.items.length, before);
    });
  }
});

describe("faults", () => {
  test("a write that fails once is done again in the same place; one that fails twice names file and tape", async () => {
    for (const faults of [1, 2]) {
      const shelf: Shelf = { tapes: [], capacities: [Infinity] };
      const { loaded, drive } = shelfDrive(shelf);
      const contents = contentsOf([3 * BLOCK, 3 * BLOCK]);
      let writes = 0;
      let left = faults;
      drive.fault = (action) => {
        if (action !== "write") return;
        writes += 1;
        if (writes < 8 || left === 0) return;
        left -= 1;
        throw new TapeError("unreadable", undefined);
      };
      const written = writeSet(loaded, contents);
      if (faults === 2) {
        await assert.rejects(written, { exitCode: 4, message: /write "data-0002.tar.zst" as file 2 of tape 1/ });
        continue;
      }
      await written;
      await readAll(shelf, contents);
    }
  });

  test("a read that fails once is done again, and one that fails always names the drive", async () => {
    const shelf: Shelf = { tapes: [], capacities: [Infinity] };
    const contents = contentsOf([30 * BLOCK]);
    await writeSet(shelfDrive(shelf).loaded, contents);
    const { loaded, drive } = changedDrive(shelf.tapes[0], () => undefined);
    const source = tapeSource(await openTapeSet({ ...loaded, staging: await staging() }));
    let left = 1;
    drive.fault = (action) => {
      if (action === "read" && left-- > 0) throw new TapeError("unreadable", undefined);
    };
    assert.ok(Buffer.from(await source.read(name(1), 0, 30 * BLOCK)).equals(contents.get(name(1))!));
    left = Infinity;
    await assert.rejects(source.read(name(1), 0, 10), { name: "LifeboatError", message: /"\/dev\/nst0"/ });
  });

  test("a section that lies elsewhere than the index says is noticed before anything of it is read", async () => {
    const shelf: Shelf = { tapes: [], capacities: [Infinity] };
    const contents = contentsOf([BLOCK, BLOCK, BLOCK]);
    await writeSet(shelfDrive(shelf).loaded, contents);
    const { loaded } = changedDrive(shelf.tapes[0], () => undefined);
    const source = tapeSource(await openTapeSet({ ...loaded, staging: await staging() }));
    // The file of the first volume is there twice, as if the drive had counted a mark too many.
    shelf.tapes[0]!.items.splice(2, 0, ...shelf.tapes[0]!.items.slice(2, 5));
    await source.read(name(1), 0, 10);
    await assert.rejects(source.read(name(2), 0, 10), { exitCode: 5, message: /Cannot find file 2 of tape 1/ });
  });

  test("what is larger than a tape says so", async () => {
    const { loaded } = shelfDrive({ tapes: [], capacities: [10 * BLOCK] });
    await assert.rejects(writeSet(loaded, contentsOf([20 * BLOCK])), { exitCode: 4, message: /must fit on one tape: tape 1 has ended/ });
  });
});

test("an OBDR tape begins with 20 records of 512 bytes and the ISO in records of 2048, and both are one tape file", async () => {
  const shelf: Shelf = { tapes: [], capacities: [Infinity] };
  const { loaded } = shelfDrive(shelf);
  const iso = randomBytes(100 * 2048);
  const writer = await startTapeWriter({ ...FACTS, ...loaded });
  await beginBootTape(writer, await file("boot/rescue.iso", iso));
  const volume = randomBytes(5000);
  const one = await file(name(1), volume);
  await writeSection(writer, { kind: "data", files: async () => [one] });
  await writeTail(writer);
  const records = shelf.tapes[0]!.items.slice(0, shelf.tapes[0]!.items.indexOf("mark")) as Uint8Array[];
  assert.deepEqual(
    records.map(({ length }) => length),
    [...Array.from({ length: 20 }, () => 512), ...Array.from({ length: 100 }, () => 2048)],
  );
  assert.ok(Buffer.concat(records.slice(20)).equals(iso));
  const { source } = await readAll(
    shelf,
    new Map([
      ["boot/rescue.iso", iso],
      [name(1), volume],
    ]),
  );
  assert.ok(Buffer.from(await source.read("boot/rescue.iso", 100_000, 5)).equals(iso.subarray(100_000, 100_005)));
  assert.equal((await readFile(one.source)).length, 5000);
});
