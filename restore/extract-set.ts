// All of a set onto the mounted file systems, with a journal, so that a power cut costs minutes (DESIGN section 7).

import type { ByteText } from "../formats/tar-read.ts";
import { printable, type CatalogueEntry } from "../set/catalogue.ts";
import type { OpenSet, PlacedFrame } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { frameStarts } from "../set/stream-places.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { extractFiles } from "./extract-files.ts";
import type { ExtractRemark } from "./extract-messages.ts";
import type { PassedGate } from "./gate.ts";
import { journalSubject, noteProgress, type Progress } from "./journal.ts";
import { framesOf } from "./lost-paths.ts";
import type { Plan } from "./plan.ts";

export interface SetContent {
  readonly set: OpenSet;
  readonly gate: PassedGate;
}

export interface ExtractJob extends SetContent {
  readonly plan: Plan;
  /** What the journal of a restore that was broken off tells. */
  readonly resume: Progress | undefined;
}

/** The journal is written after so much content, and after so much time. */
const JOURNAL_BYTES = 256 * 1024 * 1024;
const JOURNAL_MS = 30_000;

/** Returns what tar could not do. Throws LifeboatError. */
export async function extractSet(job: ExtractJob, environment: RestoreEnvironment): Promise<readonly ExtractRemark[]> {
  const { set, gate, resume } = job;
  const from = startFrame(gate.frames, resume?.frame ?? 0);
  const frames = gate.frames.filter(({ number }) => number >= from && !gate.damaged.has(number));
  const lost = new Set(gate.lost);
  const isWhole = gate.damaged.size === 0 && lost.size === 0 && from === 0 && set.leftAlone === undefined;
  const areChecked = gate.mode === "full";
  const handedOver = keepJournal(job, frames, environment);
  const options = { set, allFrames: gate.frames, frames, areChecked, root: environment.root, handedOver };
  const first = await extractFiles(isWhole ? options : { ...options, choose: (path) => !lost.has(path) && set.leftAlone?.(path) !== true });
  const again = from > 0 ? await extractAgain(job, heldBackByTar(from), environment) : [];
  const remarks = [...first, ...again];
  for (const { path, what } of remarks) environment.note(path === "" ? `tar: ${what}` : `tar: ${printable(path)}: ${what}`);
  await noteProgress(journalSubject(job.plan, gate.frames), { frame: gate.frames.length, changed: resume?.changed ?? [] }, environment);
  return remarks;
}

/** Called with each frame that tar has been given. */
function keepJournal(
  { plan, gate, resume }: ExtractJob,
  frames: readonly PlacedFrame[],
  environment: RestoreEnvironment,
): (frame: PlacedFrame) => Promise<void> {
  const subject = journalSubject(plan, gate.frames);
  const allBytes = frames.reduce((total, { contentBytes }) => total + contentBytes, 0);
  let doneBytes = 0;
  let noted = { bytes: 0, atMs: environment.nowMs() };
  let recent: readonly PlacedFrame[] = [];
  return async (frame) => {
    doneBytes += frame.contentBytes;
    recent = heldBack([...recent, frame]);
    environment.progress({ what: "extracting", doneBytes, allBytes });
    if (doneBytes - noted.bytes < JOURNAL_BYTES && environment.nowMs() - noted.atMs < JOURNAL_MS) return;
    await noteProgress(subject, { frame: recent[0]!.number, changed: resume?.changed ?? [] }, environment);
    noted = { bytes: doneBytes, atMs: environment.nowMs() };
  };
}

/**
 * GNU tar gives directories their attributes, and puts links in the place of empty files when they lead out of the tree, when all else is
 * there: a run that was broken off has not come to that.
 */
function heldBackByTar(from: number): (entry: CatalogueEntry) => boolean {
  const links = new Set<ByteText>();
  return ({ path, type, hardlinkOf, frame }) => {
    if (type === "symlink" && frame < from) links.add(path);
    // A further name of one, wherever it is: the second run has made it one of the empty file.
    return type === "directory" || links.has(path) || (hardlinkOf !== undefined && links.has(hardlinkOf));
  };
}

/** More than a pipe and tar itself hold of what they were given (pipe(7), unix(7); tar's records have 10 KiB). */
const HELD_BACK_BYTES = 1024 * 1024;

/** The last frames that were handed over, of which some may not be on the disk: all before the first of them is. */
export function heldBack(handedOver: readonly PlacedFrame[]): readonly PlacedFrame[] {
  let first = handedOver.length;
  for (let bytes = 0; first > 0 && bytes < HELD_BACK_BYTES; first -= 1) bytes += handedOver[first - 1]!.contentBytes;
  return handedOver.slice(first);
}

/** Where all begins that has bytes in the frame `number` or later: a file may have begun frames before. */
export function startFrame(frames: readonly PlacedFrame[], number: number): number {
  if (frames[number]?.firstMember === 0) return number;
  for (let frame = number - 1; frame > 0; frame -= 1) if (frames[frame]?.firstMember !== undefined) return frame;
  return 0;
}

async function extractAgain(
  { set, gate }: SetContent,
  isChosen: (entry: CatalogueEntry) => boolean,
  { root }: Pick<RestoreEnvironment, "root">,
): Promise<readonly ExtractRemark[]> {
  const lost = new Set(gate.lost);
  const entries: CatalogueEntry[] = [];
  for await (const entry of readCatalogue(set)) if (isChosen(entry) && !lost.has(entry.path)) entries.push(entry);
  const starts = frameStarts(gate.frames);
  const needed = new Set(entries.flatMap((entry) => framesOf(entry, starts)));
  const paths = new Set(entries.map(({ path }) => path));
  return extractFiles({
    set,
    allFrames: gate.frames,
    frames: gate.frames.filter(({ number }) => needed.has(number) && !gate.damaged.has(number)),
    areChecked: gate.mode === "full",
    root,
    choose: (path) => paths.has(path),
    handedOver: async () => undefined,
  });
}
