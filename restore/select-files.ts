// Which entries of a catalogue are asked for, found in one pass that keeps none of them when they are many.

import { infoRaw } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import type { ByteText } from "../formats/tar-read.ts";
import { directoriesAbove, prefixOf, shortName, type CatalogueEntry } from "../set/catalogue.ts";
import type { OpenSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { framesOf } from "./lost-paths.ts";
import { linkRefuser, missingParents } from "./missing-parents.ts";
import { unnamedLosses } from "./outcome.ts";

export interface Selection {
  isWanted(path: ByteText): boolean;
  /** What was asked for, and `sources`, in the order of the stream. */
  entries(): AsyncIterable<CatalogueEntry>;
  /** How many were asked for. */
  readonly paths: number;
  readonly streamBytes: number;
  /** First names, which were not asked for, of hard links that were: their content is there. */
  readonly sources: ReadonlySet<ByteText>;
  /** Directories above it that are not there yet. */
  readonly parents: readonly CatalogueEntry[];
  /** Numbers of the frames that hold all of it. */
  readonly frames: ReadonlySet<number>;
  /** Of what was asked for, what something that is there would have to give way to. */
  readonly inTheWay: { readonly count: number; readonly first: ByteText | undefined };
  readonly hasFlags: boolean;
  readonly hasNodes: boolean;
}

export interface SelectionRequest {
  readonly set: OpenSet;
  /** Absolute; with all below them. */
  readonly only: readonly ByteText[];
  readonly to: string;
  readonly starts: readonly number[];
}

/** More entries than these are read from the catalogue again whenever they are needed: memory stays as it is, however much is asked for. */
const KEPT_ENTRIES = 20_000;

/** Throws LifeboatError: 2 for what is not in the set, 3 for links in the way there, 5 for what may have been in it. */
export async function selectFiles({ set, only, to, starts }: SelectionRequest): Promise<Selection> {
  const isWanted = wantedBelow(only);
  const above = new Set(only.flatMap(directoriesAbove));
  const survey = surveyor(to, starts);
  const directories: CatalogueEntry[] = [];
  const absent = new Set(only);
  const refuseLinks = linkRefuser(to);
  only.forEach(refuseLinks);
  for await (const entry of readCatalogue(set)) {
    if (!isWanted(entry.path)) {
      if (entry.type === "directory" && above.has(entry.path)) directories.push(entry);
      continue;
    }
    refuseLinks(entry.path);
    if (absent.size > 0) for (const top of [entry.path, ...directoriesAbove(entry.path), "/"]) absent.delete(top);
    survey.add(entry, entry.hardlinkOf === undefined || isWanted(entry.hardlinkOf));
  }
  refuseAbsent(absent, set);
  const parents = missingParents(to, directories);
  for (const entry of parents.filter(hasAttributes)) survey.addFrames(entry);
  const { sources } = survey;
  const entries = () => readSome(set, (path) => isWanted(path) || sources.has(path));
  const kept = sources.size === 0 ? survey.kept() : await takeSources(entries(), survey, isWanted);
  return { ...survey.facts(), isWanted, entries: () => (kept === undefined ? entries() : each(kept)), sources, parents };
}

/** A second pass: links come after their first names. Returns all entries again, with those that were not asked for. */
async function takeSources(
  entries: AsyncIterable<CatalogueEntry>,
  survey: ReturnType<typeof surveyor>,
  isWanted: (path: ByteText) => boolean,
): Promise<readonly CatalogueEntry[] | undefined> {
  const keeper = entryKeeper();
  for await (const entry of entries) {
    keeper.add(entry);
    if (!isWanted(entry.path)) survey.addSource(entry);
  }
  return keeper.kept();
}

/** Such as an ACL, without which a mode may let in more people than it should: it has to come from the stream. */
export function hasAttributes({ attributesDigest }: CatalogueEntry): boolean {
  return attributesDigest !== undefined;
}

export function wantedBelow(only: readonly ByteText[]): (path: ByteText) => boolean {
  const tops = new Set(only);
  if (tops.has("/")) return () => true;
  return (path) => {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) if (tops.has(path.slice(0, end))) return true;
    return false;
  };
}

