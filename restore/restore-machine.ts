// The restore of a whole machine: steps in their order, extraction with its journal, the check, the mark (DESIGN section 3).

import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import { copyFile, exists, makeDirectory, writeFile } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import type { Machine } from "../machine/model.ts";
import { bytesOfText, printable, type CatalogueEntry } from "../set/catalogue.ts";
import type { OpenSet, PlacedFrame } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { frameStarts } from "../set/stream-places.ts";
import { compareFiles, type Difference } from "./compare-files.ts";
import { describeStep } from "./describe-step.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { extractFiles } from "./extract-files.ts";
import type { PassedGate } from "./gate.ts";
import { OWN_DIRECTORY, planName, writeJournal, writeMark } from "./journal.ts";
import { framesOf } from "./lost-paths.ts";
import { runStep, type OwnChange } from "./run-step.ts";
import { setFlags } from "./set-flags.ts";
import type { Plan, Step } from "./plan.ts";

export interface RestoreRequest {
  readonly set: OpenSet;
  readonly machine: Machine;
  readonly plan: Plan;
  readonly gate: PassedGate;
  readonly gateMode: string;
  /** The first frame that is not on the disk yet: after a power cut the layout is kept, and extraction goes on. */
  readonly resumeAt: number | undefined;
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
  /** Files that Lifeboat itself has changed; counted apart. */
  readonly changed: readonly { readonly path: string; readonly why: string }[];
  /** What damage has cost. */
  readonly lost: readonly string[];
  readonly wasChecked: boolean;
  readonly wasResumed: boolean;
}

/** Writes to the disks of the plan. Throws LifeboatError (4) for a step that fails. */
export async function restoreMachine(request: RestoreRequest, environment: RestoreEnvironment): Promise<RestoreReport> {
  const startMs = environment.nowMs();
  const state: RestoreState = { changes: [], differences: [], checked: 0, times: [] };
  for (const { disk } of request.plan.matches) await environment.release(disk);
  for (const step of request.plan.steps) {
    if (step.kind === "write-mark" || step.kind === "unmount") continue;
    if (request.resumeAt !== undefined && MADE_BEFORE.has(step.kind)) continue;
    await timed(step, { request, environment, state });
  }
  const report = reportOf(request, { state, environment, startMs });
  await finish(report, { request, environment, state });
  return report;
}

/** What a resumed restore finds done. */
const MADE_BEFORE: ReadonlySet<Step["kind"]> = new Set(["wipe", "partition", "make-filesystem", "make-swap"]);

interface RestoreState {
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
    await doStep(step, job);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    throw new LifeboatError(`Cannot ${describeStep(step)} as every step must succeed: ${error.message}`, {
      exitCode: 4,
      hint: error.hint ?? "Disks have been written to. The log has the details",
      cause: error,
    });
  } finally {
    environment.progress(undefined);
  }
  state.times.push({ step: step.kind, seconds: seconds(environment.nowMs() - startMs) });
}

async function doStep(step: Step, job: StepJob): Promise<void> {
  const { request, environment, state } = job;
  switch (step.kind) {
    case "extract":
      return extract(request, environment);
    case "set-flags":
      await refreshDirectories(parentsOf(state.changes), job);
      return setFlags(environment.root, readCatalogue(request.set), isLost(request));
    case "check":
      return check(job);
    case "write-mark":
    case "unmount":
      return;
    default:
      state.changes.push(...(await runStep(step, { machine: request.machine, environment })));
  }
}

/** The journal is written after so much content, and after so much time. */
const JOURNAL_BYTES = 256 * 1024 * 1024;
const JOURNAL_MS = 30_000;

async function extract({ set, plan, gate, resumeAt }: RestoreRequest, environment: RestoreEnvironment): Promise<void> {
  const from = startFrame(gate.frames, resumeAt ?? 0);
  const frames = gate.frames.filter(({ number }) => number >= from && !gate.damaged.has(number));
  const allBytes = frames.reduce((total, { contentBytes }) => total + contentBytes, 0);
  const lost = new Set(gate.lost);
  let doneBytes = 0;
  let noted = { bytes: 0, atMs: environment.nowMs() };
  const handedOver = async (frame: PlacedFrame) => {
    doneBytes += frame.contentBytes;
    environment.progress({ what: "extracting", doneBytes, allBytes });
    if (doneBytes - noted.bytes < JOURNAL_BYTES && environment.nowMs() - noted.atMs < JOURNAL_MS) return;
    // tar has taken the frame, and may still hold a little of it back: the frame before is done for sure.
    await writeJournal(environment.root, { set: set.manifest.id, plan: planName(plan), frame: frame.number });
    noted = { bytes: doneBytes, atMs: environment.nowMs() };
  };
  const isWhole = gate.damaged.size === 0 && lost.size === 0 && from === 0;
  const options = { set, allFrames: gate.frames, frames, root: environment.root, handedOver };
  const remarks = await extractFiles(isWhole ? options : { ...options, choose: (path) => !lost.has(path) });
  for (const remark of remarks) environment.note(`tar: ${remark}`);
  if (from > 0) await extractDirectories({ set, gate, lost }, environment);
}

