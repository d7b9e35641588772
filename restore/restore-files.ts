// Brings single files back, on a running system or anywhere else: reads only the frames that hold them.

import { afterWriting, LifeboatError } from "#os/error";
import { fileInfo, makeNewDirectory } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import { prefixOf, shortName, type CatalogueEntry } from "../set/catalogue.ts";
import { readFrames, type OpenSet, type PlacedFrame } from "../set/open-set.ts";
import { frameStarts } from "../set/stream-places.ts";
import { checkFrames, type DamagedFrame } from "./check-frames.ts";
import { compareFiles, type Comparison, type Difference } from "./compare-files.ts";
import { checkDestination, checkWritable } from "./destination.ts";
import type { RestoreProgress } from "./engine.ts";
import { extractFiles, resetDirectories } from "./extract-files.ts";
import { explained, type ExtractRemark } from "./extract-messages.ts";
import { keptNames, type KeptNames } from "./kept-names.ts";
import { linkNodes } from "./link-nodes.ts";
import { writeInPlace } from "./write-in-place.ts";
import { lossFinder } from "./lost-paths.ts";
import { lostSomething, unnamedLosses } from "./outcome.ts";
import { makeParents } from "./missing-parents.ts";
import { pathsMeant } from "./only-paths.ts";
import { collisionFinder, hasAttributes, selectFiles, type Selection } from "./select-files.ts";
import { setFlags } from "./set-flags.ts";

export interface FilesRequest {
  readonly set: OpenSet;
  /** Paths, with all below them; as they are, or as `lifeboat list` prints them. */
  readonly only: readonly string[];
  /** A directory; files appear below it by their whole paths. It is made when the one above it is there. */
  readonly to: string;
  readonly overwrite: boolean;
  readonly acceptDamage: boolean;
  /** Whether the files are read back and compared. */
  readonly check: boolean;
  progress(state: RestoreProgress | undefined): void;
  /** Told before the first write what damage has cost, when it has cost anything. */
  tellLoss?(loss: Loss): void;
}

export interface Loss {
  /** In the order of the stream. */
  readonly lost: readonly ByteText[];
  /** More paths of the set, whose names are lost too: whether they were asked for, nobody knows. */
  readonly lostUnnamed: number | "unknown";
}

export interface FilesOutcome extends Loss {
  readonly restored: number;
  readonly wasChecked: boolean;
  readonly framesRead: number;
  readonly differences: readonly Difference[];
}

/**
 * Directories above what was asked for are made when they are not there, and left alone when they are.
 * Throws LifeboatError: 2 for what is not in the set, 3 for files that are in the way, 5 for damage that was not accepted.
 */
export async function restoreFiles(request: FilesRequest): Promise<FilesOutcome> {
  const { to } = request;
  const prepared = await prepare(request);
  const { loss } = prepared;
  if (lostSomething(loss)) request.tellLoss?.(loss);
  if ((await fileInfo(to)) === undefined) await makeNewDirectory(to);
  try {
    return await write(request, prepared);
  } catch (error) {
    throw afterWriting(error);
  }
}

async function write(request: FilesRequest, prepared: Prepared): Promise<FilesOutcome> {
  const { to, progress } = request;
  const { selection, loss } = prepared;
  const atParents = makeParents(to, selection.parents);
  const remarks = await extract(request, prepared);
  await mend(request, prepared);
  if (selection.hasFlags) await setFlags(to, prepared.names.entries(), () => false);
  const compared = request.check ? await compare(request, prepared) : undefined;
  progress(undefined);
  return {
    restored: compared?.checked ?? selection.paths - loss.lost.length,
    wasChecked: compared !== undefined,
    framesRead: prepared.frames.length,
    differences: explained([...(compared?.differences ?? []), ...atParents], remarks),
    ...loss,
  };
}

export interface PlannedFile {
  readonly entry: CatalogueEntry;
  /** Something that is there gives way to it. */
  readonly replaces: boolean;
}

export interface FilesPlan extends Loss {
  /** What would be written, in the order of the stream, directories above it first. */
  files(): AsyncIterable<PlannedFile>;
}

/** What `restoreFiles` would do; nothing is written. Throws as it does. */
export async function planFiles(request: FilesRequest): Promise<FilesPlan> {
  const { selection, names, loss } = await prepare(request);
  request.progress(undefined);
  return {
    ...loss,
    async *files() {
      const collides = collisionFinder(prefixOf(request.to));
      for (const entry of selection.parents) yield { entry, replaces: false };
      for await (const entry of names.entries()) yield { entry, replaces: collides(entry) };
    },
  };
}

/** What is brought back, and from where. */
interface Prepared {
  readonly selection: Selection;
  readonly names: KeptNames;
  readonly allFrames: readonly PlacedFrame[];
  /** Those that hold it. */
  readonly frames: readonly PlacedFrame[];
  readonly damaged: ReadonlySet<number>;
  readonly loss: Loss;
}

