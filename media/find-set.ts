// From what a person types to a set: a set's directory, a store, or an ISO image with a set in it.

import { LifeboatError } from "#os/error";
import { exists, fileInfo, listDirectory } from "#os/files";
import { CATALOGUE_FILE, MANIFEST_FILE, STORE_MARK, volumeNumber } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { directorySource, inOrder, listStore } from "./directory-store.ts";
import { httpSource } from "./http-source.ts";
import { openIso, readIsoSets } from "./iso-store.ts";
import { NOBODY, type MediumChanger } from "./medium-changer.ts";
import { isStagedTape, openStagedTape, stagedTapeSets } from "./staged-tape.ts";
import type { StoredSet } from "./stored-set.ts";

export interface FindOptions {
  /** Who changes tapes. */
  readonly changer?: MediumChanger;
  /** The newest is wanted although it is damaged. */
  readonly acceptsDamage?: boolean;
  /** Told of what is newer than the set that is taken, and not one yet. */
  readonly note?: (line: string) => void;
}

/**
 * The set itself, or the newest of a store. `iso:` before the path of a store means those in ISO images. What an interrupted archive has
 * left, or one has not finished yet, is passed over; a newer set that is damaged is not.
 * Throws LifeboatError (2) for what is neither, (5) when there is nothing whole, or what is whole is older than what is damaged.
 */
export async function findSet(place: string, { acceptsDamage = false, note, changer = NOBODY }: FindOptions = {}): Promise<SetSource> {
  if (isStagedTape(place)) return openStagedTape(place, changer);
  if (isWebPlace(place)) return setOnWeb(place);
  const { path, isIso } = readPlace(place);
  if ((await fileInfo(path))?.type === "file") return setOnIso(path);
  if (!isIso && (await isSetDirectory(path))) return directorySource(path);
  const newestFirst = [...(await setsAt(place))].reverse();
  const newest = newestFirst.find(({ state }) => state === "whole" || state === "damaged") ?? (acceptsDamage ? newestFirst[0] : undefined);
  if (newest === undefined) throw nothingThere(place, newestFirst[0]);
  if (newest.state === "damaged" && !acceptsDamage) throw newestDamaged(place, newest, newestFirst);
  for (const { id, problem } of newestFirst.slice(0, newestFirst.indexOf(newest)))
    note?.(`${id} is newer than ${newest.id}, and no set: ${problem}`);
  return newest.kind === "iso" ? setOnIso(newest.path) : directorySource(newest.path);
}

function isWebPlace(place: string): boolean {
  return /^https?:\/\//.test(place);
}

/** A web server tells in no certain way what it has: the set itself must be named. */
async function setOnWeb(place: string): Promise<SetSource> {
  const source = httpSource(place.replace(/\/+$/, ""));
  if ((await source.sizeOf(MANIFEST_FILE)) !== undefined || (await source.sizeOf(CATALOGUE_FILE)) !== undefined) return source;
  throw new LifeboatError(`Cannot open "${place}" as a set: it has no ${MANIFEST_FILE}`, {
    exitCode: 2,
    hint: "On a web server name the set's own directory, http://SERVER/PATH/NAME-20261121T194500Z",
  });
}

/** One that has lost its manifest too: whoever names it will be told. */
async function isSetDirectory(path: string): Promise<boolean> {
  if ((await fileInfo(path))?.type !== "directory") return false;
  return (await listDirectory(path)).some((name) => name === MANIFEST_FILE || name === CATALOGUE_FILE || volumeNumber(name) !== undefined);
}

function newestDamaged(place: string, { id, problem }: StoredSet, newestFirst: readonly StoredSet[]): LifeboatError {
  const whole = newestFirst.find(({ state }) => state === "whole");
  return new LifeboatError(`Cannot take the newest set of "${place}" as it must be whole: ${id}: ${problem}`, {
    exitCode: 5,
    hint: `${whole === undefined ? "There is no older one that is whole" : `The newest that is whole is older: name ${whole.path} for it`}; restore --accept-damage brings back what is left of ${id}`,
  });
}

function nothingThere(place: string, newest: StoredSet | undefined): LifeboatError {
  const state = newest === undefined ? "it is neither a set nor a directory that holds one" : `${newest.id}: ${newest.problem}`;
  const name = "Name a set's directory, its ISO image, or the directory that lifeboat archive was given";
  const remove = `lifeboat list ${place} --remove-incomplete removes what an interrupted archive has left`;
  return new LifeboatError(`Cannot open "${place}" as a set: ${state}`, {
    exitCode: newest === undefined ? 2 : 5,
    hint: newest?.state === "incomplete" ? remove : name,
  });
}

/** All sets of a store, oldest first; `place` is the store, what holds it one level above, or an ISO image. */
export async function setsAt(place: string, changer = NOBODY): Promise<readonly StoredSet[]> {
  if (isStagedTape(place)) return stagedTapeSets(place, changer);
  if (isWebPlace(place)) {
    throw new LifeboatError(`Cannot list the sets in "${place}" as a web server tells in no certain way what it has: name one set`, {
      exitCode: 2,
      hint: "lifeboat list --files, verify and restore take http://SERVER/PATH/NAME-20261121T194500Z",
    });
  }
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
