// How far an extraction has come, on the machine that is being restored, so that a power cut costs minutes and not hours (DESIGN section 7).

import * as v from "valibot";
import { run } from "#os/exec";
import { digestOf } from "#os/digest";
import { makeDirectory, readTextIfThere, writeAtomic } from "#os/files";
import { parseJsonLine } from "../set/json-line.ts";
import type { Plan } from "./plan.ts";

/** Below the restored root; it goes when the restore is done, but for the mark. */
export const OWN_DIRECTORY = "/.lifeboat";
const JOURNAL_FILE = `${OWN_DIRECTORY}/journal`;
const MARK_FILE = `${OWN_DIRECTORY}/restored.json`;

const Journal = v.object({ set: v.string(), plan: v.string(), frame: v.number() });
export type Journal = v.InferOutput<typeof Journal>;

/** Two plans with the same name would leave the same disks. */
export function planName({ steps, setId }: Plan): string {
  return digestOf(JSON.stringify([setId, steps])).slice(0, 32);
}

/** Frames up to and without `frame` are on the disk when this resolves. */
export async function writeJournal(root: string, journal: Journal): Promise<void> {
  await makeDirectory(`${root}${OWN_DIRECTORY}`, 0o700);
  // All file systems, not the root's alone: files are on each of them.
  await run(["sync"]);
  await writeAtomic(`${root}${JOURNAL_FILE}`, `${JSON.stringify(journal)}\n`);
}

export async function readJournal(root: string): Promise<Journal | undefined> {
  const parsed = v.safeParse(Journal, parseJsonLine((await readTextIfThere(`${root}${JOURNAL_FILE}`)) ?? ""));
  return parsed.success ? parsed.output : undefined;
}

/** Names the set that this machine was restored from; a medium left in the drive does not wipe it again. */
export async function readMark(root: string): Promise<string | undefined> {
  const parsed = v.safeParse(v.object({ set: v.string() }), parseJsonLine((await readTextIfThere(`${root}${MARK_FILE}`)) ?? ""));
  return parsed.success ? parsed.output.set : undefined;
}

export async function writeMark(root: string, report: { readonly set: string }): Promise<void> {
  await makeDirectory(`${root}${OWN_DIRECTORY}`, 0o700);
  await writeAtomic(`${root}${MARK_FILE}`, `${JSON.stringify(report, undefined, 1)}\n`);
  await run(["rm", "-f", `${root}${JOURNAL_FILE}`]);
}
