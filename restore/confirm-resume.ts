// The last look at what a broken restore has left, with its file systems mounted: is all there that its journal vouches for?

import { infoRaw, isModifiedAt, PATH_LIMIT_BYTES, type RawInfo } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import type { ByteText } from "../formats/tar-read.ts";
import { bytesOfText, prefixOf, printable, type CatalogueEntry } from "../set/catalogue.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { frameStarts, streamPlace } from "../set/stream-places.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { startFrame, type SetContent } from "./extract-set.ts";
import { journalSubject, readJournal, readMark, type Journal } from "./journal.ts";
import { mountAll, unmountAll } from "./mount-all.ts";
import { journalProblem } from "./plan-resume.ts";
import type { Plan } from "./plan.ts";
import { clearLocks } from "./set-flags.ts";

export interface ResumeRequest extends SetContent {
  readonly plan: Plan;
}

/**
 * Mounts the plan's file systems, and leaves them mounted when the journal may be followed. Undefined: it may not, which has been said,
 * and nothing is mounted; all is then to be done from the start. Throws LifeboatError when the set cannot be read: that says nothing
 * against what is on the disk.
 */
export async function confirmResume(request: ResumeRequest, environment: RestoreEnvironment): Promise<Journal | undefined> {
  const found = await attempt(() => mountedJournal(request, environment));
  const problem = typeof found === "string" ? found : await vouchedProblem(request, found, environment.root);
  if (typeof found !== "string" && problem === undefined) {
    await clearLocks(environment.root, readCatalogue(request.set));
    return found;
  }
  await unmountAll(request.plan, environment);
  environment.say(`lifeboat: a restore was broken off here, and its journal is not followed: ${problem}. All is done from the start`);
  return undefined;
}

/** The journal, or why it is not followed. Reads the disk alone. */
async function mountedJournal({ plan, gate }: ResumeRequest, environment: RestoreEnvironment): Promise<Journal | string> {
  await mountAll(plan, environment, "rw");
  // Only now the file system's own journal has been replayed: ours may be a newer one than was seen before.
  const journal = await readJournal(environment.root);
  const mark = await readMark(environment.root);
  const why = journalProblem({ journal, mark }, journalSubject(plan, gate.frames));
  return why !== undefined || journal === undefined || journal === "unreadable" ? (why ?? "it is gone") : journal;
}

async function attempt(action: () => Promise<Journal | string>): Promise<Journal | string> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof LifeboatError) return error.message;
    throw error;
  }
}

/** The first path that should be on the disk and is not, or is not as it was written. */
async function vouchedProblem({ set, gate }: SetContent, { frame, changed }: Journal, root: string): Promise<string | undefined> {
  const starts = frameStarts(gate.frames);
  const vouchedBytes = starts[startFrame(gate.frames, frame)]!;
  const lost = new Set(gate.lost);
  const own = changed.map(({ path }) => bytesOfText(path));
  const isOwn = (path: ByteText) => own.some((place) => path === place || path.startsWith(`${place}/`));
  const prefix = prefixOf(root);
  for await (const entry of readCatalogue(set)) {
    if (streamPlace(starts, entry) + entry.streamBytes > vouchedBytes || lost.has(entry.path) || isOwn(entry.path)) continue;
    if (prefix.length + entry.path.length > PATH_LIMIT_BYTES) continue;
    const state = changeOf(entry, infoRaw(prefix + entry.path));
    if (state !== undefined) return `"${printable(entry.path)}" ${state}`;
  }
  return undefined;
}

/** Times of directories are set last of all, and links may be empty files until then (see extract-set.ts). */
function changeOf({ type, sizeBytes, mtime }: CatalogueEntry, info: RawInfo | undefined): string | undefined {
  if (info === undefined) return "is missing";
  if (type === "symlink" || type === "hard-link") return undefined;
  if (info.type !== type) return `is a ${info.type} now`;
  if (type === "directory") return undefined;
  return !isModifiedAt(info, mtime) || (type === "file" && info.sizeBytes !== sizeBytes) ? "has been written to since" : undefined;
}
