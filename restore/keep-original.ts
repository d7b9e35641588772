// Files of the restored machine that are changed: as they were in the set, they stay beside.

import { copyFile, exists, moveIntoPlace } from "#os/files";
import { readLatin1, writeLatin1 } from "./latin1-files.ts";

/** Of one restore: a step that was broken off finds what it has kept, and an earlier restore's is another's. */
export interface Originals {
  /** What the file held before this restore changed it, one character a byte. */
  read(place: string): Promise<string>;
  /** Whether this restore has changed the file already, or taken it away. */
  isKept(place: string): Promise<boolean>;
  /** To be called before the file is written. Returns where it is kept, with its mode. */
  keep(place: string): Promise<string>;
  /** Returns the file and where its original is kept; nothing, and writes nothing, where the text stays as it was. */
  change(place: string, rewrite: (text: string) => string): Promise<readonly string[]>;
}

export function originalsOf(setId: string): Originals {
  // Hidden: what reads all files of a directory passes over it.
  const nameOf = (place: string) => place.replace(/\/([^/]+)$/, (_, name: string) => `/.${name}.before-${setId}`);
  const isKept = (place: string) => exists(nameOf(place));
  const read = async (place: string) => readLatin1((await isKept(place)) ? nameOf(place) : place);
  const keep = async (place: string) => {
    const original = nameOf(place);
    if (await exists(original)) return original;
    // A half of it would be taken for all of it after a power cut.
    await copyFile(place, `${original}.new`);
    await moveIntoPlace(`${original}.new`, original);
    return original;
  };
  return {
    isKept,
    read,
    keep,
    async change(place, rewrite) {
      const text = await read(place);
      const now = rewrite(text);
      if (now === text) return [];
      const original = await keep(place);
      await writeLatin1(place, now);
      return [place, original];
    },
  };
}
