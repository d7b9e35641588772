// Finds what the devices ask for and loads it, again and again until nothing new appears.

import { loadPlan, type LoadStep } from "kmod-parse/load-plan";
import { coldplugModules } from "kmod-parse/match-modalias";
import { sleep } from "#os/clock";
import type { WorkerResult } from "#os/worker-shell";
import { readBusDevices } from "../machine/bus-devices.ts";
import type { AgentContext } from "./context.ts";
import { protectDisks } from "./protect-disks.ts";

/** How long after the last load new devices may still show up on their buses. */
const SETTLE_MS = 50;

/** Loads drivers for all devices that are there, until a round finds nothing new. Returns how many modules were loaded. */
export async function coldplug(context: AgentContext): Promise<number> {
  let total = 0;
  for (let round = 1; ; round++) {
    const wanted = wantedModules(context);
    const loaded = await loadModules(context, [...new Set(wanted.flat())], wanted);
    await protectDisks(context);
    if (loaded === 0) return total;
    total += loaded;
    await sleep(SETTLE_MS);
  }
}

/**
 * Loads modules by name with all that they need, side by side where none needs the other and none is a rival of another
 * for the same device. Returns how many were loaded.
 */
export async function loadModules(
  context: AgentContext,
  names: readonly string[],
  rivals: readonly (readonly string[])[] = [],
): Promise<number> {
  const { state, modules } = context;
  const layers = state.toolsTakenIn ? (["initramfs", "tools"] as const) : (["initramfs"] as const);
  const plan = loadPlan(modules, names, { loaded: [...state.loaded], layers, rivals });
  const running = new Map<string, Promise<boolean>>();
  for (const step of plan.steps.filter(({ name }) => !state.failed.has(name) && !state.declined.has(name)))
    running.set(step.name, loadAfter(context, step, running));
  const results = await Promise.all(running.values());
  return results.filter(Boolean).length;
}

/** What the modaliases of all devices ask for and has not been tried yet, a list each, best first. */
function wantedModules({ modules, state, words }: AgentContext): readonly (readonly string[])[] {
  const denied = (words.values.get("denymods") ?? "").split(/[ ,]+/);
  const modaliases = new Set(readBusDevices().map((device) => device.modalias));
  const isFresh = (name: string) => !state.loaded.has(name) && !state.failed.has(name) && !state.declined.has(name);
  return [...modaliases].map((modalias) => coldplugModules(modules, modalias, denied).load.filter(isFresh));
}

async function loadAfter(context: AgentContext, step: LoadStep, running: ReadonlyMap<string, Promise<boolean>>): Promise<boolean> {
  for (const name of step.after) {
    const loaded = (await running.get(name)) ?? true;
    if (!loaded && step.needs.includes(name) && !context.state.loaded.has(name)) {
      context.state.failed.set(step.name, `it needs ${name}, which did not load`);
      return false;
    }
  }
  const { state, console } = context;
  const result = await Promise.race([insertModule(context, step), endOfPatience(context)]);
  if (result.exitCode === 0 || result.output.includes("File exists")) {
    state.loaded.add(step.name);
    return result.exitCode === 0;
  }
  const reason = result.output.replace(/^(?:busybox )?insmod: can't insert '[^']*': /, "");
  // ENODEV: the module looked and found nothing of its own. Not an error, and no reason to ask it again.
  if (/No such device/.test(reason)) state.declined.add(step.name);
  else state.failed.set(step.name, reason);
  console.note(`module ${step.name} did not load: ${reason}`);
  return false;
}

/** A module may still come to its end after we have gone on. */
async function insertModule({ state, shell, console, image }: AgentContext, step: LoadStep): Promise<WorkerResult> {
  const parameters = step.options.split(" ").filter((word) => word !== "");
  const result = await shell.run(["busybox", "insmod", `/lib/modules/${image.kernelRelease}/${step.path}`, ...parameters]);
  if (result.exitCode === 0 && state.failed.delete(step.name)) {
    state.loaded.add(step.name);
    console.note(`module ${step.name} has started after all`);
  }
  return result;
}

async function endOfPatience({ state }: AgentContext): Promise<WorkerResult> {
  const limitMs = state.moduleLimitMs;
  await sleep(limitMs);
  return { exitCode: 1, output: `it has not ended its start after ${Math.round(limitMs / 1000)} s` };
}
