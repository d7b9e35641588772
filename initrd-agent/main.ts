// The agent: started by init in the rescue image, runs the stages in order, reports, and hands over to the operator.

import { parseModuleTable } from "kmod-parse/module-table-text";
import type { ModuleTable } from "kmod-parse/module-table";
import { nowMs, sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { readText, writeFile } from "#os/files";
import { endWith } from "#os/last-words";
import { startWorkerShell } from "#os/worker-shell";
import { readLoadedModules } from "../machine/bus-devices.ts";
import { IMAGE_MANIFEST_PATH, parseImageManifest, type ImageManifest } from "../set/image-manifest.ts";
import { parseBootWords, type StageName } from "./boot-words.ts";
import { runCompare } from "./compare.ts";
import { openConsole } from "./console.ts";
import { newState, type AgentContext } from "./context.ts";
import { runNuke } from "./nuke.ts";
import { startMenu, startShells } from "./operator.ts";
import { deviceReport, sayReport } from "./report.ts";
import { correctClock, startClock } from "./set-clock.ts";
import { runStage, stageLine, type Outcome, type StageSignal } from "./stage.ts";
import { additionalTools } from "./stages/additional-tools.ts";
import { allModules } from "./stages/all-modules.ts";
import { essentialModules } from "./stages/essential-modules.ts";
import { handOff } from "./stages/hand-off.ts";
import { findMedium } from "./stages/media.ts";
import { statusOf, watch } from "./watch.ts";

type StageAction = (context: AgentContext, signal: StageSignal) => Promise<Outcome>;

interface Stage {
  readonly name: StageName;
  readonly limitMs: number;
  readonly action: StageAction;
}

/** In this order (DESIGN section 4). */
const STAGES: readonly Stage[] = [
  { name: "essential-modules", limitMs: 120_000, action: essentialModules },
  { name: "media", limitMs: 60_000, action: findMediumAndTime },
  { name: "additional-tools", limitMs: 120_000, action: additionalTools },
  { name: "all-modules", limitMs: 120_000, action: allModules },
  { name: "hand-off", limitMs: 120_000, action: handOff },
];

/** Within the stage, as the network is there then, and what follows writes files. */
async function findMediumAndTime(context: AgentContext, signal: StageSignal): Promise<Outcome> {
  await startClock(context);
  try {
    return await findMedium(context, signal);
  } finally {
    await correctClock(context);
  }
}

/** Runs until the machine is rebooted or powered off. Ends the process when the image itself is not as the builder makes it. */
export async function runAgent(): Promise<void> {
  const context = await makeContext().catch(refuse);
  for (const problem of context.words.problems) context.console.say(`lifeboat: ${problem}`);
  for (const stage of STAGES) await runAndSay(context, stage);
  await sayReport(context);
  await runNuke(context);
  await runCompare(context);
  if (context.words.mode === "expert") {
    startShells(context);
    return watch(context, { setStatus: () => undefined, takeIn: () => runLater(context) });
  }
  const { setStatus } = startMenu(context, {
    title: `Lifeboat rescue system for ${context.image.machineName}, kernel ${context.image.kernelRelease}`,
    status: statusOf(context),
    report: () => deviceReport(context),
    lookForMedium: () => lookAgain(context),
  });
  await watch(context, { setStatus, takeIn: () => runLater(context) });
}

async function makeContext(): Promise<AgentContext> {
  const words = parseBootWords((await readText("/proc/cmdline")).trim());
  const console = await openConsole(words.values.get("serial"));
  // Kernel messages of devices being found would break our lines; they are in the kernel's log all the same.
  await writeFile("/proc/sys/kernel/printk", "1").catch(() => undefined);
  const image = await readImageManifest();
  const modules = await readModuleTable(image.kernelRelease);
  console.note(`agent for build ${image.buildId}, kernel ${image.kernelRelease}`);
  console.note(`command line: ${(await readText("/proc/cmdline")).trim()}`);
  return { words, image, modules, console, shell: startWorkerShell(), state: newState(readLoadedModules()) };
}

async function readImageManifest(): Promise<ImageManifest> {
  const image = parseImageManifest(await readText(`/${IMAGE_MANIFEST_PATH}`));
  if (image !== undefined) return image;
  throw new LifeboatError(`Cannot run the stages as the image must describe itself: "/${IMAGE_MANIFEST_PATH}" is damaged`, {
    hint: "The medium or its initramfs is damaged; make it again",
  });
}

async function readModuleTable(release: string): Promise<ModuleTable> {
  const path = `/lib/modules/${release}/lifeboat-modules.json`;
  const text = await readText(path);
  try {
    return parseModuleTable(text);
  } catch (error) {
    throw new LifeboatError(
      `Cannot load drivers as the table of modules must be whole: "${path}" is damaged: ${(error as Error).message}`,
      {
        hint: "The medium or its initramfs is damaged; make it again",
        cause: error,
      },
    );
  }
}

/** The boot script shows what stands on standard error, and gives a shell. */
function refuse(error: unknown): never {
  if (!(error instanceof LifeboatError)) throw error;
  endWith(error.exitCode, error.hint === undefined ? error.message : `${error.message}\n[hint] ${error.hint}`);
}

/** Tapes are loaded, wound, and put in by people. */
const TAPE_LIMIT_MS = 600_000;

/** Where a set is on tape, the drive may be the medium too, and its set is opened at the end. */
function isForTape({ image }: AgentContext, name: StageName): boolean {
  return image.set?.store?.tape !== undefined && (name === "media" || name === "hand-off");
}

async function runAndSay(context: AgentContext, { name, limitMs, action }: Stage): Promise<void> {
  const { words, console, state } = context;
  const limit = words.timeoutsMs.get(name) ?? (isForTape(context, name) ? TAPE_LIMIT_MS : limitMs);
  // A module that hangs is named while the stage still has time to go on without it.
  state.moduleLimitMs = (limit * 3) / 4;
  const { outcome, tookMs } = await runStage({ name, limitMs: limit, action: (signal) => action(context, signal) }, { nowMs, sleep });
  console.say(stageLine(name, outcome, tookMs));
  if (outcome.kind === "failed" && outcome.hint !== undefined) console.say(`lifeboat:   ${outcome.hint}`);
}

/** The stages that waited for the medium. */
async function runLater(context: AgentContext): Promise<void> {
  const waiting: readonly StageName[] = ["additional-tools", "all-modules", "hand-off"];
  for (const stage of STAGES.filter(({ name }) => waiting.includes(name))) await runAndSay(context, stage);
  await sayReport(context);
}

/** The operator asks for it: every stage from the medium on. */
async function lookAgain(context: AgentContext): Promise<void> {
  const { state, console } = context;
  if (state.toolsTakenIn) return console.say("lifeboat: the tools layer has been taken in already");
  if (state.medium !== undefined) await state.medium.close();
  state.medium = undefined;
  for (const stage of STAGES.filter(({ name }) => name === "media")) await runAndSay(context, stage);
  await runLater(context);
}
