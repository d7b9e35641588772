// From what a person types to a set: a set's directory, a store, or an ISO image with a set in it.

import { LifeboatError } from "#os/error";
import { exists, fileInfo, listDirectory } from "#os/files";
import { MANIFEST_FILE, STORE_MARK } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { directorySource, inOrder, listStore, type StoredSet } from "./directory-store.ts";

/** The set itself, or the newest whole one of a store. Throws LifeboatError (2) for what is neither. */
export async function findSet(path: string): Promise<SetSource> {
  if (await exists(`${path}/${MANIFEST_FILE}`)) return directorySource(path);
  const sets = await setsAt(path);
  const newest = [...sets].reverse().find(({ manifest }) => manifest !== undefined);
  if (newest !== undefined) return directorySource(newest.path);
  const problem =
    sets.length === 0
      ? "it is neither a set nor a directory that holds one"
      : `${sets[sets.length - 1]!.id}: ${sets[sets.length - 1]!.problem}`;
  throw new LifeboatError(`Cannot open "${path}" as a set: ${problem}`, {
    exitCode: sets.length === 0 ? 2 : 5,
    hint: "Name a set's directory, or the directory that lifeboat archive was given",
  });
}

/** All sets of a store, oldest first; `path` is the store, or what holds it one level above. */
export async function setsAt(path: string): Promise<readonly StoredSet[]> {
  if ((await fileInfo(path))?.type !== "directory") {
    throw new LifeboatError(`Cannot look for sets in "${path}" as it must be a directory: it is not`, { exitCode: 2 });
  }
  const here = await listStore(path);
  if (here.length > 0 || (await exists(`${path}/${STORE_MARK}`))) return here;
  const found: StoredSet[] = [];
  for (const name of await listDirectory(path))
    if (await exists(`${path}/${name}/${STORE_MARK}`)) found.push(...(await listStore(`${path}/${name}`)));
  return inOrder(found);
}
