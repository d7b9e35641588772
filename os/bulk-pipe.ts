// Reads gigabytes from a pipe into the same memory again and again: streams take new memory for each piece, and collecting that costs more
// than the work on it.

import { Socket } from "node:net";

export interface BulkPipe {
  /** Each piece is valid until the next one is asked for. To be read once. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Closes our end; what still waits for a piece gets none. */
  close(): void;
}

/** What is handed on at most, and how much of it must be free for one more read: a pipe holds 64 KiB (pipe(7)). */
const BULK_BYTES = 256 * 1024;
const PIPE_BYTES = 64 * 1024;

/** `reader` is a pipe's end, which is taken over. */
export function openBulkPipe(reader: number): BulkPipe {
  const memory = Buffer.alloc(BULK_BYTES);
  let filled = 0;
  let isPaused = false;
  let isOver = false;
  let failure: Error | undefined;
  let wake: () => void = () => undefined;
  const socket = new Socket({
    fd: reader,
    readable: true,
    writable: false,
    onread: {
      // The event loop reads, not the pool of threads: a change of threads for every 64 KiB costs as much as the copy.
      // Asked for after each callback; the first read after a pause comes when the piece has been used.
      buffer: () => (isPaused ? memory : memory.subarray(filled)),
      callback(bytes) {
        filled += bytes;
        isPaused = filled > BULK_BYTES - PIPE_BYTES;
        if (isPaused) wake();
        return !isPaused;
      },
    },
  });
  socket.on("error", (error) => (failure = error));
  socket.on("close", () => {
    isOver = true;
    wake();
  });
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (!isPaused && !isOver) await new Promise<void>((resolve) => (wake = resolve));
        if (failure !== undefined) throw failure;
        if (filled > 0) yield memory.subarray(0, filled);
        if (isOver) return;
        filled = 0;
        isPaused = false;
        socket.resume();
      }
    } finally {
      socket.destroy();
    }
  }
  return { output: pieces(), close: () => void socket.destroy() };
}
