// MondoRescue's `prefix=NAME`: which set of a share is meant, when it is named by its machine and not by its time.

import { fileInfo } from "#os/files";
import { inOrder, listStore } from "./directory-store.ts";
import { storesAt } from "./find-set.ts";
import type { StoredSet } from "./stored-set.ts";

export interface NamedSearch {
  /** What stands before the time: `web1` of `web1-20261121T194500Z`. */
  readonly name: string;
  /** The way to the store in its file system, when it is known. */
  readonly path: string | undefined;
}

/** The newest set of that name that was finished once, in a directory; a damaged one too, as no older one may silently take its place. */
export async function newestNamed(mountPoint: string, { name, path }: NamedSearch): Promise<StoredSet | undefined> {
  const places = [mountPoint, ...(path === undefined ? [] : [`${mountPoint}/${path}`.replace(/\/+/g, "/")])];
  const stores = new Set<string>();
  for (const place of places) {
    if ((await fileInfo(place))?.type !== "directory") continue;
    for (const store of await storesAt(place)) stores.add(store);
  }
  const sets = await Promise.all([...stores].map((store) => listStore(store)));
  const finished = sets.flat().filter(({ kind, state }) => kind === "directory" && (state === "whole" || state === "damaged"));
  const named = inOrder(finished.filter(({ id }) => nameOfSet(id) === name));
  return named[named.length - 1];
}

/** A set's id without its time. */
export function nameOfSet(id: string): string {
  return id.replace(/-\d{8}T\d{6}Z$/, "");
}
