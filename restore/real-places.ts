// Which paths of a set may be acted on by name: a set that lies must not lead out of the tree that is being restored.

import { infoRaw } from "#os/byte-paths";
import type { ByteText } from "../formats/tar-read.ts";
import { directoriesAbove, isProperName, prefixOf } from "../set/catalogue.ts";

/** Whether all directories above a path, below `root`, are directories and no links. Remembers them: asked while none of them changes. */
export function realPlaces(root: string): (path: ByteText) => boolean {
  const prefix = prefixOf(root);
  const known = new Map<ByteText, boolean>();
  const isDirectory = (path: ByteText): boolean => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const found = infoRaw(prefix + path)?.type === "directory";
    known.set(path, found);
    return found;
  };
  return (path) => isProperName(path) && directoriesAbove(path).every(isDirectory);
}
