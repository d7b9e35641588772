// The restore of a whole machine: steps in their order, extraction with its journal, the check, the mark (DESIGN section 3).

import { LifeboatError } from "#os/error";
import { changeMode, copyFile, exists, linkInfo, makeDirectory, writeFile } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import type { Machine } from "../machine/model.ts";
import { bytesOfText, printable, type CatalogueEntry } from "../set/catalogue.ts";
import type { OpenSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { compareFiles, type Difference } from "./compare-files.ts";
import { differingImages, isRestoreImage, writeImage } from "./device-images.ts";
import { describeStep } from "./describe-step.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { extractSet } from "./extract-set.ts";
import type { PassedGate } from "./gate.ts";
import { confirmResume } from "./confirm-resume.ts";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import { journalSubject, noteProgress, OWN_DIRECTORY, writeMark, type Progress } from "./journal.ts";
import { linkNodes } from "./link-nodes.ts";
import { writeInPlace } from "./write-in-place.ts";
import { mountAgain, unmountAll } from "./mount-all.ts";
import { unnamedLosses } from "./outcome.ts";
import { refreshDirectories } from "./refresh-directories.ts";
import { runStep, type OwnChange } from "./run-step.ts";
import { closeStack, runStackStep, sealSubvolumes } from "./run-stack.ts";
import { setFlags } from "./set-flags.ts";
import { isStackStep, type Plan, type Step } from "./plan.ts";

export interface RestoreRequest {
  readonly set: OpenSet;
  readonly machine: Machine;
  readonly plan: Plan;
  readonly gate: PassedGate;
  /** The journal of a power cut was found: when it still holds, the layout is kept, and extraction goes on. */
  readonly mayResume: boolean;
  /** Read everything back; leaving this out is named by the report. */
  readonly check: boolean;
}

export interface RestoreReport {
  readonly set: string;
  readonly restoredAt: string;
  readonly seconds: number;
  readonly gate: string;
  /** Seconds by step. */
  readonly steps: readonly { readonly step: string; readonly seconds: number }[];
  readonly checked: number;
  /** The path is "" for what tar could not do, when files are not checked. */
  readonly differences: readonly { readonly path: string; readonly what: string }[];
  /** What Lifeboat itself has changed, file by file; counted apart. */
  readonly changed: readonly ReportedChange[];
  /** What a person should know, one line each, though the restore went on. */
  readonly remarks: readonly string[];
  /** What damage has cost. */
  readonly lost: readonly string[];
  /** How much more it has cost, whose names it took too. */
  readonly lostUnnamed: number | "unknown";
  readonly wasChecked: boolean;
  readonly wasResumed: boolean;
}

export interface ReportedChange extends OwnChange {
  /** From the set: a file that was made again may be what it was. */
  readonly differs: boolean;
}

/** Writes to the disks of the plan. Throws LifeboatError (4) for a step that fails. */
export async function restoreMachine(request: RestoreRequest, environment: RestoreEnvironment): Promise<RestoreReport> {
  const startMs = environment.nowMs();
  for (const { disk } of request.plan.matches) await environment.release(disk);
  const resume = request.mayResume ? await confirmResume(request, environment) : undefined;
  const state: RestoreState = {
    resume,
    changes: [...(resume?.changed ?? [])],
    changedBy: new Map(),
    remarks: [],
    differences: [],
    remaining: [],
    checked: 0,
    times: [],
    images: new Map(),
  };
  for (const step of request.plan.steps) {
    if (step.kind === "write-mark" || step.kind === "unmount") continue;
    if (resume !== undefined && isMadeBefore(step)) continue;
    await timed(step, { request, environment, state });
  }
  const job = { request, environment, state };
  return asWriting("leave the restored machine in order", () => finish(job, startMs));
}

/** What a resumed restore finds done, or has done to find out. */
function isMadeBefore(step: Step): boolean {
  return isStackStep(step) ? step.kind !== "open-device" : MADE_BEFORE.has(step.kind);
}

const MADE_BEFORE: ReadonlySet<Step["kind"]> = new Set(["wipe", "partition", "restore-image", "make-filesystem", "make-swap", "mount"]);

interface RestoreState {
  readonly resume: Progress | undefined;
  readonly changes: OwnChange[];
  /** Paths, by the kind of step. */
  readonly changedBy: Map<Step["kind"], readonly string[]>;
  readonly remarks: string[];
  differences: readonly Difference[];
  /** What steps could not make right. */
  readonly remaining: Difference[];
  checked: number;
  readonly times: { readonly step: string; readonly seconds: number }[];
  /** Digests of what was written from images, by node. */
  readonly images: Map<string, string>;
}

interface StepJob {
  readonly request: RestoreRequest;
  readonly environment: RestoreEnvironment;
  readonly state: RestoreState;
}

async function timed(step: Step, job: StepJob): Promise<void> {
  const { environment, state } = job;
  const startMs = environment.nowMs();
  environment.say(`lifeboat: ${describeStep(step)}`);
  try {
    await asWriting(describeStep(step), () => doStep(step, job));
  } finally {
    environment.progress(undefined);
  }
  state.times.push({ step: step.kind, seconds: seconds(environment.nowMs() - startMs) });
}

/** Whatever fails from the first write on fails with exit code 4. */
async function asWriting<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    throw new LifeboatError(`Cannot ${what} as every step must succeed: ${error.message}`, {
      exitCode: 4,
      hint: error.hint ?? "Disks have been written to. The log has the details",
      cause: error,
    });
  }
}

