// Sees that the restored machine's initramfs can start from its new controllers, waits for nothing that is gone and holds what the machine's
// configuration says now, and makes it again where not.

import { LifeboatError } from "#os/error";
import { appendFile, copyFile, exists, listDirectory, makeDirectory, readTextIfThere, removeFile } from "#os/files";
import { sysLinkName, listSys } from "#os/sysfs";
import {
  familyNamed,
  fillTemplate,
  INITRAMFS_TOOLS,
  LOADER_INITRAMFS,
  type DistributionFamily,
  type InitramfsTool,
} from "../machine/distributions.ts";
import type { Machine } from "../machine/model.ts";
import type { Chroot } from "./chroot.ts";
import type { Mended, Remaining, RestoreEnvironment } from "./engine.ts";
import { withoutGoneWords } from "./gone-words.ts";
import { OWN_DIRECTORY } from "./journal.ts";
import { isNothing, type GoneNames } from "./plan-gone-words.ts";
import { mendHookFiles, readHookFiles } from "./initramfs-hooks.ts";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";

export interface InitramfsRequest {
  readonly machine: Machine;
  readonly drivers: readonly string[];
  /** What in it is out of date, for a sentence. */
  readonly stale: readonly string[];
  readonly gone: GoneNames;
  readonly chroot: Chroot;
}

/** `remark` is told of what a person should know afterwards. */
type Surroundings = Pick<RestoreEnvironment, "root" | "say" | "note"> & { remark(line: string): void };

/** What remains are images that wait for what is gone. Throws LifeboatError for a driver that it cannot bring in, and for nothing else. */
export async function checkInitramfs(request: InitramfsRequest, environment: Surroundings): Promise<Mended> {
  const { machine, drivers, stale, gone, chroot } = request;
  const { root } = environment;
  if (drivers.length + stale.length === 0 && isNothing(gone)) return { changed: [], remaining: [] };
  const family = familyNamed(machine.system.family);
  const wanted = [...new Set(drivers.map(moduleOf).filter((name) => name !== undefined))];
  const releases = await installedKernels(root, family, machine.machineId);
  if (releases.length === 0) {
    if (wanted.length > 0) await checkWithout(wanted, root);
    return { changed: [], remaining: [] };
  }
  const tool = await installedTool(family, chroot);
  const jobs = releases.map((kernel): KernelJob => ({ ...kernel, tool, chroot, wanted }));
  let lacking = await lackingModules(jobs, environment);
  // One that is made again for a driver is up to date, too.
  const faulty = lacking.length > 0 ? [] : await faultyImages(jobs, request);
  if (lacking.length + faulty.length === 0) return { changed: [], remaining: [] };
  const hookFiles = await readHookFiles(machine.bootLoader, releases, root);
  const { made, remaining } = await refresh(faulty, environment);
  // A tool that takes what it finds may leave out what was there.
  if (made.length > 0) lacking = await lackingModules(jobs, environment);
  if (lacking.length > 0) made.push(...(await bringIn(jobs, lacking, environment)));
  if (made.length > 0) made.push(...(await mendHookFiles(hookFiles, environment)));
  return { changed: [...new Set(made)].map((place) => pathInMachine(root, place)), remaining };
}

async function lackingModules(jobs: readonly KernelJob[], { root, say }: Surroundings): Promise<readonly string[]> {
  const lacking: string[] = [];
  for (const job of jobs) {
    const missing = await missingModules(job, root);
    if (missing.length > 0) say(`lifeboat: the initramfs of kernel ${job.release} lacks ${missing.join(", ")}: making it again`);
    lacking.push(...missing);
  }
  return lacking;
}

/** Returns the places of what it has changed. Throws LifeboatError where they are still not in. */
async function bringIn(jobs: readonly KernelJob[], modules: readonly string[], environment: Surroundings): Promise<readonly string[]> {
  const { root } = environment;
  const changed = [await addModules(jobs[0]!.tool, [...new Set(modules)], root)];
  for (const job of jobs) {
    await rebuild(job, environment);
    await requireModules(job, environment);
    changed.push(await insideRoot(root, job.image));
  }
  return changed;
}

interface Refreshed {
  /** Places. */
  readonly made: string[];
  readonly remaining: readonly Remaining[];
}

