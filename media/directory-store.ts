// A directory that holds sets: on a disk, a stick or a mounted share (DESIGN section 5, `.lifeboat-store`).

import { utcNow } from "#os/clock";
import { LifeboatError } from "#os/error";
import {
  exists,
  fileInfo,
  listDirectory,
  makeDirectory,
  makeTemporaryDirectory,
  moveIntoPlace,
  readRange,
  readText,
  writeAtomic,
} from "#os/files";
import { rememberTemporary } from "#os/temporaries";
import { MANIFEST_FILE, STORE_MARK } from "../set/set-manifest.ts";
import type { FileSource, SetSource } from "../set/set-source.ts";
import { isoFilesIn, isoSetsIn, storedIsoSet, type IsoSet } from "./iso-sets.ts";
import { readWriter, writeLock } from "./set-lock.ts";
import { manifestState, type StoredSet } from "./stored-set.ts";
import { isSetContent, isSetName, isUnfinishedMark, isWorkName, NEW_PREFIX } from "./store-names.ts";

/** A set's files in a directory. Nothing is opened yet. */
export function directorySource(path: string): SetSource {
  // The kernel's `..`, which leads out of the set where a link to it was named too.
  return { ...filesIn(path, path), medium: filesIn(`${path}/..`, path.replace(/\/[^/]+\/*$/, "") || "/") };
}

function filesIn(path: string, description: string): FileSource {
  return {
    description,
    sizeOf: (name) => sizeOfFile(`${path}/${name}`),
    read: (name, offset, room) => readRange(`${path}/${name}`, offset, room),
  };
}

/** Nothing else is read: a FIFO would be waited for. */
async function sizeOfFile(path: string): Promise<number | undefined> {
  const info = await fileInfo(path);
  return info?.type === "file" ? info.sizeBytes : undefined;
}

/** Sets of the store at `path`, oldest first. Empty when it is none. `nowMs`: since 1970, to tell who is silent for long. */
export async function listStore(path: string, nowMs = Date.parse(utcNow())): Promise<readonly StoredSet[]> {
  const names = await listDirectory(path);
  const sets = (await Promise.all(names.map((name) => storedAt(path, name, nowMs)))).flat();
  const isoSets = await isoSetsIn(await isoFilesIn(path));
  return inOrder([...sets, ...(await Promise.all(isoSets.map((set) => storedOnIsos(set, sets)))).flat()]);
}

/** Its first image comes last: until then it belongs to what is still beside it. */
async function storedOnIsos(set: IsoSet, others: readonly StoredSet[]): Promise<readonly StoredSet[]> {
  const work = others.find(({ id, path }) => id === set.id && isWorkName(path.slice(path.lastIndexOf("/") + 1)));
  if (work === undefined || set.discs[0]?.note.disc === 1) return [await storedIsoSet(set)];
  return set.discs.map(({ id, iso }) => ({ ...work, id, path: iso.path, kind: "iso" }));
}

/** Oldest first. */
export function inOrder(sets: readonly StoredSet[]): readonly StoredSet[] {
  return [...sets].sort((a, b) => (timeOf(a.id) < timeOf(b.id) ? -1 : 1));
}

/** The end of a set's name. */
function timeOf(id: string): string {
  return id.slice(-16);
}

async function storedAt(store: string, name: string, nowMs: number): Promise<readonly StoredSet[]> {
  const path = `${store}/${name}`;
  if (isUnfinishedMark(name)) return [incomplete({ id: name, path, problem: "half a mark of the store" })];
  if (isWorkName(name)) return [await unfinishedSet(path, name, nowMs)];
  if (!isSetName(name)) return [];
  const about = { id: name, path, kind: "directory" } as const;
  const manifest = await fileInfo(`${path}/${MANIFEST_FILE}`);
  if (manifest?.type === "file") return [manifestState(about, await readText(`${path}/${MANIFEST_FILE}`))];
  if (manifest !== undefined) return [{ ...about, state: "damaged", manifest: undefined, problem: `its manifest is a ${manifest.type}` }];
  return isSetContent(await listDirectory(path)) ? [await unfinishedSet(path, name, nowMs)] : [];
}

/** Between the making of a directory and the note of who writes in it. */
const MAKING_MS = 60_000;

async function unfinishedSet(path: string, name: string, nowMs: number): Promise<StoredSet> {
  const writer = await readWriter(path, nowMs);
  const id = writer === undefined || writer.id === "" ? name : writer.id;
  const isNew = isWorkName(name) && nowMs - Number((await fileInfo(path))?.mtimeNs ?? 0) / 1e6 < MAKING_MS;
  if (writer?.isAlive === true || (writer === undefined && isNew)) {
    const problem = `it is being written by ${writer?.description ?? "somebody"}`;
    return { id, path, kind: "directory", state: "being-written", manifest: undefined, problem };
  }
  return incomplete({ id, path, problem: "it was not finished: there is no manifest" });
}

function incomplete(about: Pick<StoredSet, "id" | "path" | "problem">): StoredSet {
  return { ...about, kind: "directory", state: "incomplete", manifest: undefined };
}

/** Makes the store where it is none yet, so that a rescue system finds it. */
export async function markStore(path: string): Promise<void> {
  const mark = `${path}/${STORE_MARK}`;
  if (!(await exists(mark))) await writeAtomic(mark, STORE_MARK_TEXT, 0o644);
}

export const STORE_MARK_TEXT = "Lifeboat keeps sets here.\n";

/** The new directory of a set, for its owner alone: it holds /etc/shadow. It says from the first moment on that we write it. */
export async function makeSetDirectory(storePath: string, id: string): Promise<string> {
  const path = `${storePath}/${id}`;
  if (await exists(path)) throw setIsThere(path);
  await using work = await makeTemporaryDirectory(NEW_PREFIX, storePath);
  await makeDirectory(`${work.path}/boot`, 0o700);
  await writeLock(work.path, id);
  try {
    // Fails where another archive has made it in the meantime: what it has is not empty.
    await moveIntoPlace(work.path, path);
  } catch (error) {
    if (error instanceof LifeboatError && (await exists(path))) throw setIsThere(path);
    throw error;
  }
  return rememberTemporary(path);
}

export function setIsThere(path: string): LifeboatError {
  return new LifeboatError(`Cannot write "${path}" as a set is never overwritten: it is there already`, {
    hint: "Sets are named by the time: wait a second and try again; images with a --prefix need another one, or another directory",
  });
}