async function doStep(step: Step, job: StepJob): Promise<void> {
  const { request, environment, state } = job;
  if (step.kind === "restore-image") return restoreImage(step, job);
  if (step.kind === "extract") return extract(job);
  if (step.kind === "check") return check(job);
  if (step.kind === "set-flags") {
    await linkNodes(environment.root, readCatalogue(request.set));
    if (request.machine.layout.fileSystems.some(({ type }) => type === "btrfs"))
      await writeInPlace(environment.root, readCatalogue(request.set));
    // Where the flags of the root forbid to make it, the mark still finds it.
    await makeDirectory(`${environment.root}${OWN_DIRECTORY}`, 0o700);
    await refreshDirectories(request, environment.root);
    return setFlags(environment.root, readCatalogue(request.set), isLost(request));
  }
  if (step.kind === "write-mark" || step.kind === "unmount") return;
  if (isStackStep(step)) return runStackStep(step, environment);
  const { changedBy, remarks } = state;
  const remark = (line: string) => {
    remarks.push(line);
    environment.say(`lifeboat: ${line}`);
  };
  const context = { setId: request.plan.setId, machine: request.machine, environment, changed: changedBy, remark };
  const changed = await runStep(step, context);
  const done = changed.filter(({ remains }) => remains === undefined);
  state.remaining.push(
    ...changed.flatMap(({ path, remains }) => (remains === undefined ? [] : [{ path: bytesOfText(path), what: remains }])),
  );
  if (done.length === 0) return;
  changedBy.set(
    step.kind,
    done.map(({ path }) => path),
  );
  await noteChanges(done, job);
}

/** One that was lost, and accepted to be, leaves its device empty. */
async function restoreImage(step: RestoreImage, { request, environment, state }: StepJob): Promise<void> {
  if (isLostImage(request, step)) return;
  state.images.set(step.device, await writeImage(step, request.set, environment));
}

type RestoreImage = Extract<Step, { readonly kind: "restore-image" }>;

function isLostImage({ gate }: Pick<RestoreRequest, "gate">, { image }: RestoreImage): boolean {
  return gate.lostImages?.includes(image.device) === true;
}

/** What tar could not do, the check finds; where there is none, it is all that is known. */
async function extract({ request, environment, state }: StepJob): Promise<void> {
  const remarks = await extractSet({ ...request, resume: state.resume }, environment);
  if (!request.check) state.differences = remarks;
}

/** A restore that is broken off from here on must know which files are no longer as they were extracted. */
async function noteChanges(changed: readonly OwnChange[], { request, environment, state }: StepJob): Promise<void> {
  const known = new Set(state.changes.map(({ path }) => path));
  state.changes.push(...changed.filter(({ path }) => !known.has(path)));
  const { frames } = request.gate;
  await noteProgress(journalSubject(request.plan, frames), { frame: frames.length, changed: state.changes }, environment);
}

function isLost({ gate }: RestoreRequest): (path: ByteText) => boolean {
  const lost = new Set(gate.lost);
  return (path) => lost.has(path);
}

