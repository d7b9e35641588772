// The digest of a whole ISO image, in a file beside it that `b2sum -c` checks too: its boot loaders and tables are no files of the set's.

import { digestFile } from "#os/digest";
import { readTextIfThere, writeAtomic } from "#os/files";
import { utf8Encode } from "../formats/text.ts";

export const DIGEST_ENDING = ".b2";

/** Of the image at `isoPath`, which will be called `name`; it is written to `digestPath`. */
export async function writeImageDigest(isoPath: string, name: string, digestPath: string): Promise<void> {
  await writeAtomic(digestPath, utf8Encode(`${await digestFile(isoPath)}  ${name}\n`), 0o644);
}

/** What is wrong with an image that has its digest beside it, whatever it is called by now; undefined for one that has none, such as a disc. */
export async function imageDamage(isoPath: string): Promise<string | undefined> {
  const text = await readTextIfThere(`${isoPath}${DIGEST_ENDING}`);
  const digest = /^([0-9a-f]{128})\b/.exec(text ?? "")?.[1];
  if (text === undefined || digest === (await digestFile(isoPath))) return undefined;
  const state = digest === undefined ? "that file is damaged" : "its digest is another";
  return `Cannot start a machine from "${isoPath}" for sure as the image must be as ${isoPath}${DIGEST_ENDING} says: ${state}`;
}
