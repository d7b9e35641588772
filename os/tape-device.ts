// A tape drive's node as st(4) has it: each read and each write is one record; what was written ends with a file mark when it is closed.
import { open, type FileHandle } from "node:fs/promises";
import { readSync, writeSync } from "node:fs";
import { LifeboatError } from "#os/error";

/** What keeps a drive from doing what it is asked. */
export type TapeProblem =
  | "no-drive"
  | "no-tape"
  | "in-use"
  | "write-protected"
  | "end-of-tape"
  /** The record on the tape is longer than the room for it. */
  | "long-record"
  /** The drive or its adapter takes no such records. */
  | "record-size"
  | "not-allowed"
  /** A fault of drive or tape, or nothing was ever written here: st(4) tells no difference. */
  | "unreadable";

export class TapeError extends Error {
  readonly problem: TapeProblem;

  constructor(problem: TapeProblem, cause: unknown) {
    super(`tape: ${problem}`, { cause });
    this.name = "TapeError";
    this.problem = problem;
  }
}

/** What was wrong with drive or tape when an error of ours says it; undefined for anything else. */
export function tapeProblem(error: unknown): TapeProblem | undefined {
  if (error instanceof LifeboatError) return tapeProblem(error.cause);
  return error instanceof TapeError ? error.problem : undefined;
}

export interface TapeDevice extends AsyncDisposable {
  /** The next record; its length, 0 at a file mark, behind which the tape stands then. Throws TapeError. */
  read(room: Uint8Array): Promise<number>;
  /** Records of `recordBytes` one after the other, of which `room` holds a whole number; how many bytes came until a file mark, an error or a record of another size. */
  readMany(room: Uint8Array, recordBytes: number): Promise<number>;
  /** `bytes` as records of `recordBytes`, of which it holds a whole number. Throws TapeError; what was written before is on its way all the same. */
  write(bytes: Uint8Array, recordBytes: number): Promise<void>;
  /** After a write: writes a file mark, and resolves when all is on the tape. Throws TapeError. */
  close(): Promise<void>;
}

/** The tape stays where it is: `path` is a node that does not rewind. Throws TapeError. */
export async function openTapeDevice(path: string, mode: "r" | "w"): Promise<TapeDevice> {
  const file = await guard(() => open(path, mode === "r" ? "r" : "r+"));
  let isOpen = true;
  const end = async () => {
    if (!isOpen) return;
    isOpen = false;
    await guard(() => file.close());
  };
  return {
    read: (room) => guard(async () => (await file.read(room, 0, room.length, null)).bytesRead),
    readMany: (room, recordBytes) => guard(() => readMany(file, room, recordBytes)),
    write: (bytes, recordBytes) => guard(() => write(file, bytes, recordBytes)),
    close: end,
    [Symbol.asyncDispose]: () => end().catch(() => undefined),
  };
}

/** Small records cost more in promises than on the tape: so many bytes go at once before others get their turn. */
const AT_ONCE_BYTES = 256 * 1024;
/** A record of this size is worth a promise: a drive may take seconds for it. */
const LARGE_BYTES = 32 * 1024;

async function readMany(file: FileHandle, room: Uint8Array, recordBytes: number): Promise<number> {
  const { fd } = file;
  for (let filled = 0; filled < room.length;) {
    if (recordBytes >= LARGE_BYTES) {
      const { bytesRead } = await file.read(room, filled, recordBytes, null);
      filled += bytesRead;
      if (bytesRead !== recordBytes) return filled;
      continue;
    }
    for (const end = Math.min(room.length, filled + AT_ONCE_BYTES); filled < end;) {
      const bytesRead = readSync(fd, room, filled, recordBytes, null);
      filled += bytesRead;
      if (bytesRead !== recordBytes) return filled;
    }
    await othersTurn();
  }
  return room.length;
}

async function write(file: FileHandle, bytes: Uint8Array, recordBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    if (recordBytes >= LARGE_BYTES) {
      at += written((await file.write(bytes, at, recordBytes, null)).bytesWritten, recordBytes);
      continue;
    }
    for (const end = Math.min(bytes.length, at + AT_ONCE_BYTES); at < end;)
      at += written(writeSync(file.fd, bytes, at, recordBytes, null), recordBytes);
    await othersTurn();
  }
}

function written(bytesWritten: number, recordBytes: number): number {
  if (bytesWritten === recordBytes) return bytesWritten;
  // In blocks of a fixed size a part may fit.
  throw new TapeError("end-of-tape", undefined);
}

function othersTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

const PROBLEMS: ReadonlyMap<number, TapeProblem> = new Map([
  [1, "not-allowed"], // EPERM
  [2, "no-drive"], // ENOENT
  [6, "no-drive"], // ENXIO
  [12, "long-record"], // ENOMEM
  [13, "not-allowed"], // EACCES
  [16, "in-use"], // EBUSY
  [19, "no-drive"], // ENODEV
  [22, "record-size"], // EINVAL
  [28, "end-of-tape"], // ENOSPC
  [30, "write-protected"], // EROFS
  [75, "record-size"], // EOVERFLOW
  [123, "no-tape"], // ENOMEDIUM
]);

async function guard<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof TapeError || !(error instanceof Error) || !("errno" in error)) throw error;
    throw new TapeError(PROBLEMS.get(Math.abs(Number(error.errno))) ?? "unreadable", error);
  }
}
