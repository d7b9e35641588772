// Brings single files back, on a running system or anywhere else: reads only the frames that hold them.

import { infoRaw } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import { fileInfo } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import type { NewNames } from "../formats/tar-rename.ts";
import { bytesOfText, printable, type CatalogueEntry } from "../set/catalogue.ts";
import { readFrames, type OpenSet, type PlacedFrame } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { frameStarts } from "../set/stream-places.ts";
import { checkFrames } from "./check-frames.ts";
import { compareFiles, type Comparison, type Difference } from "./compare-files.ts";
import { extractFiles, type ExtractRemarks } from "./extract-files.ts";
import { extractDirectories } from "./extract-set.ts";
import { linkNodes, withoutOtherNodes } from "./link-nodes.ts";
import { framesOf, lossFinder } from "./lost-paths.ts";
import { ancestorsOf, makeParents, missingParents } from "./missing-parents.ts";

export interface FilesRequest {
  readonly set: OpenSet;
  /** Absolute paths, with all below them. */
  readonly only: readonly string[];
  /** A directory; files appear below it by their whole paths. */
  readonly to: string;
  readonly overwrite: boolean;
  readonly acceptDamage: boolean;
  progress(state: { readonly what: string; readonly doneBytes: number; readonly allBytes: number } | undefined): void;
}

export interface FilesOutcome {
  readonly restored: number;
  readonly framesRead: number;
  readonly differences: readonly Difference[];
  /** Files that damage has cost. */
  readonly lost: readonly ByteText[];
}

/**
 * Directories above what was asked for are made when they are not there, and left alone when they are.
 * Throws LifeboatError: 2 for what is not in the set, 3 for files that are in the way, 5 for damage that was not accepted.
 */
export async function restoreFiles(request: FilesRequest): Promise<FilesOutcome> {
  const { set, to } = request;
  await checkDestination(to);
  const allFrames = await readFrames(set);
  const starts = frameStarts(allFrames);
  const selection = await select(request, starts);
  const frames = allFrames.filter(({ number }) => selection.frames.has(number));
  const { damaged, lost } = await findDamage(request, { allFrames, frames, starts, selection });
  if (!request.overwrite) checkFree(to, selection.chosen);
  const taken = { selection, allFrames, frames, damaged, lost: new Set(lost) };
  const atParents = makeParents(to, selection.parents);
  const remarks = await extract(request, taken);
  const kept = withoutOtherNodes(selection.chosen.filter(({ path }) => !taken.lost.has(path)));
  await link(request, taken, kept);
  const compared = await compare(to, taken, kept);
  request.progress(undefined);
  const failed = remarks.map((remark) => ({ path: "", what: remark }));
  return { restored: compared.checked, framesRead: frames.length, differences: [...compared.differences, ...atParents, ...failed], lost };
}

/** What is brought back, and from where. */
interface Taken {
  readonly selection: Selection;
  readonly allFrames: readonly PlacedFrame[];
  readonly frames: readonly PlacedFrame[];
  readonly damaged: ReadonlySet<number>;
  readonly lost: ReadonlySet<ByteText>;
}

async function extract(
  { set, to, progress }: FilesRequest,
  { selection, allFrames, frames, damaged, lost }: Taken,
): Promise<ExtractRemarks> {
  const names = newNames(selection, lost);
  const allBytes = frames.reduce((total, { contentBytes }) => total + contentBytes, 0);
  let doneBytes = 0;
  return extractFiles({
    set,
    allFrames,
    frames: frames.filter(({ number }) => !damaged.has(number)),
    root: to,
    choose: (path) => names.get(path) ?? false,
    async handedOver({ contentBytes }) {
      doneBytes += contentBytes;
      progress({ what: "restoring", doneBytes, allBytes });
    },
  });
}

/** Names of one device node or FIFO become one; the directories that hold them get their times back. */
async function link({ set, to }: FilesRequest, { allFrames, damaged, lost }: Taken, kept: readonly CatalogueEntry[]): Promise<void> {
  const changed = await linkNodes(to, kept);
  if (changed.size === 0) return;
  const directories = new Set(kept.map(({ path }) => path).filter((path) => changed.has(path)));
  await extractDirectories({ set, gate: { frames: allFrames, damaged, lost: [...lost] } }, (path) => directories.has(path), { root: to });
}

async function compare(to: string, { selection, lost }: Taken, kept: readonly CatalogueEntry[]): Promise<Comparison> {
  const names = newNames(selection, lost);
  return compareFiles({
    root: to,
    entries: async function* () {
      yield* kept.map((entry) => asNamed(entry, selection.sources, names));
    },
    withFlags: false,
    progress: () => undefined,
  });
}

async function checkDestination(to: string): Promise<void> {
  if ((await fileInfo(to))?.type === "directory") return;
  throw new LifeboatError(`Cannot restore to "${to}" as it must be a directory that is there: it is not`, { hint: "Make it first" });
}

interface Selection {
  /** What was asked for, in the order of the stream. */
  readonly chosen: readonly CatalogueEntry[];
  /** First names of hard links that were asked for by another name: their content is there. */
  readonly sources: readonly CatalogueEntry[];
  /** Directories above it that are not there yet. */
  readonly parents: readonly CatalogueEntry[];
  readonly frames: ReadonlySet<number>;
}

