// From an opened set to a plan, with what a restore that was broken off, or one that was done, has left on the disks.

import { LifeboatError } from "#os/error";
import { exists } from "#os/files";
import type { Layout, Machine } from "../machine/model.ts";
import { below } from "../machine/own-layout.ts";
import { readNetworkInterfaces } from "../machine/network-interfaces.ts";
import { readFrames, readMachine, type OpenSet } from "../set/open-set.ts";
import { readLuksHeaders, type LuksHeaders } from "../set/luks-headers.ts";
import { mountBriefly } from "./brief-mount.ts";
import { journalSubject, readJournal, readMark } from "./journal.ts";
import { planRestore, type PlanOptions } from "./plan-restore.ts";
import { normalised, signatureUuids, uuidSet } from "./foreign-data.ts";
import { journalProblem, layoutProblem, type FoundTraces } from "./plan-resume.ts";
import type { Plan } from "./plan.ts";
import { onKept } from "./reuse.ts";
import type { PresentDisk } from "./present-disk.ts";
import { readPresentDisks } from "./read-present-disks.ts";
import { wayToLook } from "./way-to-look.ts";

export interface PreparedRestore {
  readonly set: OpenSet;
  readonly machine: Machine;
  readonly plan: Plan;
  /** Of LUKS volumes, those that the set has. */
  readonly luksHeaders: LuksHeaders;
  /** The frame at which an extraction of the same plan was broken off, as far as can be seen before its file systems are mounted. */
  readonly resumeAt: number | undefined;
  /** Why the journal that was found is not followed. */
  readonly notResumed: string | undefined;
  /** The disks carry the mark of this very set: it has been restored already. */
  readonly isDone: boolean;
  /** The root was on storage that is not opened for a look, and that storage is here: whether this set was restored to it nobody knows. */
  readonly isUnseen?: boolean;
}

export interface PrepareOptions extends PlanOptions {
  /** Kernel names of disks and partitions that nothing may be written to, with the reason. */
  readonly locks: ReadonlyMap<string, string>;
}

/** Throws LifeboatError: 2 for a set of files, 3 where there is no safe plan, 5 for a damaged set. */
export async function prepareRestore(set: OpenSet, options: PrepareOptions): Promise<PreparedRestore> {
  const machine = await readMachine(set);
  if (machine === undefined) {
    throw new LifeboatError(`Cannot rebuild a machine from ${set.manifest.id} as a set must have been made of /: it holds files alone`, {
      exitCode: 2,
      hint: "Bring its files back with --only and --to",
    });
  }
  const luksHeaders = await readLuksHeaders(set, machine.layout);
  const present = await readPresentDisks(options.locks);
  const firmware = (await exists("/sys/firmware/efi")) ? "uefi" : "bios";
  const plan = planRestore({
    machine,
    manifest: set.manifest,
    luksHeaders: new Set(luksHeaders.keys()),
    present,
    presentCards: readNetworkInterfaces(),
    firmware,
    options,
  });
  const traces = await readTraces(machine, plan, present);
  return {
    set: plan.keptPaths.length === 0 ? set : { ...set, leftAlone: onKept(plan) },
    machine: { ...machine, layout: plan.layout },
    plan,
    luksHeaders,
    ...(await judgeJournal(set, plan, { traces, present })),
    isDone: traces.mark === set.manifest.id,
    isUnseen: isRootUnseen(machine.layout, plan, present),
  };
}

interface Findings {
  readonly traces: FoundTraces;
  readonly present: readonly PresentDisk[];
}

/** An old journal may be of another set, of another plan, or of disks that have been used since. */
async function judgeJournal(
  set: OpenSet,
  plan: Plan,
  { traces, present }: Findings,
): Promise<Pick<PreparedRestore, "resumeAt" | "notResumed">> {
  const { journal } = traces;
  if (journal === undefined) return { resumeAt: undefined, notResumed: undefined };
  const problem = journalProblem(traces, journalSubject(plan, await readFrames(set))) ?? layoutProblem(plan, present);
  if (problem !== undefined || journal === "unreadable") return { resumeAt: undefined, notResumed: problem };
  return { resumeAt: journal.frame, notResumed: undefined };
}

/** By the signatures of what the root stands on: they are on a disk of the plan. */
function isRootUnseen(layout: Layout, { matches }: Plan, present: readonly PresentDisk[]): boolean {
  const root = layout.mounts.find(({ path }) => path === "/")?.device;
  const stack = layout.stack.filter(({ id }) => root !== undefined && below(layout, root).includes(id));
  const uuids = uuidSet(stack.flatMap(signatureUuids));
  const targets = new Set(matches.map(({ disk }) => disk.name));
  return present.some(
    ({ disk, contents }) => targets.has(disk.id) && contents.some(({ uuid }) => uuid !== undefined && uuids.has(normalised(uuid))),
  );
}

const NO_TRACES: FoundTraces = { journal: undefined, mark: undefined };

/** Looks at the file system that stands where the plan will put the root, when it is the machine's own. */
export async function readTraces({ layout }: Machine, { steps }: Plan, present: readonly PresentDisk[]): Promise<FoundTraces> {
  const root = steps.find((step) => step.kind === "mount" && step.path === "/");
  if (root?.kind !== "mount") return NO_TRACES;
  const uuid = layout.fileSystems.find(({ device }) => device === layout.mounts.find(({ path }) => path === "/")?.device)?.uuid;
  const isThere = present.some(({ contents }) =>
    contents.some((content) => `/dev/${content.device}` === root.device && isSame(content.uuid, uuid)),
  );
  const way = wayToLook(root);
  if (!isThere || way === undefined) return NO_TRACES;
  const mounted = await mountBriefly(root.device, way.type, way.options).catch(nothing);
  if (mounted === undefined) return NO_TRACES;
  await using place = mounted;
  return { journal: await readJournal(place.path), mark: await readMark(place.path) };
}

/** What cannot be mounted tells nothing. */
function nothing(error: unknown): undefined {
  if (!(error instanceof LifeboatError)) throw error;
}

function isSame(found: string | undefined, wanted: string | undefined): boolean {
  return found !== undefined && wanted !== undefined && normalised(found) === normalised(wanted);
}
