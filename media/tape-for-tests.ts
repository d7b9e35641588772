// Tapes in memory, with what st(4) says of records, file marks, ends and motions: for tests of what is written to them, and where.
import { TapeError, type TapeProblem } from "#os/tape-device";
import { NOBODY, type MediumChanger, type MediumRequest } from "./medium-changer.ts";
import type { TapeDrive } from "./tape-reel.ts";
import type { TapeTransport } from "./tape-transport.ts";

const MARK = "mark";

export interface TestTape {
  /** Records and file marks. */
  readonly items: (Uint8Array | typeof MARK)[];
  readonly capacityBytes: number;
  isProtected?: boolean;
}

export function blankTape(capacityBytes = Infinity): TestTape {
  return { items: [], capacityBytes };
}

export interface TestDrive extends TapeTransport {
  tape: TestTape | undefined;
  /** All motions so far. */
  readonly motions: string[];
  /** Called before each read and write, to throw. */
  fault?: ((action: "read" | "write" | "mark") => void) | undefined;
  /** At a tape's end so many of the last records behind a file mark are lost, as in a drive's memory. */
  lostRecords: number;
}

function fail(problem: TapeProblem): never {
  throw new TapeError(problem, undefined);
}

// oxlint-disable-next-line max-lines-per-function -- one small machine
export function testDrive(device: string, tape?: TestTape): TestDrive {
  let at = 0;
  let isWriting = false;
  let isFull = false;
  const motions: string[] = [];
  const tapeIn = () => drive.tape ?? fail("no-tape");
  const put = (item: Uint8Array | typeof MARK) => {
    const { items } = tapeIn();
    items.length = at;
    items.push(item);
    at += 1;
  };
  const used = () =>
    tapeIn()
      .items.slice(0, at)
      .reduce((sum, item) => sum + item.length, 0);
  const mark = async () => {
    if (!isWriting) return;
    isWriting = false;
    drive.fault?.("mark");
    if (!isFull) return put(MARK);
    isFull = false;
    const { items } = tapeIn();
    // What a file mark was written behind stays.
    at = Math.max(items.lastIndexOf(MARK, at - 1) + 1, at - drive.lostRecords);
    items.length = at;
    fail("end-of-tape");
  };
  const move = async (what: string, action: (items: TestTape["items"]) => void) => {
    await mark().catch(() => undefined);
    motions.push(what);
    action(tapeIn().items);
  };
  const drive: TestDrive = {
    device,
    tape,
    motions,
    lostRecords: 0,
    rewind: () => move("rewind", () => void (at = 0)),
    forward: (marks) =>
      move(`forward ${marks}`, (items) => {
        for (let left = marks; left > 0; at += 1) {
          if (at >= items.length) fail("unreadable");
          if (items[at] === MARK) left -= 1;
        }
      }),
    back: (marks) =>
      move(`back ${marks}`, (items) => {
        for (let left = marks; left > 0;) {
          if (at === 0) fail("unreadable");
          at -= 1;
          if (items[at] === MARK) left -= 1;
        }
      }),
    forwardRecords: (count) =>
      move(`records ${count}`, (items) => {
        for (let left = count; left > 0; left -= 1, at += 1) if (items[at] === undefined || items[at] === MARK) fail("unreadable");
      }),
    toEnd: () => move("end", (items) => void (at = items.length)),
    async read(room) {
      await mark();
      drive.fault?.("read");
      const item = tapeIn().items[at] ?? fail("unreadable");
      at += 1;
      if (item === MARK) return 0;
      if (item.length > room.length) fail("long-record");
      room.set(item);
      return item.length;
    },
    async readMany(room, recordBytes) {
      for (let filled = 0; filled < room.length;) {
        const length = await drive.read(room.subarray(filled, filled + recordBytes));
        filled += length;
        if (length !== recordBytes) return filled;
      }
      return room.length;
    },
    async write(bytes, recordBytes) {
      for (let begin = 0; begin < bytes.length; begin += recordBytes) {
        drive.fault?.("write");
        if (tapeIn().isProtected === true) fail("write-protected");
        isWriting = true;
        isFull = used() + recordBytes > tapeIn().capacityBytes;
        if (isFull) fail("end-of-tape");
        put(bytes.slice(begin, begin + recordBytes));
      }
    },
    hasTape: async () => drive.tape !== undefined,
    checkWritable: async () => void (tapeIn().isProtected === true && fail("write-protected")),
    mark,
    isAtEnd: async () => at >= tapeIn().items.length || undefined,
    async eject() {
      await move("eject", () => undefined);
      drive.tape = undefined;
      at = 0;
    },
    release: mark,
  };
  return drive;
}

/** A drive in which somebody puts what `tapeFor` names. */
export function changedDrive(first: TestTape | undefined, tapeFor: (request: MediumRequest) => TestTape | undefined) {
  const drive = testDrive("/dev/nst0", first);
  const requests: MediumRequest[] = [];
  const changer: MediumChanger = {
    async next(request) {
      requests.push(request);
      drive.tape = tapeFor(request);
      return drive.tape === undefined ? NOBODY.next(request) : request.place;
    },
  };
  const loaded: TapeDrive = { transport: drive, changer, openDrive: () => drive };
  return { drive, loaded, requests };
}
