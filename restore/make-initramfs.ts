// Sees that the restored machine's initramfs can start from its new controllers, and makes it again when it cannot.

import { LifeboatError } from "#os/error";
import { appendFile, exists, listDirectory, makeDirectory, readTextIfThere } from "#os/files";
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
import type { RestoreEnvironment } from "./engine.ts";
import { mendHookFiles, readHookFiles } from "./initramfs-hooks.ts";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";

export interface InitramfsRequest {
  readonly machine: Machine;
  readonly drivers: readonly string[];
  readonly chroot: Chroot;
}

/** Returns the paths of what it has changed, by their own names in the machine. */
export async function checkInitramfs(
  { machine, drivers, chroot }: InitramfsRequest,
  environment: Pick<RestoreEnvironment, "root" | "say" | "note">,
): Promise<readonly string[]> {
  const { root } = environment;
  const family = familyNamed(machine.system.family);
  const wanted = [...new Set(drivers.map(moduleOf).filter((name) => name !== undefined))];
  const releases = await installedKernels(root, family, machine.machineId);
  if (releases.length === 0) {
    await checkWithout(wanted, root);
    return [];
  }
  const tool = await installedTool(family, chroot);
  const lacking: string[] = [];
  for (const { release, image } of releases) {
    const missing = await missingModules({ tool, chroot, release, image, wanted }, root);
    if (missing.length > 0) environment.say(`lifeboat: the initramfs of kernel ${release} lacks ${missing.join(", ")}: making it again`);
    lacking.push(...missing);
  }
  if (lacking.length === 0) return [];
  const configured = await addModules(tool, [...new Set(lacking)], root);
  const hookFiles = await readHookFiles(machine.bootLoader, releases, root);
  for (const { release, image } of releases) await rebuild({ tool, chroot, release, image, wanted }, environment);
  const images = await Promise.all(releases.map(({ image }) => insideRoot(root, image)));
  const mended = await mendHookFiles(hookFiles, environment);
  return [...new Set([configured, ...images, ...mended])].map((place) => pathInMachine(root, place));
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

async function rebuild(job: KernelJob, { root, note }: Pick<RestoreEnvironment, "root" | "note">): Promise<void> {
  const { tool, chroot, release, image } = job;
  const words = filled(tool.command, { image, release });
  const said = await chroot.run(words);
  note(`${words.join(" ")}: ${said.stdout.trim()} ${said.stderr.trim()}`);
  if ((await modulesInside(job)) === undefined)
    return note(`nothing can list ${image}: whether it has ${job.wanted.join(", ")} is not known`);
  const missing = await missingModules(job, root);
  if (missing.length > 0) {
    throw new LifeboatError(
      `Cannot make the machine start from its new disk as its initramfs must have ${missing.join(", ")}: ${image} still has not`,
      { exitCode: 4 },
    );
  }
}

function filled([program, ...words]: readonly [string, ...string[]], { image, release }: Pick<KernelImage, "image" | "release">) {
  return [program, ...words.map((word) => word.replace("{image}", image).replace("{release}", release))] as const;
}
