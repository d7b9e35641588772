// Removes what interrupted archives have left in a store, and nothing that somebody still writes.

import { removeTree } from "#os/files";
import { listStore } from "./directory-store.ts";
import { storesAt } from "./find-set.ts";
import { timeInDirectory } from "./set-lock.ts";
import { isUnfinishedMark } from "./store-names.ts";
import type { StoredSet } from "./stored-set.ts";

export interface Removal {
  readonly removed: readonly StoredSet[];
  /** Left alone, as somebody writes them. */
  readonly written: readonly StoredSet[];
}

/** `place` is the store, or what holds it one level above. */
export async function removeLeftovers(place: string): Promise<Removal> {
  const removed: StoredSet[] = [];
  const written: StoredSet[] = [];
  for (const store of await storesAt(place)) {
    const sets = await listStore(store, await timeInDirectory(store));
    const busy = sets.filter(({ state }) => state === "being-written");
    written.push(...busy);
    // Whoever is about to finish a set may be writing the mark just now.
    const isFree = ({ id }: StoredSet) => busy.length === 0 || !isUnfinishedMark(id);
    for (const set of sets.filter((one) => one.state === "incomplete" && isFree(one))) {
      await removeTree(set.path);
      removed.push(set);
    }
  }
  return { removed, written };
}
