// A directory that holds sets: on a disk, a stick or a mounted share (DESIGN section 5, `.lifeboat-store`).

import { LifeboatError } from "#os/error";
import { exists, fileInfo, listDirectory, makeDirectory, makeNewDirectory, readRange, readTextIfThere, writeAtomic } from "#os/files";
import { MANIFEST_FILE, parseManifest, STORE_MARK, type SetManifest } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";

/** What stands in a store: a set, or what an interrupted archive left. */
export interface StoredSet {
  readonly id: string;
  readonly path: string;
  /** Undefined when it has no manifest, or a damaged one. */
  readonly manifest: SetManifest | undefined;
  /** Why there is no manifest. */
  readonly problem: string | undefined;
}

const SET_NAME = /^[A-Za-z0-9][\w.-]*-\d{8}T\d{6}Z$/;

/** A set's files in a directory. Nothing is opened yet. */
export function directorySource(path: string): SetSource {
  return {
    description: path,
    sizeOf: async (name) => (await fileInfo(`${path}/${name}`))?.sizeBytes,
    read: (name, offset, lengthBytes) => readRange(`${path}/${name}`, offset, lengthBytes),
  };
}

/** Sets of the store at `path`, oldest first. Empty when it is none. */
export async function listStore(path: string): Promise<readonly StoredSet[]> {
  const names = (await listDirectory(path)).filter((name) => SET_NAME.test(name));
  const sets = await Promise.all(names.map((name) => readStoredSet(`${path}/${name}`, name)));
  return inOrder(sets);
}

/** Oldest first. */
export function inOrder(sets: readonly StoredSet[]): readonly StoredSet[] {
  return [...sets].sort((a, b) => (timeOf(a.id) < timeOf(b.id) ? -1 : 1));
}

async function readStoredSet(path: string, id: string): Promise<StoredSet> {
  const text = await readTextIfThere(`${path}/${MANIFEST_FILE}`);
  if (text === undefined) return { id, path, manifest: undefined, problem: "it was not finished: there is no manifest" };
  try {
    return { id, path, manifest: parseManifest(text, `${path}/${MANIFEST_FILE}`), problem: undefined };
  } catch (error) {
    if (error instanceof LifeboatError) return { id, path, manifest: undefined, problem: error.message };
    throw error;
  }
}

/** The end of a set's name. */
function timeOf(id: string): string {
  return id.slice(-16);
}

/** Makes the store where it is none yet, so that a rescue system finds it. */
export async function markStore(path: string): Promise<void> {
  const mark = `${path}/${STORE_MARK}`;
  if (!(await exists(mark))) await writeAtomic(mark, "Lifeboat keeps sets here.\n", 0o644);
}

/** The new directory of a set, for its owner alone: it holds /etc/shadow. */
export async function makeSetDirectory(storePath: string, id: string): Promise<string> {
  const path = `${storePath}/${id}`;
  if (await exists(path)) {
    throw new LifeboatError(`Cannot write "${path}" as a set is never overwritten: it is there already`, {
      hint: "Wait a second and try again: sets are named by the time",
    });
  }
  // Not one that another archive has made in the meantime.
  await makeNewDirectory(path, 0o700);
  await makeDirectory(`${path}/boot`, 0o700);
  return path;
}
