// Finds the kernel that the rescue image is built around, and proves that image, modules and configuration belong together.
import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { fileInfo, readTextIfThere } from "#os/files";
import { distributionFamily, fillTemplate } from "../machine/distributions.ts";
import type { KernelConfig } from "../machine/parse-kernel-config.ts";
import { parseOsRelease } from "../machine/parse-os-release.ts";
import type { FailsafeKernel } from "./failsafe-kernel.ts";
import {
  checkModuleDirectory,
  findKernelConfig,
  findModuleDirectory,
  releaseOfImage,
  releasesWithModules,
  type KernelTree,
} from "./kernel-files.ts";

/** `default` is the running kernel, and what can best stand in for it. */
export type KernelRequest =
  | { readonly kind: "default" }
  | { readonly kind: "running" }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "version"; readonly release: string }
  | { readonly kind: "failsafe" };

export interface KernelSystem extends KernelTree {
  /** Called only when the failsafe kernel is wanted: it may take a download. */
  readonly failsafeKernel: () => Promise<FailsafeKernel>;
}

export interface FoundKernel {
  readonly kernelPath: string;
  readonly release: string;
  readonly moduleDirectory: string;
  /** Undefined when there is none to be found. */
  readonly config: KernelConfig | undefined;
  readonly configPath: string | undefined;
  /** One line: which kernel this is, and why this one. */
  readonly provenance: string;
  /** It stands in for the one that was to be expected; the provenance says why. */
  readonly standIn: boolean;
}

/**
 * Reads the word of `--kernel`: `running`, `failsafe` (in any case), a path (with a slash), or a version.
 * Throws LifeboatError, exit code 2, for what is none of these.
 */
export function parseKernelRequest(word: string | undefined): KernelRequest {
  if (word === undefined) return { kind: "default" };
  if (/^failsafe$/i.test(word)) return { kind: "failsafe" };
  if (/^running$/i.test(word)) return { kind: "running" };
  if (word.includes("/")) return { kind: "path", path: word };
  // KERNELRELEASE begins with the version's number (the kernel's Makefile).
  if (/^\d/.test(word)) return { kind: "version", release: word };
  throw new LifeboatError(
    `Cannot look for the kernel "${word}" as it must be running, failsafe, a version or a path with a slash: it is none of these`,
    { exitCode: 2, hint: word === "" ? "Leave it out for the running kernel" : `Write ./${word} for a file` },
  );
}

/** The running system, or the one below `root`, which has no running kernel. */
export async function kernelSystem(failsafeKernel: KernelSystem["failsafeKernel"], root = "/"): Promise<KernelSystem> {
  const running = root === "/" ? (await readTextIfThere("/proc/sys/kernel/osrelease"))?.trim() : undefined;
  return { root, runningRelease: running, failsafeKernel };
}

/**
 * Throws with exit code 3 when a kernel that was named cannot be used. Only the default request falls back: to the newest
 * installed kernel that has its modules, and where /boot has none, to the failsafe kernel; the provenance then says so.
 */
export async function findKernel(request: KernelRequest, system: KernelSystem): Promise<FoundKernel> {
  if (request.kind === "default") return findDefault(system);
  if (request.kind === "running") return findVersion(knownRunning(system), system, "the running kernel");
  if (request.kind === "version") return findVersion(request.release, system, "the kernel asked for by version");
  if (request.kind === "path") return findPath(request.path, system);
  return findFailsafe(system, "asked for", false);
}

async function findDefault(system: KernelSystem): Promise<FoundKernel> {
  const running = system.runningRelease;
  let why = running === undefined ? "no kernel runs in this tree" : "";
  if (running !== undefined) {
    const found = await findVersion(running, system, "the running kernel").catch(onlyUserErrors);
    if (!(found instanceof LifeboatError)) return found;
    why = stateOf(found);
  }
  for (const release of await releasesWithModules(system)) {
    const provenance = `the newest installed kernel with its modules, as ${why}`;
    const found = await findVersion(release, system, provenance).catch(onlyUserErrors);
    if (!(found instanceof LifeboatError)) return { ...found, standIn: running !== undefined };
  }
  return findFailsafe(system, why, true);
}

async function findVersion(release: string, system: KernelSystem, provenance: string): Promise<FoundKernel> {
  const kernelPath = await imageOf(release, system);
  const moduleDirectory = await findModuleDirectory(release, system, kernelPath);
  if (moduleDirectory === undefined) throw await modulesGone(release, system, kernelPath !== undefined);
  if (kernelPath === undefined)
    throw noImage(release, `no image of kernel ${release} is in "${join(system.root, "boot")}" or where else its distribution keeps it`);
  return foundKernel({ kernelPath, release, moduleDirectory, provenance, standIn: false }, system);
}