/** Takes the entries that were asked for, one after the other. */
function surveyor(to: string, starts: readonly number[]) {
  const collides = collisionFinder(prefixOf(to));
  const keeper = entryKeeper();
  const frames = new Set<number>();
  const sources = new Set<ByteText>();
  const inTheWay: { count: number; first: ByteText | undefined } = { count: 0, first: undefined };
  let [paths, streamBytes, hasFlags, hasNodes] = [0, 0, false, false];
  const addFrames = (entry: CatalogueEntry) => {
    for (const frame of framesOf(entry, starts)) frames.add(frame);
  };
  const addSource = (entry: CatalogueEntry) => {
    addFrames(entry);
    streamBytes += entry.streamBytes;
    hasFlags ||= entry.flags !== "";
  };
  return {
    sources,
    addFrames,
    addSource,
    add(entry: CatalogueEntry, hasItsContent: boolean) {
      keeper.add(entry);
      addSource(entry);
      paths += 1;
      if (!hasItsContent) sources.add(entry.hardlinkOf!);
      if (collides(entry)) {
        inTheWay.count += 1;
        inTheWay.first ??= entry.path;
      }
      hasNodes ||= entry.sameNodeAs !== undefined;
    },
    kept: keeper.kept,
    facts: () => ({ paths, streamBytes, hasFlags, hasNodes, frames, inTheWay }),
  };
}

/** Keeps entries as long as they are not too many. */
function entryKeeper() {
  let kept: CatalogueEntry[] | undefined = [];
  return {
    add(entry: CatalogueEntry) {
      kept?.push(entry);
      if (kept !== undefined && kept.length > KEPT_ENTRIES) kept = undefined;
    },
    kept: (): readonly CatalogueEntry[] | undefined => kept,
  };
}

/**
 * Whether something has to give way to an entry: a directory that is there stays, with what is in it. Entries come with directories before
 * what they hold, so that nothing is looked for in those that are not there.
 */
export function collisionFinder(prefix: ByteText): (entry: CatalogueEntry) => boolean {
  const absent = new Set<ByteText>();
  return ({ path, type }) => {
    const isNew = absent.has(path.slice(0, path.lastIndexOf("/")));
    const info = isNew ? undefined : infoRaw(prefix + path);
    if (info === undefined && type === "directory" && absent.size < KEPT_ENTRIES) absent.add(path);
    return info !== undefined && !(type === "directory" && info.type === "directory");
  };
}

function refuseAbsent(absent: ReadonlySet<ByteText>, set: OpenSet): void {
  const lost = new Set(set.rebuilt?.broken.flatMap((path) => [path, ...directoriesAbove(path)]));
  const names = [...absent].filter((path) => !lost.has(path)).map((path) => `"${shortName(path)}"`);
  if (names.length === 0) return;
  const unnamed = unnamedLosses(set);
  if (unnamed === 0) {
    throw new LifeboatError(`Cannot restore ${names.join(", ")} as it must be in the set: it is not`, {
      exitCode: 2,
      hint: "lifeboat list SET --files shows what is in it",
    });
  }
  const others = unnamed === "unknown" ? "those that are lost with their names" : `the ${unnamed} paths that are lost with their names`;
  throw new LifeboatError(`Cannot restore ${names.join(", ")} as it must be among what is whole: it may be one of ${others}`, {
    exitCode: 5,
    hint: "Try another copy of the set, or an older set",
  });
}

async function* readSome(set: OpenSet, isChosen: (path: ByteText) => boolean): AsyncGenerator<CatalogueEntry> {
  for await (const entry of readCatalogue(set)) if (isChosen(entry.path)) yield entry;
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}
