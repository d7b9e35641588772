// The files of one kernel: the release that its image tells, its module tree, its configuration.
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { LifeboatError } from "#os/error";
import { exists, fileInfo, listDirectory, readBytes, readRange, readText } from "#os/files";
import { CONFIG_PATHS, fillTemplate, MODULE_PATHS } from "../machine/distributions.ts";
import { parseKernelConfig, type KernelConfig } from "../machine/parse-kernel-config.ts";

export interface KernelConfigFile {
  readonly path: string;
  readonly config: KernelConfig;
}

/** A directory tree with kernels in it, and the release that runs, when the tree is the running system's. */
export interface KernelTree {
  /** `/`, or the directory that stands for it. */
  readonly root: string;
  readonly runningRelease: string | undefined;
}

/** The first word of the version that the image tells, or undefined when its format tells none. Throws when it is no kernel. */
export async function releaseOfImage(path: string): Promise<string | undefined> {
  const info = await fileInfo(path);
  if (info === undefined) throw noKernel(path, "there is no such file", "Name a file such as /boot/vmlinuz-6.1.0-56-amd64");
  if (info.type !== "file") throw noKernel(path, `it is a ${info.type}`, "Name the file itself");
  return kernelRelease(path, await readRange(path, 0, 0x10000));
}

/** The module tree of `release`, in the tree's usual places or beside the image; undefined when there is none. */
export async function findModuleDirectory(release: string, tree: KernelTree, kernelPath?: string): Promise<string | undefined> {
  const usual = MODULE_PATHS.flatMap((template) => fillTemplate(template, { release }) ?? []).map((path) => join(tree.root, path));
  // /usr/lib/modules/R/vmlinuz stands in its module tree; X/boot/vmlinuz-R beside X/lib/modules/R.
  const beside =
    kernelPath === undefined
      ? []
      : [dirname(kernelPath), ...MODULE_PATHS.map((path) => join(dirname(kernelPath), "..", path.replace("{release}", release)))];
  for (const directory of [...beside, ...usual]) {
    if (directory.endsWith(`/${release}`) && (await fileInfo(directory))?.type === "directory") return directory;
  }
  return undefined;
}

/** Throws unless depmod has run there. */
export async function checkModuleDirectory(directory: string): Promise<void> {
  if (await exists(join(directory, "modules.dep"))) return;
  throw new LifeboatError(`Cannot use the modules in "${directory}" as depmod must have listed them: there is no modules.dep`, {
    exitCode: 3,
    hint: `Run: depmod ${directory.slice(directory.lastIndexOf("/") + 1)}`,
  });
}

/** Releases that have a module tree with modules.dep, the newest first. */
export async function releasesWithModules(tree: KernelTree): Promise<readonly string[]> {
  const releases = new Set<string>();
  for (const directory of ["lib/modules", "usr/lib/modules"]) {
    for (const name of await listDirectory(join(tree.root, directory))) {
      if (await exists(join(tree.root, directory, name, "modules.dep"))) releases.add(name);
    }
  }
  return [...releases].sort((a, b) => compareReleases(b, a));
}

/** The configuration of `release`, looked for in the tree, below the image's own tree, and in the running kernel. */
export async function findKernelConfig(release: string, tree: KernelTree, kernelPath: string): Promise<KernelConfigFile | undefined> {
  const paths = CONFIG_PATHS.flatMap((template) => fillTemplate(template, { release }) ?? []);
  const candidates = [
    join(dirname(kernelPath), "config"),
    ...paths.flatMap((path) => [join(dirname(kernelPath), "..", path), join(tree.root, path)]),
  ];
  if (release === tree.runningRelease) candidates.push(join(tree.root, "/proc/config.gz"));
  for (const path of candidates) {
    if ((await fileInfo(path))?.type !== "file") continue;
    const text = path.endsWith(".gz") ? new TextDecoder().decode(gunzipSync(await readBytes(path))) : await readText(path);
    const config = parseKernelConfig(text);
    if (config.states.size > 0) return { path, config };
  }
  return undefined;
}

/** By their numbers, as people read versions: 6.1.0-9 before 6.1.0-56. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a.match(/\d+|\D+/g) ?? [], b.match(/\d+|\D+/g) ?? []];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [x = "", y = ""] = [left[index], right[index]];
    if (x === y) continue;
    const [xNumber, yNumber] = [Number.parseInt(x, 10), Number.parseInt(y, 10)];
    // 6.1-rc3 comes before 6.1, as everyone but the alphabet says.
    if (x.startsWith("-rc") !== y.startsWith("-rc")) return x.startsWith("-rc") ? -1 : 1;
    if (Number.isNaN(xNumber) || Number.isNaN(yNumber) || xNumber === yNumber) return x < y ? -1 : 1;
    return xNumber - yNumber;
  }
  return 0;
}

// Linux Documentation/arch/x86/boot.rst: "HdrS" at 0x202; kernel_version at 0x20E counts from 0x200.
function kernelRelease(path: string, head: Uint8Array): string | undefined {
  const ascii = (from: number, to: number): string => String.fromCharCode(...head.subarray(from, to));
  if (ascii(0x202, 0x206) !== "HdrS") {
    const other = [ascii(0x38, 0x3c) === "ARM\x64", ascii(4, 8) === "zimg", ascii(0, 4) === "\x7fELF", ascii(0, 2) === "\x1f\x8b"];
    if (other.includes(true)) return undefined;
    throw noKernel(path, "no kernel's signature is in it", "Name a bzImage, an ARM Image or a zboot image");
  }
  const start = 0x200 + ((head[0x20e] ?? 0) | ((head[0x20f] ?? 0) << 8));
  const release = /^[\x21-\x7e]+/.exec(ascii(start, start + 127))?.[0];
  if (release === undefined) throw noKernel(path, "its header points to no version", "The file may be damaged: install the kernel again");
  return release;
}

function noKernel(path: string, state: string, hint: string): LifeboatError {
  return new LifeboatError(`Cannot use "${path}" as it must be a Linux kernel: ${state}`, { exitCode: 3, hint });
}
