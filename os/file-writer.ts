// A new file that is written piece by piece and made durable when it is closed.
import { open } from "node:fs/promises";
import { asFileError } from "#os/files";

export interface FileWriter extends AsyncDisposable {
  readonly path: string;
  /** Bytes written so far. */
  position(): number;
  write(bytes: Uint8Array): Promise<void>;
  /** On disk when this resolves (fsync). Disposing without it leaves what was written. */
  close(): Promise<void>;
}

/** Throws LifeboatError when the file exists, or as soon as the system refuses a write. */
export async function createFile(path: string, mode = 0o600): Promise<FileWriter> {
  const file = await guard(path, () => open(path, "wx", mode));
  let position = 0;
  let isOpen = true;
  const end = async () => {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
  };
  return {
    path,
    position: () => position,
    write: async (bytes) => {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await guard(path, () => file.write(bytes, at, bytes.length - at));
        at += bytesWritten;
      }
      position += bytes.length;
    },
    close: async () => {
      await guard(path, () => file.sync());
      await guard(path, end);
    },
    // On a full share closing fails once more, for the reason that writing has told.
    [Symbol.asyncDispose]: () => end().catch(() => undefined),
  };
}

async function guard<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw asFileError("write", path, error);
  }
}