async function check({ request, environment, state }: StepJob): Promise<void> {
  if (!request.check) return;
  const leftOut = isLost(request);
  // Read from the disk, not from memory: a new mount has no cached page, and no room that a file system keeps for more to be written.
  const busy = await mountAgain(request.plan, environment, "ro");
  if (busy.length > 0) {
    const places = busy.map((path) => `"${path}"`).join(", ");
    environment.say(`lifeboat: something keeps ${places} in use: it was not mounted again for the check, which may read it from memory`);
  }
  await writeFile("/proc/sys/vm/drop_caches", "3");
  let doneBytes = 0;
  const allBytes = request.set.manifest.totals.streamBytes;
  const comparison = await compareFiles({
    root: environment.root,
    entries: () => wanted(request.set, leftOut),
    withFlags: true,
    progress(bytes) {
      doneBytes += bytes;
      environment.progress({ what: "comparing", doneBytes: Math.min(doneBytes, allBytes), allBytes });
    },
  });
  await mountAgain(request.plan, environment, "rw");
  const images = request.plan.steps.filter(isRestoreImage).filter((step) => !isLostImage(request, step));
  const differing = await differingImages(images, request.set, state.images);
  state.checked = comparison.checked;
  state.differences = [
    ...comparison.differences,
    ...differing.map((device) => ({ path: bytesOfText(device), what: "it is not as its image has it" })),
  ];
}

async function* wanted(set: OpenSet, leftOut: (path: ByteText) => boolean): AsyncGenerator<CatalogueEntry> {
  for await (const entry of readCatalogue(set)) if (!leftOut(entry.path)) yield entry;
}

/** Log, mark, the times of the directories that hold them; then nothing stays mounted. */
async function finish(job: StepJob, startMs: number): Promise<RestoreReport> {
  const { environment, request, state } = job;
  const log = await keepLog(environment);
  const own: readonly OwnChange[] = [...state.changes, { path: OWN_DIRECTORY, why: "the mark of this restore" }, ...log];
  const report = reportOf(job, own, startMs);
  await writeMark(environment.root, report);
  await refreshDirectories(request, environment.root);
  await unmountAll(request.plan, environment);
  await sealSubvolumes(request.plan);
  await closeStack(request.plan, environment);
  return report;
}

const LOG_DIRECTORY = "/var/log";
const LOG_NAME = "lifeboat-restore.log";

/** Copies the log so far into the restored system; a restore does not fail for it. */
async function keepLog({ root, logPath, say }: RestoreEnvironment): Promise<readonly OwnChange[]> {
  if (!(await exists(logPath))) return [];
  try {
    const directory = await insideRoot(root, LOG_DIRECTORY);
    const place = `${directory}/${LOG_NAME}`;
    const there = await linkInfo(place);
    if (there !== undefined && there.type !== "file") {
      throw new LifeboatError(`Cannot write "${pathInMachine(root, place)}" as it must be a file: it is a ${there.type}`);
    }
    await makeDirectory(directory);
    await copyFile(logPath, place);
    // One of an earlier restore may be there, with a mode of its own.
    await changeMode(place, 0o600);
    return [{ path: pathInMachine(root, place), why: "the log of this restore" }];
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    say(`lifeboat: the log was not copied into the restored system: ${error.message}`);
    return [];
  }
}

function reportOf({ request, environment, state }: StepJob, own: readonly OwnChange[], startMs: number): RestoreReport {
  const { set, gate, check: wasChecked } = request;
  const ownPaths = new Set(own.map(({ path }) => bytesOfText(path)));
  const isOwn = (path: ByteText) => ownPaths.has(path) || path.startsWith(`${OWN_DIRECTORY}/`);
  const differing = new Set(state.differences.map(({ path }) => path));
  return {
    set: set.manifest.id,
    restoredAt: environment.now(),
    seconds: seconds(environment.nowMs() - startMs),
    gate: gate.mode,
    steps: state.times,
    checked: state.checked,
    differences: [...state.differences.filter(({ path }) => !isOwn(path)), ...state.remaining].map(({ path, what }) => ({
      path: printable(path),
      what,
    })),
    changed: own.map((change) => ({ ...change, differs: differing.has(bytesOfText(change.path)) })),
    remarks: state.remarks,
    lost: [...gate.lost.map(printable), ...(gate.lostImages ?? []).map((device) => `the image of ${device}`)],
    lostUnnamed: unnamedLosses(set),
    wasChecked,
    wasResumed: state.resume !== undefined,
  };
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
