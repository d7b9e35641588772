// A disc that is mounted, or was copied into a directory: what lies on the set's other discs is not found there.

import { utf8Decode } from "../formats/text.ts";
import { isDataFile } from "../set/device-image-files.ts";
import { DISC_NOTE_FILE, isOnlyDisc, parseDiscNote } from "../set/disc-note.ts";
import { openSet, problemOf } from "../set/open-set.ts";
import type { SetSource } from "../set/set-source.ts";

/** In words that follow a colon; undefined for all that is not one of several discs, and where the content of all of them was put together. */
export async function lackOfDiscs(source: SetSource): Promise<string | undefined> {
  const sizeBytes = await source.sizeOf(DISC_NOTE_FILE);
  const note = sizeBytes === undefined ? undefined : parseDiscNote(utf8Decode(await source.read(DISC_NOTE_FILE, 0, sizeBytes)));
  if (note === undefined || isOnlyDisc(note)) return undefined;
  let missing: string | undefined;
  // Without a manifest nobody knows; its loss is told when it is opened.
  const problem = await problemOf(
    openSet(source).then(async ({ manifest }) => {
      for (const { name } of manifest.files) {
        if (isDataFile(name) && (await source.sizeOf(name)) === undefined) missing ??= name;
      }
    }),
  );
  if (problem === undefined && missing === undefined) return undefined;
  return `it is disc ${note.disc} of several, and ${missing ?? "its manifest"} is on another one`;
}