interface FaultyImage {
  readonly job: KernelJob;
  /** What is wrong with it, for a sentence. */
  readonly faults: readonly string[];
}

/** Those that are out of date, or wait for what is gone. */
async function faultyImages(jobs: readonly KernelJob[], { stale, gone }: InitramfsRequest): Promise<readonly FaultyImage[]> {
  const found: FaultyImage[] = [];
  for (const job of jobs) {
    const waits = await waitsFor(gone, job);
    const faults = [...(stale.length === 0 ? [] : [`is out of date for ${stale.join(", ")}`]), ...(waits ? [WAITS] : [])];
    if (faults.length > 0) found.push({ job, faults });
  }
  return found;
}

/** Where the tool fails the machine keeps what it had. */
async function refresh(faulty: readonly FaultyImage[], environment: Surroundings): Promise<Refreshed> {
  const { root, say, remark } = environment;
  const made: string[] = [];
  const remaining: Remaining[] = [];
  for (const { job, faults } of faulty) {
    const place = await insideRoot(root, job.image);
    say(`lifeboat: the initramfs of kernel ${job.release} ${faults.join(" and ")}: making it again`);
    const failure = await rebuildOrKeep(job, place, environment);
    if (failure === undefined) made.push(place);
    else if (faults.includes(WAITS)) remaining.push({ path: pathInMachine(root, place), state: `it ${WAITS}: ${failure}` });
    else remark(`${job.image} is as it was, and ${faults.join()}: make it again once the machine has started (${failure})`);
  }
  return { made, remaining };
}

const WAITS = "waits for what is not made again";

/** Says why it could not be made. */
async function rebuildOrKeep(job: KernelJob, place: string, environment: Surroundings): Promise<string | undefined> {
  const { root } = environment;
  const kept = `${root}${OWN_DIRECTORY}/initramfs`;
  try {
    await makeDirectory(`${root}${OWN_DIRECTORY}`, 0o700);
    await copyFile(place, kept);
    await rebuild(job, environment).catch(async (error: unknown) => {
      await copyFile(kept, place);
      throw error;
    });
    return undefined;
  } catch (error) {
    if (error instanceof LifeboatError) return error.message;
    throw error;
  } finally {
    await removeFile(kept);
  }
}

/** What its tool has written into it: dracut words for the command line, initramfs-tools the swap to resume from. */
async function waitsFor(gone: GoneNames, { tool, chroot, image, release }: KernelJob): Promise<boolean> {
  const { list, words, resume } = tool;
  if (list === undefined || (words === undefined && resume === undefined) || isNothing(gone)) return false;
  const listed = await outputOf(filled(list, { image, release }), chroot);
  if (gone.swaps.length > 0 && resume?.test(listed) === true) return true;
  const paths = words === undefined ? [] : (listed.match(words.path) ?? []);
  for (const path of paths) {
    const text = await outputOf(filled(words!.print, { image, release, path }), chroot);
    if (withoutGoneWords(text, gone) !== text) return true;
  }
  return false;
}

/** Nothing where the tool has no such program, or the image cannot be read. */
async function outputOf(command: readonly [string, ...string[]], chroot: Chroot): Promise<string> {
  if ((await chroot.find([command[0]])) === undefined) return "";
  try {
    return (await chroot.run(command)).stdout;
  } catch (error) {
    if (error instanceof LifeboatError) return "";
    throw error;
  }
}

/** Returns where the tool's configuration is. */
async function addModules(
  { addModules: { path, text, separator } }: InitramfsTool,
  modules: readonly string[],
  root: string,
): Promise<string> {
  const place = await insideRoot(root, path);
  const added = text.replace("{modules}", modules.join(separator));
  await makeDirectory(place.replace(/\/[^/]+$/, ""));
  // A step that was broken off is done again.
  const before = (await readTextIfThere(place)) ?? "";
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  if (!before.endsWith(added)) await appendFile(place, `${gap}${added}`);
  return place;
}

interface KernelImage {
  readonly release: string;
  readonly image: string;
}

/** The machine's own, whatever its family's usual one is; where there is none, the command says so. */
async function installedTool({ initramfs }: DistributionFamily, chroot: Chroot): Promise<InitramfsTool> {
  const tools = initramfs.tools.map((name) => INITRAMFS_TOOLS[name]);
  const program = await chroot.find(tools.map(({ command }) => command[0]));
  return tools.find(({ command }) => command[0] === program) ?? tools[0]!;
}