async function prepare(request: FilesRequest): Promise<Prepared> {
  const { set, to } = request;
  await checkDestination(to);
  const allFrames = await readFrames(set);
  const starts = frameStarts(allFrames);
  const only = await pathsMeant(set, request.only);
  const selection = await selectFiles({ set, only, to, starts });
  const frames = allFrames.filter(({ number }) => selection.frames.has(number));
  const found = await checkSelected(request, frames);
  const damaged = new Set(found.map(({ frame }) => frame.number));
  const loss = { lost: await lostOf(selection, set, lossFinder([...damaged], starts)), lostUnnamed: unnamedLosses(set) };
  if (!request.acceptDamage) refuseDamage(found, loss);
  if (!request.overwrite) refuseToReplace(to, selection.inTheWay);
  checkWritable(to, only);
  return { selection, names: await keptNames(selection, new Set(loss.lost)), allFrames, frames, damaged, loss };
}

async function checkSelected({ set, progress }: FilesRequest, frames: readonly PlacedFrame[]): Promise<readonly DamagedFrame[]> {
  const allBytes = frames.reduce((total, { storedBytes }) => total + storedBytes, 0);
  return checkFrames(set, frames, (doneBytes) => progress({ what: "checking", doneBytes, allBytes }));
}

async function lostOf(
  selection: Selection,
  { rebuilt }: OpenSet,
  isLost: (entry: CatalogueEntry) => boolean,
): Promise<readonly ByteText[]> {
  const lost = (rebuilt?.broken ?? []).filter(selection.isWanted);
  for (const entry of selection.parents.filter(hasAttributes)) if (isLost(entry)) lost.push(entry.path);
  // The finder is asked about first names too that nobody asked for: it must know them before links to them.
  for await (const entry of selection.entries()) if (isLost(entry) && selection.isWanted(entry.path)) lost.push(entry.path);
  return lost;
}

/** Names in a refusal. */
const NAMED = 5;

function refuseDamage([first, ...others]: readonly DamagedFrame[], { lost }: Loss): void {
  if (first === undefined) return;
  const { frame, why } = first;
  const more = others.length === 0 ? "" : `, and ${others.length} more frames`;
  const names = lost.slice(0, NAMED).map(shortName).join(", ");
  const rest = lost.length <= NAMED ? "" : ` and ${lost.length - NAMED} more paths`;
  throw new LifeboatError(
    `Cannot restore these files as all frames that hold them must be whole: frame ${frame.number} in ${frame.volume}: ${why}${more}; lost: ${names}${rest}`,
    { exitCode: 5, hint: "--accept-damage brings back all others, and names each that is lost before it writes" },
  );
}

function refuseToReplace(to: string, { count, first }: Selection["inTheWay"]): void {
  if (first === undefined) return;
  throw new LifeboatError(`Cannot restore to "${to}" as nothing is overwritten without being told: ${shortName(first)} is there`, {
    hint: `Restore to an empty directory, or give --force to replace ${count === 1 ? "it" : `it and ${count - 1} more`}`,
  });
}

async function extract(
  { set, to, progress }: FilesRequest,
  { names, allFrames, frames, damaged }: Prepared,
): Promise<readonly ExtractRemark[]> {
  const allBytes = frames.reduce((total, { contentBytes }) => total + contentBytes, 0);
  let doneBytes = 0;
  return extractFiles({
    set,
    allFrames,
    frames: frames.filter(({ number }) => !damaged.has(number)),
    areChecked: true,
    root: to,
    choose: names.choose,
    async handedOver({ contentBytes }) {
      doneBytes += contentBytes;
      progress({ what: "restoring", doneBytes, allBytes });
    },
  });
}

/** What tar cannot: nodes with several names, files that are written in place. The directories that hold them get their times back. */
async function mend({ to }: FilesRequest, { selection, names }: Prepared): Promise<void> {
  const changed = new Set<ByteText>();
  if (selection.hasNodes) for (const path of await linkNodes(to, names.entries())) changed.add(path);
  if (selection.hasFlags) for (const path of await writeInPlace(to, names.entries())) changed.add(path);
  if (changed.size === 0) return;
  const directories: CatalogueEntry[] = [];
  for await (const entry of names.entries()) if (entry.type === "directory" && changed.has(entry.path)) directories.push(entry);
  await resetDirectories(directories, to);
}

async function compare({ to, progress }: FilesRequest, { selection, names }: Prepared): Promise<Comparison> {
  const allBytes = selection.streamBytes;
  let doneBytes = 0;
  return compareFiles({
    root: to,
    entries: names.entries,
    withFlags: selection.hasFlags,
    extraFlagsAreFine: true,
    progress(bytes) {
      doneBytes += bytes;
      progress({ what: "comparing", doneBytes: Math.min(doneBytes, allBytes), allBytes });
    },
  });
}
