// The restore of a whole machine: steps in their order, extraction with its journal, the check, the mark (DESIGN section 3).

import { LifeboatError } from "#os/error";
import { copyFile, exists, makeDirectory, readText, writeFile } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import type { Machine } from "../machine/model.ts";
import { bytesOfText, printable, type CatalogueEntry } from "../set/catalogue.ts";
import type { OpenSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { compareFiles, type Difference } from "./compare-files.ts";
import { describeStep } from "./describe-step.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { extractDirectories, extractSet } from "./extract-set.ts";
import type { PassedGate } from "./gate.ts";
import { confirmResume } from "./confirm-resume.ts";
import { journalSubject, noteProgress, OWN_DIRECTORY, writeMark, type Progress } from "./journal.ts";
import { directoryOf, linkNodes } from "./link-nodes.ts";
import { mountAll, unmountAll } from "./mount-all.ts";
import { runStep, type OwnChange } from "./run-step.ts";
import { setFlags } from "./set-flags.ts";
import type { Plan, Step } from "./plan.ts";

export interface RestoreRequest {
  readonly set: OpenSet;
  readonly machine: Machine;
  readonly plan: Plan;
  readonly gate: PassedGate;
  readonly gateMode: string;
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
  readonly differences: readonly { readonly path: string; readonly what: string }[];
  /** What Lifeboat itself has changed; counted apart. A directory stands for what is below it; `files` are those that differ from the set. */
  readonly changed: readonly { readonly path: string; readonly why: string; readonly files: readonly string[] }[];
  /** What damage has cost. */
  readonly lost: readonly string[];
  readonly wasChecked: boolean;
  readonly wasResumed: boolean;
}

/** Writes to the disks of the plan. Throws LifeboatError (4) for a step that fails. */
export async function restoreMachine(request: RestoreRequest, environment: RestoreEnvironment): Promise<RestoreReport> {
  const startMs = environment.nowMs();
  for (const { disk } of request.plan.matches) await environment.release(disk);
  const resume = request.mayResume ? await confirmResume(request, environment) : undefined;
  const state: RestoreState = { resume, changes: [...(resume?.changed ?? [])], differences: [], checked: 0, times: [] };
  for (const step of request.plan.steps) {
    if (step.kind === "write-mark" || step.kind === "unmount") continue;
    if (resume !== undefined && MADE_BEFORE.has(step.kind)) continue;
    await timed(step, { request, environment, state });
  }
  const report = reportOf(request, { state, environment, startMs });
  await asWriting("leave the restored machine in order", () => finish(report, { request, environment, state }));
  return report;
}

/** What a resumed restore finds done, or has done to find out. */
const MADE_BEFORE: ReadonlySet<Step["kind"]> = new Set(["wipe", "partition", "make-filesystem", "make-swap", "mount"]);

interface RestoreState {
  readonly resume: Progress | undefined;
  readonly changes: OwnChange[];
  differences: readonly Difference[];
  checked: number;
  readonly times: { readonly step: string; readonly seconds: number }[];
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
async function asWriting(what: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
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
  if (step.kind === "extract") return extractSet({ ...request, resume: state.resume }, environment);
  if (step.kind === "check") return check(job);
  if (step.kind === "set-flags") {
    const linked = await linkNodes(environment.root, readCatalogue(request.set));
    await refreshDirectories(["/", ...state.changes.map(({ path }) => directoryOf(bytesOfText(path))), ...linked], job);
    return setFlags(environment.root, readCatalogue(request.set), isLost(request));
  }
  if (step.kind === "write-mark" || step.kind === "unmount") return;
  const changed = await runStep(step, { machine: request.machine, environment });
  if (changed.length > 0) await noteChanges(changed, job);
}

/** A restore that is broken off from here on must know which files are no longer as they were extracted. */
async function noteChanges(changed: readonly OwnChange[], { request, environment, state }: StepJob): Promise<void> {
  const known = new Set(state.changes.map(({ path }) => path));
  state.changes.push(...changed.filter(({ path }) => !known.has(path)));
  const { frames } = request.gate;
  await noteProgress(journalSubject(request.plan, frames), { frame: frames.length, changed: state.changes }, environment);
}

/** Directories whose times our own writes have changed. */
async function refreshDirectories(paths: readonly ByteText[], { request, environment }: StepJob): Promise<void> {
  const wantedPaths = new Set(paths);
  await extractDirectories(request, (path) => wantedPaths.has(path), environment);
}

function isLost({ gate }: RestoreRequest): (path: ByteText) => boolean {
  const lost = new Set(gate.lost);
  return (path) => lost.has(path);
}

async function check({ request, environment, state }: StepJob): Promise<void> {
  if (!request.check) return;
  const leftOut = isLost(request);
  // Read from the disk, not from memory: a new mount has no cached page, and no room that a file system keeps for more to be written.
  await mountAgain(request.plan, environment, "ro");
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
  state.checked = comparison.checked;
  state.differences = comparison.differences;
}

async function mountAgain(plan: Plan, environment: RestoreEnvironment, mode: "ro" | "rw"): Promise<void> {
  await unmountAll(plan, environment);
  if ((await readText("/proc/self/mounts")).includes(` ${environment.root} `)) {
    return environment.note("something keeps the restored file systems in use: they were not mounted again for the check");
  }
  await mountAll(plan, environment, mode);
}

async function* wanted(set: OpenSet, leftOut: (path: ByteText) => boolean): AsyncGenerator<CatalogueEntry> {
  for await (const entry of readCatalogue(set)) if (!leftOut(entry.path)) yield entry;
}

interface ReportInput {
  readonly state: RestoreState;
  readonly environment: RestoreEnvironment;
  readonly startMs: number;
}

function reportOf({ set, gate, gateMode, check: wasChecked }: RestoreRequest, { state, environment, startMs }: ReportInput): RestoreReport {
  const own: readonly OwnChange[] = [...state.changes, ...LEFT_BY_US];
  const changeOf = (path: ByteText) => own.find((change) => isBelow(path, bytesOfText(change.path)));
  const differences = state.differences.filter(({ path }) => changeOf(path) === undefined);
  const filesOf = (change: OwnChange) =>
    state.differences.filter(({ path }) => changeOf(path) === change).map(({ path }) => printable(path));
  return {
    set: set.manifest.id,
    restoredAt: environment.now(),
    seconds: seconds(environment.nowMs() - startMs),
    gate: gateMode,
    steps: state.times,
    checked: state.checked,
    differences: differences.map(({ path, what }) => ({ path: printable(path), what })),
    changed: own.map((change) => ({ ...change, files: filesOf(change) })),
    lost: gate.lost.map(printable),
    wasChecked,
    wasResumed: state.resume !== undefined,
  };
}

function isBelow(path: ByteText, directory: ByteText): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

const LOG_IN_MACHINE = "/var/log/lifeboat-restore.log";
const LEFT_BY_US: readonly OwnChange[] = [
  { path: OWN_DIRECTORY, why: "the mark of this restore" },
  { path: LOG_IN_MACHINE, why: "the log of this restore" },
];

/** Mark, log, the times of the directories that hold them; then nothing stays mounted. */
async function finish(report: RestoreReport, job: StepJob): Promise<void> {
  const { environment, request } = job;
  const { root } = environment;
  await writeMark(root, report);
  if (await exists(environment.logPath)) {
    await makeDirectory(`${root}/var/log`);
    await copyFile(environment.logPath, `${root}${LOG_IN_MACHINE}`);
  }
  await refreshDirectories(["/", "/var/log"], job);
  await unmountAll(request.plan, environment);
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
