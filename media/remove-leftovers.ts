// Removes what interrupted archives have left in a store, and nothing that somebody still writes.

import { removeFile, removeIfEmpty, removeTree, walk } from "#os/files";
import { listStore } from "./directory-store.ts";
import { storesAt } from "./find-set.ts";
import { timeInDirectory } from "./set-lock.ts";
import { isSetName, isSetPath, isUnfinishedMark } from "./store-names.ts";
import type { StoredSet } from "./stored-set.ts";

export interface Removal {
  readonly removed: readonly StoredSet[];
  /** Left alone, as somebody writes them. */
  readonly written: readonly StoredSet[];
  /** What was in them and is nobody's of ours: paths that were left, with the directories above them. */
  readonly stayed: readonly string[];
}

/** `place` is the store, or what holds it one level above. */
export async function removeLeftovers(place: string): Promise<Removal> {
  const removed: StoredSet[] = [];
  const written: StoredSet[] = [];
  const stayed: string[] = [];
  for (const store of await storesAt(place)) {
    const sets = await listStore(store, await timeInDirectory(store));
    const busy = sets.filter(({ state }) => state === "being-written");
    written.push(...busy);
    // Whoever is about to finish a set may be writing the mark just now.
    const isFree = ({ id }: StoredSet) => busy.length === 0 || !isUnfinishedMark(id);
    for (const set of sets.filter((one) => one.state === "incomplete" && isFree(one))) {
      const others = isSetName(nameOf(set)) ? await removeHalfSet(set.path) : await removeTree(set.path).then(() => []);
      stayed.push(...others);
      if (others.length === 0) removed.push(set);
    }
  }
  return { removed, written, stayed };
}

function nameOf({ path }: StoredSet): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Anybody may name a directory so, and have put something into it: what archive writes goes, and what is empty then. Returns the rest. */
async function removeHalfSet(path: string): Promise<readonly string[]> {
  const entries = (await walk(path)).map((entry) => ({ ...entry, isOurs: isSetPath(entry.path), place: `${path}/${entry.path}` }));
  for (const { type, isOurs, place } of entries) if (isOurs && type !== "directory") await removeFile(place);
  // What a directory holds comes after it.
  const directories = entries.filter(({ type, isOurs }) => isOurs && type === "directory").reverse();
  for (const { place } of directories) await removeIfEmpty(place);
  if (await removeIfEmpty(path)) return [];
  const others = entries.filter(({ isOurs }) => !isOurs).map(({ place }) => place);
  return others.length === 0 ? [path] : others;
}