/** A frame in which a member begins. */
function startFrame(frames: readonly PlacedFrame[], number: number): number {
  for (let frame = number; frame > 0; frame -= 1) if (frames[frame]?.firstMember !== undefined) return frame;
  return 0;
}

interface DirectoryJob {
  readonly set: OpenSet;
  readonly gate: PassedGate;
  readonly lost: ReadonlySet<ByteText>;
}

/** After a resumed extraction: times and modes of directories that the first run had not come to. */
async function extractDirectories({ set, gate, lost }: DirectoryJob, environment: RestoreEnvironment): Promise<void> {
  const directories: CatalogueEntry[] = [];
  for await (const entry of readCatalogue(set)) if (entry.type === "directory" && !lost.has(entry.path)) directories.push(entry);
  await extractChosen({ set, gate, entries: directories }, environment.root);
}

interface ChosenJob {
  readonly set: OpenSet;
  readonly gate: PassedGate;
  readonly entries: readonly CatalogueEntry[];
}

async function extractChosen({ set, gate, entries }: ChosenJob, root: string): Promise<void> {
  const starts = frameStarts(gate.frames);
  const needed = new Set(entries.flatMap((entry) => framesOf(entry, starts)));
  const paths = new Set(entries.map(({ path }) => path));
  await extractFiles({
    set,
    allFrames: gate.frames,
    frames: gate.frames.filter(({ number }) => needed.has(number) && !gate.damaged.has(number)),
    root,
    choose: (path) => paths.has(path),
    handedOver: async () => undefined,
  });
}

/** The directories whose times our own writes have changed. */
function parentsOf(changes: readonly OwnChange[]): readonly string[] {
  return [...new Set(["/", ...changes.map(({ path }) => path.replace(/\/[^/]+$/, "") || "/")])];
}

async function refreshDirectories(paths: readonly string[], { request: { set, gate }, environment }: StepJob): Promise<void> {
  const wanted = new Set(paths.map(bytesOfText));
  const lost = new Set(gate.lost);
  const entries: CatalogueEntry[] = [];
  for await (const entry of readCatalogue(set)) {
    if (entry.type === "directory" && wanted.has(entry.path) && !lost.has(entry.path)) entries.push(entry);
  }
  await extractChosen({ set, gate, entries }, environment.root);
}

function isLost({ gate }: RestoreRequest): (path: ByteText) => boolean {
  const lost = new Set(gate.lost);
  return (path) => lost.has(path);
}

async function check({ request, environment, state }: StepJob): Promise<void> {
  if (!request.check) return;
  const leftOut = isLost(request);
  await run(["sync"]);
  // Read from the disk, not from memory (Documentation/admin-guide/sysctl/vm.rst, drop_caches).
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
  state.checked = comparison.checked;
  state.differences = comparison.differences;
}

async function* wanted(set: OpenSet, leftOut: (path: ByteText) => boolean): AsyncGenerator<CatalogueEntry> {
  for await (const entry of readCatalogue(set)) if (!leftOut(entry.path)) yield entry;
}

interface ReportInput {
  readonly state: RestoreState;
  readonly environment: RestoreEnvironment;
  readonly startMs: number;
}

function reportOf(
  { set, gate, gateMode, check: wasChecked, resumeAt }: RestoreRequest,
  { state, environment, startMs }: ReportInput,
): RestoreReport {
  const own = state.changes.map(({ path, why }) => ({ path: bytesOfText(path), why }));
  const changeOf = (path: ByteText) => own.find((change) => path === change.path || path.startsWith(`${change.path}/`));
  const differences = state.differences.filter(({ path }) => changeOf(path) === undefined);
  const touched = new Map(
    state.differences.flatMap(({ path }) => {
      const change = changeOf(path);
      return change === undefined ? [] : [[printable(path), change.why] as const];
    }),
  );
  for (const { path, why } of state.changes) touched.set(path, why);
  touched.set(OWN_DIRECTORY, "the mark of this restore");
  touched.set(LOG_IN_MACHINE, "the log of this restore");
  return {
    set: set.manifest.id,
    restoredAt: environment.now(),
    seconds: seconds(environment.nowMs() - startMs),
    gate: gateMode,
    steps: state.times,
    checked: state.checked,
    differences: differences.map(({ path, what }) => ({ path: printable(path), what })),
    changed: [...touched].map(([path, why]) => ({ path, why })),
    lost: gate.lost.map(printable),
    wasChecked,
    wasResumed: resumeAt !== undefined,
  };
}

const LOG_IN_MACHINE = "/var/log/lifeboat-restore.log";

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

/** Last mounted, first unmounted. */
export async function unmountAll({ steps }: Plan, { root }: RestoreEnvironment): Promise<void> {
  await run(["sync"]);
  const places = steps.flatMap((step) => (step.kind === "mount" ? [step.path === "/" ? root : `${root}${step.path}`] : []));
  for (const place of places.reverse()) await run(["umount", place], { okCodes: [0, 1, 32] });
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
