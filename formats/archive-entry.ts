// What the archive writers (cpio newc, tar) take: one entry type, the rules on names, the streaming of content.
import { LifeboatError } from "#os/error";
import { utf8Encode } from "./text.ts";

interface EntryBase {
  /** Relative, no leading slash, no `.` or `..` part, no slash at the end. */
  readonly path: string;
  /** Permission bits, without the file type. */
  readonly mode: number;
}

export interface ArchiveFile extends EntryBase {
  readonly type: "file";
  readonly sizeBytes: number;
  /** Exactly `sizeBytes` long; anything else is an error. */
  readonly data: Uint8Array | AsyncIterable<Uint8Array>;
  /** cpio only: where the data must start in the archive, a power of two from 4 to 4096. Early microcode wants 16. */
  readonly alignBytes?: number;
}

export interface ArchiveDirectory extends EntryBase {
  readonly type: "directory";
}

export interface ArchiveSymlink extends EntryBase {
  readonly type: "symlink";
  readonly target: string;
}

export interface ArchiveDevice extends EntryBase {
  readonly type: "character-device" | "block-device";
  readonly major: number;
  readonly minor: number;
}

export interface ArchiveFifo extends EntryBase {
  readonly type: "fifo";
}

export type ArchiveEntry = ArchiveFile | ArchiveDirectory | ArchiveSymlink | ArchiveDevice | ArchiveFifo;

/** The kernel's PATH_MAX counts the final NUL; it holds for names and for the targets of links. */
const NAME_LIMIT_BYTES = 4095;

/** The S_IFMT bits of a mode, the same in cpio and in stat(2). */
export const FILE_TYPE_BITS: Readonly<Record<ArchiveEntry["type"], number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  "character-device": 0o020000,
  "block-device": 0o060000,
  fifo: 0o010000,
};

/**
 * Checks names in the order they are written: plain relative paths, none twice, the directory before what it holds,
 * because the kernel drops what has no directory (initramfs buffer format). `existing` are directories that stand already.
 */
export function entryOrderChecker(format: string, existing: Iterable<string> = []): (entry: ArchiveEntry) => void {
  const directories = new Set(existing);
  const seen = new Set<string>();
  return (entry) => {
    checkPath(format, entry.path);
    if (entry.type === "symlink") checkTarget(format, entry.path, entry.target);
    const parent = entry.path.slice(0, Math.max(entry.path.lastIndexOf("/"), 0));
    if (parent !== "" && !directories.has(parent)) {
      throw refusal(format, entry.path, "a directory must come before what it holds", `no directory "${parent}" before it`);
    }
    if (seen.has(entry.path)) throw refusal(format, entry.path, "a path must come once", "it came before");
    seen.add(entry.path);
    if (entry.type === "directory") directories.add(entry.path);
  };
}

/** The content in pieces, counted against `sizeBytes` while it flows. */
export async function* sizedData(format: string, entry: ArchiveFile): AsyncGenerator<Uint8Array> {
  let givenBytes = 0;
  const pieces = entry.data instanceof Uint8Array ? [entry.data] : entry.data;
  for await (const piece of pieces) {
    givenBytes += piece.length;
    if (givenBytes > entry.sizeBytes) break;
    if (piece.length > 0) yield piece;
  }
  checkSize(format, entry, givenBytes);
}

/** Throws unless the bytes that came are as many as the header says. */
export function checkSize(format: string, entry: ArchiveFile, givenBytes: number): void {
  if (givenBytes === entry.sizeBytes) return;
  const state = givenBytes > entry.sizeBytes ? "more came" : `only ${givenBytes} came`;
  throw refusal(format, entry.path, `its header says ${entry.sizeBytes} bytes`, state);
}

/** `Cannot write "PATH" to the FORMAT archive as RULE: STATE`. */
export function refusal(format: string, path: string, rule: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot write "${path}" to the ${format} archive as ${rule}: ${state}`);
}

function checkPath(format: string, path: string): void {
  const isPlain = path !== "" && !path.includes("\0") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (!isPlain) throw refusal(format, path, "names must be plain relative paths", 'an empty, ".", ".." or NUL part');
  const lengthBytes = utf8Encode(path).length;
  if (lengthBytes > NAME_LIMIT_BYTES) {
    throw refusal(format, `${path.slice(0, 40)}…`, `a name must have at most ${NAME_LIMIT_BYTES} bytes`, `${lengthBytes}`);
  }
}

function checkTarget(format: string, path: string, target: string): void {
  const lengthBytes = utf8Encode(target).length;
  if (lengthBytes > 0 && lengthBytes <= NAME_LIMIT_BYTES && !target.includes("\0")) return;
  throw refusal(format, path, `a link's target must have 1 to ${NAME_LIMIT_BYTES} bytes and no NUL`, `${lengthBytes} bytes`);
}
