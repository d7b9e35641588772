// Text files of the machine, one character a byte: nobody says what encoding they have, and no other byte of theirs may change.

import { bytesOf } from "#os/byte-paths";
import { readBytes, writeFile } from "#os/files";
import { latin1Decode } from "../formats/text.ts";

/** Throws LifeboatError. */
export async function readLatin1(path: string): Promise<string> {
  return latin1Decode(await readBytes(path));
}

export async function writeLatin1(path: string, text: string): Promise<void> {
  await writeFile(path, bytesOf(text));
}
