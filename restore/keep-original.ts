// Files of the restored machine that are changed: as they were in the set, they stay beside.

import { copyFile, exists, moveIntoPlace } from "#os/files";
import { readLatin1 } from "./latin1-files.ts";

/** Of one restore: a step that was broken off finds what it has kept, and an earlier restore's is another's. */
export interface Originals {
  /** What the file held before this restore changed it, one character a byte. */
  read(place: string): Promise<string>;
  /** To be called before the file is written. Returns where it is kept, with its mode. */
  keep(place: string): Promise<string>;
}

export function originalsOf(setId: string): Originals {
  // Hidden: what reads all files of a directory passes over it.
  const nameOf = (place: string) => place.replace(/\/([^/]+)$/, (_, name: string) => `/.${name}.before-${setId}`);
  return {
    async read(place) {
      const original = nameOf(place);
      return readLatin1((await exists(original)) ? original : place);
    },
    async keep(place) {
      const original = nameOf(place);
      if (await exists(original)) return original;
      // A half of it would be taken for all of it after a power cut.
      await copyFile(place, `${original}.new`);
      await moveIntoPlace(`${original}.new`, original);
      return original;
    },
  };
}