async function select({ set, only, to }: FilesRequest, starts: readonly number[]): Promise<Selection> {
  const wanted = only.map((path) => bytesOfText(path.replace(/(?<=.)\/+$/, "")));
  const isWanted = (path: ByteText) => wanted.some((top) => path === top || path.startsWith(top === "/" ? "/" : `${top}/`));
  const above = ancestorsOf(wanted);
  const chosen: CatalogueEntry[] = [];
  const directories: CatalogueEntry[] = [];
  for await (const entry of readCatalogue(set)) {
    if (isWanted(entry.path)) chosen.push(entry);
    else if (entry.type === "directory" && above.has(entry.path)) directories.push(entry);
  }
  const absent = wanted.filter((top) => !chosen.some(({ path }) => path === top || path.startsWith(top === "/" ? "/" : `${top}/`)));
  if (absent.length > 0) {
    throw new LifeboatError(
      `Cannot restore ${absent.map((path) => `"${printable(path)}"`).join(", ")} as it must be in the set: it is not`,
      {
        exitCode: 2,
        hint: "lifeboat list SET --files shows what is in it",
      },
    );
  }
  const paths = new Set(chosen.map(({ path }) => path));
  const sourcePaths = new Set(chosen.flatMap(({ hardlinkOf }) => (hardlinkOf === undefined || paths.has(hardlinkOf) ? [] : [hardlinkOf])));
  const sources: CatalogueEntry[] = [];
  if (sourcePaths.size > 0) for await (const entry of readCatalogue(set)) if (sourcePaths.has(entry.path)) sources.push(entry);
  const parents = missingParents(to, directories);
  const read = [...parents.filter(hasAttributes), ...chosen, ...sources];
  return { chosen, sources, parents, frames: new Set(read.flatMap((entry) => framesOf(entry, starts))) };
}

/** Such as an ACL, without which a mode may let in more people than it should: it has to come from the stream. */
function hasAttributes({ attributesDigest }: CatalogueEntry): boolean {
  return attributesDigest !== undefined;
}

interface DamageInput {
  readonly allFrames: readonly PlacedFrame[];
  readonly frames: readonly PlacedFrame[];
  readonly starts: readonly number[];
  readonly selection: Selection;
}

async function findDamage({ set, acceptDamage }: FilesRequest, { frames, starts, selection }: DamageInput) {
  const found = await checkFrames(set, frames, () => undefined);
  const damaged = new Set(found.map(({ frame }) => frame.number));
  const isLost = lossFinder([...damaged], starts);
  // The finder must have seen a first name before it is asked about links to it.
  for (const source of selection.sources) isLost(source);
  const lost = [...selection.parents.filter(hasAttributes), ...selection.chosen].filter(isLost).map(({ path }) => path);
  if (found.length === 0 || acceptDamage) return { damaged, lost };
  const [first] = found;
  throw new LifeboatError(
    `Cannot restore these files as all frames that hold them must be whole: frame ${first!.frame.number} in ${first!.frame.volume}: ${first!.why}; lost: ${lost.slice(0, 5).map(printable).join(", ")}`,
    { exitCode: 5, hint: "--accept-damage brings back all others" },
  );
}

function checkFree(to: string, chosen: readonly CatalogueEntry[]): void {
  const prefix = bytesOfText(to === "/" ? "" : to);
  const inTheWay = chosen.filter(({ path, type }) => {
    const info = infoRaw(prefix + path);
    return info !== undefined && !(type === "directory" && info.type === "directory");
  });
  if (inTheWay.length === 0) return;
  throw new LifeboatError(
    `Cannot restore to "${to}" as nothing is overwritten without being told: ${printable(inTheWay[0]!.path)} is there`,
    {
      hint: `Restore to an empty directory, or give --force to replace ${inTheWay.length === 1 ? "it" : `it and ${inTheWay.length - 1} more`}`,
    },
  );
}

type Names = ReadonlyMap<ByteText, true | NewNames>;

/** A hard link whose first name was not asked for: the content comes under the link's own name, and further links point there. */
function newNames({ chosen, sources, parents }: Selection, lost: ReadonlySet<ByteText>): Names {
  const names = new Map<ByteText, true | NewNames>();
  for (const { path } of [...parents.filter(hasAttributes), ...chosen]) if (!lost.has(path)) names.set(path, true);
  for (const source of sources) {
    const links = chosen.filter(({ path, hardlinkOf }) => hardlinkOf === source.path && !lost.has(path));
    const [first, ...others] = links;
    if (first === undefined) continue;
    names.delete(first.path);
    names.set(source.path, { path: first.path.slice(1) });
    for (const { path } of others) names.set(path, { linkTarget: first.path.slice(1) });
  }
  return names;
}

/** What a restored file must be: a hard link may have become the first name. */
function asNamed(entry: CatalogueEntry, sources: Selection["sources"], names: Names): CatalogueEntry {
  const source = sources.find(({ path }) => path === entry.hardlinkOf);
  const first = source === undefined ? undefined : names.get(source.path);
  if (source === undefined || typeof first !== "object") return entry;
  return entry.path === `/${first.path}` ? { ...source, path: entry.path } : { ...entry, hardlinkOf: `/${first.path}` };
}
