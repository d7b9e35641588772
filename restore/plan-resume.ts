// Whether a restore that was broken off may be gone on with, as far as its journal and the disks tell before anything is mounted. Pure.

import type { PartitionTable } from "../machine/model.ts";
import { normalised } from "./foreign-data.ts";
import type { Journal } from "./journal.ts";
import type { Plan, Step } from "./plan.ts";
import type { FoundContent, PresentDisk } from "./present-disk.ts";

/** What a journal is of; names are digests. */
export interface JournalSubject {
  readonly set: string;
  readonly content: string;
  readonly plan: string;
  /** In the set. */
  readonly frames: number;
}

export interface FoundTraces {
  readonly journal: Journal | "unreadable" | undefined;
  /** The set of the restore that was finished here, or where the files that were restored had been before. */
  readonly mark: string | undefined;
}

/** Why a journal is not followed, for a sentence with a colon before it. Undefined: nothing speaks against it. */
export function journalProblem({ journal, mark }: FoundTraces, wanted: JournalSubject): string | undefined {
  if (journal === undefined) return "it is gone";
  if (journal === "unreadable") return "it cannot be read, or another version has written it";
  if (mark === journal.set) return "the restore that it tells of was finished";
  if (journal.set !== wanted.set) return `it is of another set, ${journal.set}`;
  if (journal.content !== wanted.content) return "the set of that name had other content";
  if (journal.plan !== wanted.plan) return "it is of another plan: other disks, other names of theirs, or another layout";
  if (journal.frame > wanted.frames) return `it tells of frame ${journal.frame}, and the set has ${wanted.frames}`;
  return undefined;
}

/** Why what is on the disks is not what the plan would have made, in the same way. */
export function layoutProblem({ steps }: Plan, present: readonly PresentDisk[]): string | undefined {
  return steps.map((step) => stepProblem(step, present)).find((problem) => problem !== undefined);
}

function stepProblem(step: Step, present: readonly PresentDisk[]): string | undefined {
  if (step.kind === "partition") {
    const found = present.find(({ disk }) => disk.id === step.disk.name)?.disk.table;
    return found !== undefined && isSameTable(found, step.table) ? undefined : `the partition table of ${step.disk.path} is another`;
  }
  if (step.kind === "make-filesystem") {
    const wanted = { type: step.fileSystem.type, uuid: step.fileSystem.uuid };
    return step.devices.map(({ path }) => contentProblem(path, wanted, present)).find((problem) => problem !== undefined);
  }
  return step.kind === "make-swap" ? contentProblem(step.device, { type: "swap", uuid: step.uuid }, present) : undefined;
}

export function isSameTable(found: PartitionTable, wanted: PartitionTable): boolean {
  const places = ({ partitions }: PartitionTable) =>
    partitions.map(({ number, startSector, sizeSectors }) => `${number}:${startSector}+${sizeSectors}`).sort();
  return found.kind === wanted.kind && normalised(found.id) === normalised(wanted.id) && places(found).join() === places(wanted).join();
}

type Wanted = Pick<FoundContent, "type" | "uuid">;

function contentProblem(device: string, wanted: Wanted, present: readonly PresentDisk[]): string | undefined {
  const there = present.flatMap(({ contents }) => contents).filter((content) => `/dev/${content.device}` === device);
  const isSame = ({ type, uuid }: Wanted) =>
    type === wanted.type && (wanted.uuid === undefined || (uuid !== undefined && normalised(uuid) === normalised(wanted.uuid)));
  if (there.some(isSame)) return undefined;
  const found = there.filter(({ type }) => type !== "partition" && type !== "partition table").map(nameOf);
  return `${device} should hold ${nameOf(wanted)}, and holds ${found.join(" and ") || "nothing"}`;
}

function nameOf({ type, uuid }: Wanted): string {
  return uuid === undefined ? type : `${type} ${uuid}`;
}
