// From what a person types to a set: a set's directory, a store, or an ISO image with a set in it.

import { LifeboatError } from "#os/error";
import { exists, fileInfo, listDirectory } from "#os/files";
import { isOnlyDisc } from "../set/disc-note.ts";
import { CATALOGUE_FILE, MANIFEST_FILE, STORE_MARK, volumeNumber } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { directorySource, inOrder, listStore } from "./directory-store.ts";
import { lackOfDiscs } from "./copied-disc.ts";
import { discsIn, opticalDrives } from "./disc-drives.ts";
import { openDiscSet } from "./disc-source.ts";
import { NOBODY, type MediumChanger } from "./medium-changer.ts";
import { httpSource } from "./http-source.ts";
import { discsOf, isoFilesIn, isoSetsIn, isoSetSource, missingText, storedIsoSet, type IsoSet } from "./iso-sets.ts";
import { openIso } from "./iso-store.ts";
import type { StoredSet } from "./stored-set.ts";
import { openTapeUrl, setsOnTape } from "./tape-place.ts";
import { isTapeUrl } from "./tape-url.ts";

export interface FindOptions {
  /** The newest is wanted although it is damaged. */
  readonly acceptsDamage?: boolean;
  /** Told of what is newer than the set that is taken, and not one yet. */
  readonly note?: (line: string) => void;
  /** Asked for discs; unless given, nobody is there. */
  readonly changer?: MediumChanger;
  /** Holds what has to be removed and let go of when the set is no longer read; a drive needs it. */
  readonly cleanUp?: AsyncDisposableStack;
}

/**
 * The set itself, or the newest of a store. `iso:` before the path of a store means those in ISO images. What an interrupted archive has
 * left, or one has not finished yet, is passed over; a newer set that is damaged is not.
 * Throws LifeboatError (2) for what is neither, (5) when there is nothing whole, or what is whole is older than what is damaged.
 */
export async function findSet(place: string, options: FindOptions = {}): Promise<SetSource> {
  const { acceptsDamage = false, note } = options;
  if (isWebPlace(place)) return setOnWeb(place);
  if (isTapeUrl(place)) return openTapeUrl(place, options);
  const { path, isIso } = readPlace(place);
  const type = (await fileInfo(path))?.type;
  if (type === "block-device") return setOnDisc(path, options);
  if (type === "file") return setOnIso(path, acceptsDamage);
  if (!isIso && (await isSetDirectory(path))) return setInDirectory(path, acceptsDamage);
  const newestFirst = [...(await setsAt(place))].reverse();
  const newest = newestFirst.find(({ state }) => state === "whole" || state === "damaged") ?? (acceptsDamage ? newestFirst[0] : undefined);
  if (newest === undefined) throw nothingThere(place, newestFirst[0]);
  if (newest.state === "damaged" && !acceptsDamage) throw newestDamaged(place, newest, newestFirst);
  for (const { id, problem } of newestFirst.slice(0, newestFirst.indexOf(newest)))
    note?.(`${id} is newer than ${newest.id}, and no set: ${problem}`);
  return newest.kind === "iso" ? setOnIso(newest.path, acceptsDamage) : setInDirectory(newest.path, acceptsDamage);
}

/** A disc that is mounted has what is on it alone. */
async function setInDirectory(path: string, acceptsDamage: boolean): Promise<SetSource> {
  const source = directorySource(path);
  const lack = acceptsDamage ? undefined : await lackOfDiscs(source);
  if (lack === undefined) return source;
  throw new LifeboatError(`Cannot open "${path}" as all of the set must be in it: ${lack}`, {
    exitCode: 5,
    hint: "Name the drive, such as /dev/sr0: the other discs are asked for then",
  });
}

/** In a drive, with the discs that belong to it. */
function setOnDisc(drive: string, { changer = NOBODY, cleanUp }: FindOptions): Promise<SetSource> {
  if (cleanUp === undefined) throw new Error("a drive is let go of by cleanUp");
  return openDiscSet(drive, { drives: opticalDrives, changer, cleanUp });
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
export async function setsAt(place: string, options: FindOptions = {}): Promise<readonly StoredSet[]> {
  if (isTapeUrl(place)) return setsOnTape(place, options);
  if (isWebPlace(place)) {
    throw new LifeboatError(`Cannot list the sets in "${place}" as a web server tells in no certain way what it has: name one set`, {
      exitCode: 2,
      hint: "lifeboat list --files, verify and restore take http://SERVER/PATH/NAME-20261121T194500Z",
    });
  }
  const { path, isIso } = readPlace(place);
  const type = (await fileInfo(path))?.type;
  if (type === "file") return Promise.all((await isoSetsWith(path)).map(storedIsoSet));
  if (type === "block-device") return setsOnDisc(path);
  const found = await Promise.all((await storesAt(path)).map((store) => listStore(store)));
  const sets = inOrder(found.flat());
  return isIso ? sets.filter(({ kind }) => kind === "iso") : sets;
}

/** Of one on several discs, what the one in the drive tells. */
async function setsOnDisc(drive: string): Promise<readonly StoredSet[]> {
  const discs = (await discsIn(drive)) ?? [];
  const other = "its manifest is on the last disc";
  return Promise.all(
    discs.map(async (disc) => {
      const set = await storedIsoSet({ id: disc.id, discs: [disc], missing: [] });
      return set.manifest === undefined && !isOnlyDisc(disc.note)
        ? { ...set, problem: `it is disc ${disc.note.disc} of several, and ${other}` }
        : set;
    }),
  );
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

/** The image, and those beside it that belong to the same set. */
async function isoSetsWith(path: string): Promise<readonly IsoSet[]> {
  const iso = await openIso(path).catch(() => undefined);
  const discs = iso === undefined ? [] : await discsOf(iso);
  const isAlone = discs.every(({ note }) => isOnlyDisc(note));
  const others = isAlone ? [] : (await isoFilesIn(parentOf(path))).filter((other) => other !== path);
  const ids = new Set(discs.map(({ id }) => id));
  return (await isoSetsIn([...others, path])).filter(({ id, discs: found }) => ids.has(id) && found.some((disc) => disc.iso.path === path));
}

function parentOf(path: string): string {
  return path.replace(/\/[^/]*$/, "") || "/";
}

/** Damaged or not: who names it will be told what is wrong with it. Of several discs all must be here, or nothing is found where it lies. */
async function setOnIso(path: string, acceptsDamage: boolean): Promise<SetSource> {
  const iso = await openIso(path);
  const [set] = iso === undefined || iso.ids.length === 0 ? [] : await isoSetsWith(path);
  if (set !== undefined && set.missing.length > 0 && !acceptsDamage) throw incomplete(path, set);
  if (set !== undefined) return isoSetSource(set);
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

/** An image that is cut short does not say which disc it is: the only one may be here, though it looks as if the last were missing. */
function incomplete(path: string, set: IsoSet): LifeboatError {
  const short = set.discs.find(({ iso }) => iso.isCutShort)?.iso.path;
  if (short !== undefined) {
    return new LifeboatError(`Cannot open "${path}" as its image must be whole: "${short}" ends before its volume does`, {
      exitCode: 5,
      hint: "Copy it again; restore --accept-damage brings back what is there",
    });
  }
  return new LifeboatError(`Cannot open "${path}" as the images of all discs of ${set.id} must be in its directory: ${missingText(set)}`, {
    exitCode: 5,
    hint: "Put them there, under any name that ends in .iso; from discs it is read with the drive's name, such as /dev/sr0",
  });
}
