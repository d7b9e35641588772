// Thousands of local files one after the other: synchronous and into the same memory, where a promise and a buffer each cost more than the read.
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { asFileError } from "#os/files";

/** What it returns lies in one piece of memory: valid until the reader is called again. Not for slow media: it blocks. */
export interface BulkReader {
  /** The whole content. Throws LifeboatError naming the path. */
  whole(path: string): Uint8Array;
  /** The content in pieces of 1 MiB at most. Throws LifeboatError naming the path. */
  pieces(path: string): Generator<Uint8Array>;
}

const PIECE_BYTES = 1 << 20;

export function bulkReader(): BulkReader {
  let memory = new Uint8Array(PIECE_BYTES);
  return {
    whole: (path) =>
      withFile(path, (fd) => {
        const sizeBytes = fstatSync(fd).size;
        if (sizeBytes > memory.length) memory = new Uint8Array(2 * sizeBytes);
        return memory.subarray(0, fill(fd, memory.subarray(0, sizeBytes)));
      }),
    *pieces(path) {
      const fd = guard("open", path, () => openSync(path, "r"));
      try {
        for (;;) {
          const bytes = guard("read", path, () => fill(fd, memory.subarray(0, PIECE_BYTES)));
          if (bytes > 0) yield memory.subarray(0, bytes);
          if (bytes < PIECE_BYTES) return;
        }
      } finally {
        closeSync(fd);
      }
    },
  };
}

export interface FileStamp {
  readonly sizeBytes: number;
  /** Changes whenever the file does, as far as its size, time of change and inode tell. */
  readonly stamp: string;
}

/** Follows symbolic links. Undefined when there is nothing. */
export function fileStamp(path: string): FileStamp | undefined {
  const info = guard("look at", path, () => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return info === undefined ? undefined : { sizeBytes: Number(info.size), stamp: `${info.size} ${info.mtimeNs} ${info.ino}` };
}

function withFile<T>(path: string, action: (fd: number) => T): T {
  return guard("read", path, () => {
    const fd = openSync(path, "r");
    try {
      return action(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** How many bytes there were: fewer than there is room for at the end of the file. */
function fill(fd: number, into: Uint8Array): number {
  let filled = 0;
  while (filled < into.length) {
    const bytesRead = readSync(fd, into, filled, into.length - filled, null);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

function guard<T>(verb: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw asFileError(verb, path, error);
  }
}
