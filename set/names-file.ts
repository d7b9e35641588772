// The list of names that tar is given: written once, by the first walk, so that the walk is not done again.

import { bytesOf } from "#os/byte-paths";
import { createFile, type FileWriter } from "#os/file-writer";
import type { ByteText } from "../formats/tar-read.ts";

export interface NamesFile extends AsyncDisposable {
  /** Takes an absolute path; to be followed by `room` now and then. */
  add(path: ByteText): void;
  room(): Promise<void>;
  close(): Promise<void>;
}

const PIECE_BYTES = 64 * 1024;

/** Names end in NUL and are relative to the root, which is `.`. */
export async function createNamesFile(path: string): Promise<NamesFile> {
  const file: FileWriter = await createFile(path);
  let piece = "";
  const write = async () => {
    const bytes = bytesOf(piece);
    piece = "";
    await file.write(bytes);
  };
  return {
    add(name) {
      piece += `${name === "/" ? "." : name.slice(1)}\0`;
    },
    async room() {
      if (piece.length >= PIECE_BYTES) await write();
    },
    async close() {
      await write();
      await file.close();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(file[Symbol.asyncDispose]()),
  };
}
