// How far a restore has come, on the machine that is being restored, so that a power cut costs minutes and not hours (DESIGN section 7).

import * as v from "valibot";
import { run } from "#os/exec";
import { digestOf } from "#os/digest";
import { LifeboatError } from "#os/error";
import { fileInfo, makeDirectory, readTextIfThere, writeAtomic } from "#os/files";
import { parseJson } from "../formats/json.ts";
import type { PlacedFrame } from "../set/open-set.ts";
import type { RestoreEnvironment } from "./engine.ts";
import type { JournalSubject } from "./plan-resume.ts";
import type { Plan } from "./plan.ts";

/** Below the restored root; it goes when the restore is done, but for the mark. */
export const OWN_DIRECTORY = "/.lifeboat";
const JOURNAL_FILE = `${OWN_DIRECTORY}/journal`;
const MARK_FILE = `${OWN_DIRECTORY}/restored.json`;

const Journal = v.object({
  set: v.string(),
  /** Names what is in the set's frames. */
  content: v.string(),
  plan: v.string(),
  /** Frames up to and without this one are on the disk. */
  frame: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** UTC, ISO 8601. */
  writtenAt: v.string(),
  /** What steps after the extraction have changed. */
  changed: v.array(v.object({ path: v.string(), why: v.string() })),
});
export type Journal = v.InferOutput<typeof Journal>;

/** Two plans with the same name would leave the same disks, two sets with the same content the same files. */
export function journalSubject(plan: Plan, frames: readonly PlacedFrame[]): JournalSubject {
  const { steps, setId } = plan;
  const name = (...parts: readonly string[]) => digestOf(...parts).slice(0, 32);
  return {
    set: setId,
    content: name(...frames.map(({ digest }) => digest)),
    plan: name(JSON.stringify([setId, steps])),
    frames: frames.length,
  };
}

export type Progress = Pick<Journal, "frame" | "changed">;

/** Without a journal a restore is as good as with one, until it is broken off; a full disk is tar's to tell. */
export async function noteProgress(
  { set, content, plan }: JournalSubject,
  { frame, changed }: Progress,
  { root, now, note }: RestoreEnvironment,
): Promise<void> {
  try {
    await writeJournal(root, { set, content, plan, frame, writtenAt: now(), changed });
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    note(error.message);
  }
}

/** Frames up to and without `frame` are on the disk when this resolves. */
async function writeJournal(root: string, journal: Journal): Promise<void> {
  await makeDirectory(`${root}${OWN_DIRECTORY}`, 0o700);
  // All file systems, not the root's alone: files are on each of them.
  await run(["sync"]);
  await writeAtomic(`${root}${JOURNAL_FILE}`, `${JSON.stringify(journal)}\n`);
  await putInPlace(root);
}

/**
 * After a sync a new file may stand in the file system's own journal alone (ext3, ext4, XFS), and a disk is looked at without that being
 * replayed (DESIGN section 8, rule 2). A freeze empties it into its places. Does nothing to a directory in a larger file system.
 */
async function putInPlace(root: string): Promise<void> {
  const [own, above] = await Promise.all([fileInfo(root), fileInfo(`${root}/..`)]);
  if (own?.device === above?.device) return;
  try {
    await run(["fsfreeze", "--freeze", root]);
  } finally {
    // Also after a failure: nothing must be left waiting for a thaw. It fails where nothing is frozen.
    await run(["fsfreeze", "--unfreeze", root], { okCodes: [0, 1] });
  }
}

export async function readJournal(root: string): Promise<Journal | "unreadable" | undefined> {
  const text = await readTextIfThere(`${root}${JOURNAL_FILE}`);
  if (text === undefined) return undefined;
  const parsed = v.safeParse(Journal, parseJson(text));
  return parsed.success ? parsed.output : "unreadable";
}

/** Names the set that this machine was restored from; a medium left in the drive does not wipe it again. */
export async function readMark(root: string): Promise<string | undefined> {
  const parsed = v.safeParse(v.object({ set: v.string() }), parseJson((await readTextIfThere(`${root}${MARK_FILE}`)) ?? ""));
  return parsed.success ? parsed.output.set : undefined;
}

export async function writeMark(root: string, report: { readonly set: string }): Promise<void> {
  await makeDirectory(`${root}${OWN_DIRECTORY}`, 0o700);
  await writeAtomic(`${root}${MARK_FILE}`, `${JSON.stringify(report, undefined, 1)}\n`);
  await run(["rm", "-f", `${root}${JOURNAL_FILE}`]);
}
