// What a tape drive does for us, one motion at a time; errors say what the drive has found.

import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { openTapeDevice, TapeError, tapeProblem, type TapeDevice, type TapeProblem } from "#os/tape-device";

export interface TapeTransport {
  /** The drive, for people. */
  readonly device: string;
  rewind(): Promise<void>;
  /** Over so many file marks, to the first record behind the last of them. */
  forward(marks: number): Promise<void>;
  /** Over so many file marks, to the place before the last of them. */
  back(marks: number): Promise<void>;
  forwardRecords(count: number): Promise<void>;
  /** Behind all that was ever written. */
  toEnd(): Promise<void>;
  /** The next record; its length, 0 at a file mark. Throws TapeError. */
  read(room: Uint8Array): Promise<number>;
  /** Many records of one size; how many bytes came. Throws TapeError. */
  readMany(room: Uint8Array, recordBytes: number): Promise<number>;
  /** Throws TapeError. */
  write(bytes: Uint8Array, recordBytes: number): Promise<void>;
  /** Whether a tape is in. */
  hasTape(): Promise<boolean>;
  /** Throws TapeError when nothing can be written to the tape that is in. */
  checkWritable(): Promise<void>;
  /** A file mark. All that was written before is on the tape when it resolves. Throws TapeError. */
  mark(): Promise<void>;
  /** Whether nothing was ever written behind this place; undefined when the drive's status is not known. */
  isAtEnd(): Promise<boolean | undefined>;
  /** Lets the tape out. */
  eject(): Promise<void>;
  /** Lets go of the drive; the tape stays where it is. */
  release(): Promise<void>;
}

/** mt(1) moves and asks; a node of the kernel reads and writes, open as long as nothing else is to be done (st(4) lets one in at a time). */
export function openTransport(device: string): TapeTransport {
  const { opened, release } = openNode(device);
  const move = async (...words: readonly string[]) => {
    await release();
    await mt(device, words);
  };
  return {
    device,
    rewind: () => move("rewind"),
    forward: (marks) => move("fsf", String(marks)),
    back: (marks) => move("bsf", String(marks)),
    forwardRecords: (count) => move("fsr", String(count)),
    async toEnd() {
      await release();
      // mt-st has one of them, busybox and GNU the other.
      await mt(device, ["eod"], ["eom"]);
    },
    read: async (room) => (await opened("r")).read(room),
    readMany: async (room, recordBytes) => (await opened("r")).readMany(room, recordBytes),
    write: async (bytes, recordBytes) => (await opened("w")).write(bytes, recordBytes),
    async hasTape() {
      await release();
      return hasTape(device);
    },
    checkWritable: async () => void (await opened("w")),
    mark: release,
    async isAtEnd() {
      await release();
      return /\bEOD\b/.test(await statusOf(device)) || undefined;
    },
    eject: () => move("offline"),
    release,
  };
}

interface OpenNode {
  opened(mode: "r" | "w"): Promise<TapeDevice>;
  release(): Promise<void>;
}

function openNode(device: string): OpenNode {
  let open: { readonly file: TapeDevice; readonly mode: "r" | "w" } | undefined;
  const release = async () => {
    const last = open;
    open = undefined;
    await last?.file.close();
  };
  return {
    async opened(mode) {
      if (open?.mode === mode) return open.file;
      await release();
      // Records of any size: as they are written and read.
      await mt(device, ["setblk", "0"]);
      const file = await openTapeDevice(device, mode);
      open = { file, mode };
      return file;
    },
    release,
  };
}

/** busybox has one too, which a rescue system always has. */
const PROGRAMS: readonly (readonly [string, ...string[]])[] = [["mt"], ["busybox", "mt"]];

/** What a program says that does not know a word. */
const UNKNOWN_WORD = /unknown command|unrecognized opcode|invalid argument/i;

/**
 * Programs have words of their own for some things: the first that is known counts.
 * Throws TapeError: what the drive is asked for first tells whether it is there.
 */
async function mt(device: string, ...ways: readonly (readonly string[])[]): Promise<void> {
  let missing: unknown;
  for (const program of PROGRAMS) {
    for (const words of ways) {
      try {
        await run([...program, "-f", device, ...words]);
        return;
      } catch (error) {
        if (!(error instanceof LifeboatError)) throw error;
        missing ??= error;
        if (!/no such program|applet not found/.test(error.message) && !UNKNOWN_WORD.test(error.message))
          throw new TapeError(problemIn(error.message), error);
      }
    }
  }
  throw missing;
}

const WORDS: readonly (readonly [RegExp, TapeProblem])[] = [
  [/No such file|No such device/, "no-drive"],
  [/No medium found/, "no-tape"],
  [/Device or resource busy/, "in-use"],
  [/Permission denied|not permitted/, "not-allowed"],
  [/Read-only|write.protected/i, "write-protected"],
];

function problemIn(message: string): TapeProblem {
  return WORDS.find(([words]) => words.test(message))?.[1] ?? "unreadable";
}

async function hasTape(device: string): Promise<boolean> {
  try {
    await (await openTapeDevice(device, "r")).close();
    return true;
  } catch (error) {
    if (tapeProblem(error) === undefined) throw error;
    return false;
  }
}

/** mt-st's words; others' mt may say less, and then nothing is known. */
async function statusOf(device: string): Promise<string> {
  try {
    return (await run(["mt", "-f", device, "status"])).stdout;
  } catch (error) {
    if (error instanceof LifeboatError) return "";
    throw error;
  }
}

const STATES: Readonly<Record<TapeProblem, { readonly state: string; readonly hint: string }>> = {
  "no-drive": { state: "there is no such drive", hint: "See /dev/nst*; the drivers are st and that of the drive's adapter" },
  "no-tape": { state: "there is no tape in it", hint: "Put one in" },
  "in-use": { state: "another program uses it", hint: "Wait until it is done, or end it" },
  "write-protected": { state: "the tape is write-protected", hint: "Move the tape's tab, or put another tape in" },
  "end-of-tape": { state: "the tape has come to its end", hint: "Give a larger tape, or smaller pieces with ?volume=" },
  "long-record": { state: "its records are longer than Lifeboat's", hint: "The tape is none of Lifeboat's" },
  "record-size": { state: "drive or adapter take no records of that size", hint: "Give a smaller one, as in tape:/dev/nst0?block=64K" },
  "not-allowed": { state: "permission denied", hint: "Run it as root" },
  unreadable: { state: "an error of the drive or of the tape", hint: "Clean the drive, and try another tape; dmesg says more" },
};

/** `Cannot VERB … as a tape drive must …`. What is no TapeError stays as it is. */
export function asTapeFailure(verb: string, device: string, error: unknown): unknown {
  if (!(error instanceof TapeError)) return error;
  const { state, hint } = STATES[error.problem];
  return new LifeboatError(`Cannot ${verb} as the tape in "${device}" must let it: ${state}`, {
    hint,
    cause: error,
    exitCode: error.problem === "no-drive" ? 2 : 3,
  });
}