/** Kernels with modules and an initramfs. */
async function installedKernels(
  root: string,
  { initramfs }: DistributionFamily,
  machineId: string | undefined,
): Promise<readonly KernelImage[]> {
  const found: KernelImage[] = [];
  for (const release of await listDirectory(await insideRoot(root, "/lib/modules"))) {
    for (const template of [initramfs.image, ...LOADER_INITRAMFS]) {
      const image = fillTemplate(template, { release, "machine-id": machineId });
      if (image === undefined || !(await exists(await insideRoot(root, image)))) continue;
      found.push({ release, image });
      break;
    }
  }
  return found;
}

/** A kernel that starts without an initramfs must have the driver itself. */
async function checkWithout(wanted: readonly string[], root: string): Promise<void> {
  const releases = await listDirectory(await insideRoot(root, "/lib/modules"));
  for (const release of releases) {
    const builtin = await builtinModules(release, root);
    if (wanted.every((name) => builtin.has(name))) return;
  }
  const state =
    releases.length === 0 ? "there is none in its /lib/modules" : `none of ${releases.join(", ")} has an initramfs, or the driver built in`;
  throw new LifeboatError(`Cannot make the machine start from its new disk as a kernel must have ${wanted.join(", ")}: ${state}`, {
    exitCode: 4,
  });
}

/** Drivers and their modules may have different names; the driver that serves the disk here tells. Undefined: it is a part of the kernel. */
function moduleOf(driver: string): string | undefined {
  const places = listSys("/sys/bus").map((bus) => `/sys/bus/${bus}/drivers/${driver}`);
  const place = places.find((candidate) => listSys(candidate).length > 0);
  const module = place === undefined ? driver : sysLinkName(`${place}/module`);
  return module?.replace(/-/g, "_");
}

interface KernelJob extends KernelImage {
  readonly tool: InitramfsTool;
  readonly chroot: Chroot;
  readonly wanted: readonly string[];
}

async function missingModules(job: KernelJob, root: string): Promise<readonly string[]> {
  const builtin = await builtinModules(job.release, root);
  const loadable = job.wanted.filter((name) => !builtin.has(name));
  const inside = loadable.length === 0 ? undefined : await modulesInside(job);
  return loadable.filter((name) => inside?.has(name) !== true);
}

async function builtinModules(release: string, root: string): Promise<ReadonlySet<string>> {
  return namesIn((await readTextIfThere(await insideRoot(root, `/lib/modules/${release}/modules.builtin`))) ?? "");
}

/** Undefined where nothing can tell: then it is made again. */
async function modulesInside({ tool: { list }, chroot, release, image }: KernelJob): Promise<ReadonlySet<string> | undefined> {
  if (list === undefined || (await chroot.find([list[0]])) === undefined) return undefined;
  try {
    return namesIn((await chroot.run(filled(list, { image, release }))).stdout);
  } catch (error) {
    if (error instanceof LifeboatError) return undefined;
    throw error;
  }
}

/** Of all modules that a list of paths names. */
function namesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/([^/\s]+)\.ko(?:\.\w+)?$/gm)].map(([, name]) => name!.replace(/-/g, "_")));
}

async function rebuild({ tool, chroot, release, image }: KernelJob, { note }: Surroundings): Promise<void> {
  const words = filled(tool.command, { image, release });
  const said = await chroot.run(words);
  note(`${words.join(" ")}: ${said.stdout.trim()} ${said.stderr.trim()}`);
}

async function requireModules(job: KernelJob, { root, note }: Surroundings): Promise<void> {
  const { image, wanted } = job;
  if ((await modulesInside(job)) === undefined) return note(`nothing can list ${image}: whether it has ${wanted.join(", ")} is not known`);
  const missing = await missingModules(job, root);
  if (missing.length === 0) return;
  throw new LifeboatError(
    `Cannot make the machine start from its new disk as its initramfs must have ${missing.join(", ")}: ${image} still has not`,
    { exitCode: 4 },
  );
}

function filled(
  [program, ...words]: readonly [string, ...string[]],
  { image, release, path = "" }: KernelImage & { readonly path?: string },
) {
  return [program, ...words.map((word) => word.replace("{image}", image).replace("{release}", release).replace("{path}", path))] as const;
}
