// Which entries of a catalogue are asked for, found in one pass that keeps none of them when they are many.

import { infoRaw } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import type { ByteText } from "../formats/tar-read.ts";
import { bytesOfText, printable, type CatalogueEntry } from "../set/catalogue.ts";
import type { OpenSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { framesOf } from "./lost-paths.ts";
import { ancestorsOf, missingParents } from "./missing-parents.ts";
import { unnamedLosses } from "./outcome.ts";
import { directoriesAbove } from "./only-paths.ts";

export interface Selection {
  isWanted(path: ByteText): boolean;
  /** What was asked for, in the order of the stream. */
  entries(): AsyncIterable<CatalogueEntry>;
  readonly streamBytes: number;
  /** First names of hard links that were asked for by another name: their content is there. By path. */
  readonly sources: ReadonlyMap<ByteText, CatalogueEntry>;
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

/** Throws LifeboatError: 2 for what is not in the set, 5 for what may have been in it. */
export async function selectFiles({ set, only, to, starts }: SelectionRequest): Promise<Selection> {
  const isWanted = wantedBelow(only);
  const above = ancestorsOf(only);
  const survey = surveyor(to, starts);
  const directories: CatalogueEntry[] = [];
  const absent = new Set(only);
  for await (const entry of readCatalogue(set)) {
    if (!isWanted(entry.path)) {
      if (entry.type === "directory" && above.has(entry.path)) directories.push(entry);
      continue;
    }
    if (absent.size > 0) for (const top of [entry.path, ...directoriesAbove(entry.path), "/"]) absent.delete(top);
    survey.add(entry, entry.hardlinkOf === undefined || isWanted(entry.hardlinkOf));
  }
  refuseAbsent(absent, set);
  const sources = await readSources(set, survey.sourcePaths);
  const parents = missingParents(to, directories);
  for (const entry of [...parents.filter(hasAttributes), ...sources.values()]) survey.addFrames(entry);
  const kept = survey.kept();
  const facts = survey.facts();
  return {
    ...facts,
    hasFlags: facts.hasFlags || [...sources.values()].some(({ flags }) => flags !== ""),
    isWanted,
    entries: () => (kept === undefined ? wantedEntries(set, isWanted) : each(kept)),
    sources,
    parents,
  };
}

/** Such as an ACL, without which a mode may let in more people than it should: it has to come from the stream. */
export function hasAttributes({ attributesDigest }: CatalogueEntry): boolean {
  return attributesDigest !== undefined;
}

function wantedBelow(only: readonly ByteText[]): (path: ByteText) => boolean {
  const tops = new Set(only);
  if (tops.has("/")) return () => true;
  return (path) => {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) if (tops.has(path.slice(0, end))) return true;
    return false;
  };
}

/** Takes the entries that were asked for, one after the other. */
function surveyor(to: string, starts: readonly number[]) {
  const prefix = to === "/" ? "" : bytesOfText(to);
  const frames = new Set<number>();
  /** Undefined when they are too many. */
  let kept: CatalogueEntry[] | undefined = [];
  const sourcePaths = new Set<ByteText>();
  const inTheWay: { count: number; first: ByteText | undefined } = { count: 0, first: undefined };
  let [streamBytes, hasFlags, hasNodes] = [0, false, false];
  const addFrames = (entry: CatalogueEntry) => {
    for (const frame of framesOf(entry, starts)) frames.add(frame);
  };
  return {
    sourcePaths,
    addFrames,
    add(entry: CatalogueEntry, hasItsContent: boolean) {
      kept?.push(entry);
      if (kept !== undefined && kept.length > KEPT_ENTRIES) kept = undefined;
      if (!hasItsContent) sourcePaths.add(entry.hardlinkOf!);
      if (mustGiveWay(prefix, entry)) {
        inTheWay.count += 1;
        inTheWay.first ??= entry.path;
      }
      addFrames(entry);
      streamBytes += entry.streamBytes;
      hasFlags ||= entry.flags !== "";
      hasNodes ||= entry.sameNodeAs !== undefined;
    },
    kept: () => kept,
    facts: () => ({ streamBytes, hasFlags, hasNodes, frames, inTheWay }),
  };
}

/** A directory that is there stays, with what is in it. */
export function mustGiveWay(prefix: ByteText, { path, type }: CatalogueEntry): boolean {
  const info = infoRaw(prefix + path);
  return info !== undefined && !(type === "directory" && info.type === "directory");
}

function refuseAbsent(absent: ReadonlySet<ByteText>, set: OpenSet): void {
  const lost = new Set(set.rebuilt?.broken.flatMap((path) => [path, ...directoriesAbove(path)]));
  const names = [...absent].filter((path) => !lost.has(path)).map((path) => `"${printable(path)}"`);
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

async function readSources(set: OpenSet, paths: ReadonlySet<ByteText>): Promise<ReadonlyMap<ByteText, CatalogueEntry>> {
  const sources = new Map<ByteText, CatalogueEntry>();
  if (paths.size > 0) for await (const entry of readCatalogue(set)) if (paths.has(entry.path)) sources.set(entry.path, entry);
  return sources;
}

async function* wantedEntries(set: OpenSet, isWanted: (path: ByteText) => boolean): AsyncGenerator<CatalogueEntry> {
  for await (const entry of readCatalogue(set)) if (isWanted(entry.path)) yield entry;
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}