async function findPath(path: string, system: KernelSystem): Promise<FoundKernel> {
  const told = await releaseOfImage(path);
  const release = told ?? /\/(?:vmlinu[xz]|kernel|Image)-([^/]+)$/.exec(path)?.[1];
  if (release === undefined) {
    throw new LifeboatError(`Cannot use "${path}" as its release must be known: neither the image nor the file's name tells it`, {
      hint: "Name the file vmlinuz-RELEASE",
    });
  }
  const moduleDirectory = await findModuleDirectory(release, system, path);
  if (moduleDirectory === undefined) throw await modulesGone(release, system, true);
  return foundKernel({ kernelPath: path, release, moduleDirectory, provenance: "the kernel asked for by path", standIn: false }, system);
}

async function findFailsafe(system: KernelSystem, why: string, standIn: boolean): Promise<FoundKernel> {
  const { kernelPath, release, moduleDirectory, root, origin } = await system.failsafeKernel();
  const told = await releaseOfImage(kernelPath);
  if (told !== undefined && told !== release) throw otherRelease(kernelPath, told, release);
  const provenance = `the failsafe kernel (${origin}), ${standIn ? `as ${why}` : why}`;
  return foundKernel({ kernelPath, release, moduleDirectory, provenance, standIn }, { root, runningRelease: undefined });
}

async function foundKernel(kernel: Omit<FoundKernel, "config" | "configPath">, tree: KernelTree): Promise<FoundKernel> {
  await checkModuleDirectory(kernel.moduleDirectory);
  const file = await findKernelConfig(kernel.release, tree, kernel.kernelPath);
  return { ...kernel, config: file?.config, configPath: file?.path };
}

/** The first image of `release` in the places of this distribution's family. */
async function imageOf(release: string, tree: KernelTree): Promise<string | undefined> {
  const osRelease =
    (await readTextIfThere(join(tree.root, "etc/os-release"))) ?? (await readTextIfThere(join(tree.root, "usr/lib/os-release")));
  const machineId = (await readTextIfThere(join(tree.root, "etc/machine-id")))?.trim();
  for (const template of distributionFamily(parseOsRelease(osRelease ?? "")).kernelPaths) {
    const filled = fillTemplate(template, { release, "machine-id": machineId });
    if (filled === undefined) continue;
    const path = join(tree.root, filled);
    if ((await fileInfo(path))?.type !== "file") continue;
    const told = await releaseOfImage(path);
    if (told === release || (told === undefined && template.includes("{release}"))) return path;
    if (template.includes("{release}")) throw otherRelease(path, told ?? "unknown", release);
  }
  return undefined;
}

function knownRunning(system: KernelSystem): string {
  if (system.runningRelease !== undefined) return system.runningRelease;
  throw noImage("running", `no kernel runs in "${system.root}"`);
}

async function modulesGone(release: string, system: KernelSystem, imageThere: boolean): Promise<LifeboatError> {
  const place = join(system.root, "lib/modules");
  const [newest] = await releasesWithModules(system);
  const running = release === system.runningRelease;
  const kernel = running ? `the running kernel ${release}` : `kernel ${release}`;
  const state =
    running && newest !== undefined
      ? `the modules of ${kernel} are gone from "${place}", as after an upgrade without a restart`
      : `"${place}" has no modules of ${kernel}`;
  const image = imageThere ? "" : `, nor is its image in "${join(system.root, "boot")}"`;
  return new LifeboatError(`Cannot use kernel ${release} as its modules must be there: ${state}${image}`, {
    hint:
      newest === undefined
        ? "Install the kernel's modules, or build with --kernel failsafe"
        : `${running ? `Restart into ${newest}, or build` : "Build"} with --kernel ${newest}`,
  });
}

function noImage(release: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot use kernel ${release} as its image must be there: ${state}`, {
    hint: "Name the image with --kernel PATH, or build with --kernel failsafe",
  });
}

function otherRelease(path: string, told: string, wanted: string): LifeboatError {
  return new LifeboatError(`Cannot use "${path}" as image and modules must be of one release: the image is ${told}, wanted is ${wanted}`, {
    hint: "Install the kernel again, or build with --kernel failsafe",
  });
}

function onlyUserErrors(error: unknown): LifeboatError {
  if (error instanceof LifeboatError) return error;
  throw error;
}

function stateOf(error: LifeboatError): string {
  return error.message.slice(error.message.indexOf(": ") + 2);
}
