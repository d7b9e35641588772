// From what a person types to a set: a set's directory, a store, or an ISO image with a set in it.

import { LifeboatError } from "#os/error";
import { exists, fileInfo, listDirectory } from "#os/files";
import { MANIFEST_FILE, STORE_MARK } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { directorySource, inOrder, listStore } from "./directory-store.ts";
import { openIso, readIsoSets } from "./iso-store.ts";
import type { StoredSet } from "./stored-set.ts";

/**
 * The set itself, or the newest whole one of a store. `iso:` before the path of a store means those in ISO images.
 * Throws LifeboatError (2) for what is neither, (5) for a store of broken ones.
 */
export async function findSet(place: string): Promise<SetSource> {
  const { path, isIso } = readPlace(place);
  if ((await fileInfo(path))?.type === "file") return setOnIso(path);
  if (!isIso && (await exists(`${path}/${MANIFEST_FILE}`))) return directorySource(path);
  const sets = await setsAt(place);
  const newest = [...sets].reverse().find(({ manifest }) => manifest !== undefined);
  if (newest !== undefined) return newest.kind === "iso" ? setOnIso(newest.path) : directorySource(newest.path);
  const last = sets[sets.length - 1];
  throw new LifeboatError(
    `Cannot open "${place}" as a set: ${last === undefined ? "it is neither a set nor a directory that holds one" : `${last.id}: ${last.problem}`}`,
    {
      exitCode: last === undefined ? 2 : 5,
      hint: "Name a set's directory, its ISO image, or the directory that lifeboat archive was given",
    },
  );
}

/** All sets of a store, oldest first; `place` is the store, what holds it one level above, or an ISO image. */
export async function setsAt(place: string): Promise<readonly StoredSet[]> {
  const { path, isIso } = readPlace(place);
  if ((await fileInfo(path))?.type === "file") return readIsoSets(path);
  const found = await Promise.all((await storesAt(path)).map((store) => listStore(store)));
  const sets = inOrder(found.flat());
  return isIso ? sets.filter(({ kind }) => kind === "iso") : sets;
}

/** The directory itself, or the stores one level below it. Throws LifeboatError (2) for what is no directory. */
export async function storesAt(path: string): Promise<readonly string[]> {
  if ((await fileInfo(path))?.type !== "directory") {
    throw new LifeboatError(`Cannot look for sets in "${path}" as it must be a directory or an ISO image: it is neither`, { exitCode: 2 });
  }
  if ((await exists(`${path}/${STORE_MARK}`)) || (await listStore(path)).length > 0) return [path];
  const below = (await listDirectory(path)).map((name) => `${path}/${name}`);
  const areMarked = await Promise.all(below.map((directory) => exists(`${directory}/${STORE_MARK}`)));
  return below.filter((_, index) => areMarked[index]);
}

/** Whole or not: who names it will be told what is wrong with it. */
async function setOnIso(path: string): Promise<SetSource> {
  const iso = await openIso(path);
  const id = iso?.ids[0];
  if (iso !== undefined && id !== undefined) return iso.source(id);
  throw new LifeboatError(`Cannot open "${path}" as a set: it is ${iso === undefined ? "no ISO image" : "an ISO image without one"}`, {
    exitCode: 2,
    hint: "Name a set's directory, its ISO image, or the directory that lifeboat archive was given",
  });
}

/** A medium's URL as archive takes it (DESIGN section 6), or a plain path. */
function readPlace(place: string): { readonly path: string; readonly isIso: boolean } {
  const [, scheme, path = ""] = /^(iso:|file:\/\/)?(.*)$/s.exec(place) ?? [];
  return { path, isIso: scheme === "iso:" };
}
