// The agent: started by init in the rescue image, runs the stages in order, reports, and hands over to the operator.

import { parseModuleTable } from "kmod-parse/module-table-text";
import { nowMs, sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { readText, writeFile } from "#os/files";
import { readSys } from "#os/sysfs";
import { startWorkerShell } from "#os/worker-shell";
import { readBlockDevices, type BlockDevice } from "../machine/block-devices.ts";
import { readBusDevices, readLoadedModules } from "../machine/bus-devices.ts";
import { IMAGE_MANIFEST_PATH, parseImageManifest } from "../set/image-manifest.ts";
import { parseBootWords, type StageName } from "./boot-words.ts";
import { openConsole } from "./console.ts";
import { newState, type AgentContext } from "./context.ts";
import { missingLines } from "./missing-report.ts";
import { interfaceLine, listInterfaces } from "./network.ts";
import { startMenu, startShells } from "./operator.ts";
import { runStage, stageLine, type Outcome, type StageSignal } from "./stage.ts";
import { additionalTools } from "./stages/additional-tools.ts";
import { allModules } from "./stages/all-modules.ts";
import { essentialModules } from "./stages/essential-modules.ts";
import { handOff } from "./stages/hand-off.ts";
import { findMedium } from "./stages/media.ts";

type StageAction = (context: AgentContext, signal: StageSignal) => Promise<Outcome>;

/** In this order (DESIGN section 4); limits in milliseconds. */
const STAGES: readonly { readonly name: StageName; readonly limitMs: number; readonly action: StageAction }[] = [
  { name: "essential-modules", limitMs: 120_000, action: essentialModules },
  { name: "media", limitMs: 60_000, action: findMedium },
  { name: "additional-tools", limitMs: 120_000, action: additionalTools },
  { name: "all-modules", limitMs: 120_000, action: allModules },
  { name: "hand-off", limitMs: 120_000, action: handOff },
];

/** Runs until the machine is rebooted or powered off. Throws when the image itself is not as the builder makes it. */
export async function runAgent(): Promise<void> {
  const context = await makeContext();
  for (const problem of context.words.problems) context.console.say(`lifeboat: ${problem}`);
  for (const stage of STAGES) await runAndSay(context, stage.name);
  await report(context);
  if (context.words.mode === "expert") return startShells(context);
  const title = `Lifeboat rescue system for ${context.image.machineName}, kernel ${context.image.kernelRelease}`;
  const operator = startMenu(context, title, () => currentMissing(context));
  if (await keepLooking(context)) operator.draw();
}

async function makeContext(): Promise<AgentContext> {
  const words = parseBootWords((await readText("/proc/cmdline")).trim());
  const console = await openConsole(words.values.get("serial"));
  // Kernel messages of devices being found would break our lines; they are in the kernel's log all the same.
  await writeFile("/proc/sys/kernel/printk", "1").catch(() => undefined);
  const image = parseImageManifest(await readText(`/${IMAGE_MANIFEST_PATH}`));
  if (image === undefined)
    throw new LifeboatError(`Cannot run the stages as the image must describe itself: /${IMAGE_MANIFEST_PATH} is no manifest`);
  const modules = parseModuleTable(await readText(`/lib/modules/${image.kernelRelease}/lifeboat-modules.json`));
  console.note(`agent for build ${image.buildId}, kernel ${image.kernelRelease}, command line: ${readSys("/proc/cmdline") ?? ""}`);
  return { words, image, modules, console, shell: startWorkerShell(), state: newState(readLoadedModules()) };
}

async function runAndSay(context: AgentContext, name: StageName): Promise<void> {
  const { limitMs, action } = STAGES.find((stage) => stage.name === name)!;
  const limit = context.words.timeoutsMs.get(name) ?? limitMs;
  const { outcome, tookMs } = await runStage({ name, limitMs: limit, action: (signal) => action(context, signal) }, { nowMs, sleep });
  context.console.say(stageLine(name, outcome, tookMs));
}

/** Disks, network interfaces, what is missing, and the line that ends the boot. */
async function report(context: AgentContext): Promise<void> {
  const { console, words, image } = context;
  const interfaces = await listInterfaces(context);
  for (const disk of readBlockDevices()) console.say(diskLine(disk));
  for (const networkInterface of interfaces) console.say(interfaceLine(networkInterface));
  const missing = currentMissing(context);
  for (const line of missing) console.say(`lifeboat: ${line}`);
  const modules = readLoadedModules().length;
  console.say(`lifeboat: ready mode=${words.mode} kernel=${image.kernelRelease} modules=${modules} missing=${missing.length}`);
  await console.flushed();
}

function currentMissing({ modules, state }: AgentContext): readonly string[] {
  const { loaded, declined, failed, toolsTakenIn } = state;
  return missingLines({ devices: readBusDevices(), modules, loaded, declined, failed, toolsTakenIn, kernelLog: "" });
}

function diskLine(disk: BlockDevice): string {
  const size = disk.sizeBytes === 0 ? "empty" : `${(disk.sizeBytes / 1024 ** 3).toFixed(1)} GiB`;
  const parts = [disk.name, size, disk.driver ?? "", disk.model ?? "", disk.serial === undefined ? "" : `serial ${disk.serial}`];
  return `lifeboat: disk ${parts.filter((part) => part !== "").join(" ")}`;
}

/** `interactive` goes on polling for a medium; when it comes, the stages that wait for it run again. True then. */
async function keepLooking(context: AgentContext): Promise<boolean> {
  if (context.words.mode !== "interactive" || context.state.medium !== undefined) return false;
  for (;;) {
    const signal = { over: true, deadlineMs: 0 };
    const outcome = await findMedium(context, signal).catch(() => undefined);
    if (outcome?.kind === "ok") break;
    await sleep(2000);
  }
  for (const name of ["additional-tools", "all-modules", "hand-off"] as const) await runAndSay(context, name);
  await report(context);
  return true;
}
