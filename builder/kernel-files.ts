// The files of one kernel: the release that its image tells, its module tree, its configuration.
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { LifeboatError } from "#os/error";
import { exists, fileInfo, listDirectory, readBytes, readRange, readText } from "#os/files";
import { readLinuxImage } from "../formats/linux-image.ts";
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

/** A bzImage tells its version in its first bytes: a 16-bit pointer, and at most 256 bytes where it points. */
const HEAD_BYTES = 0x10400;

/** The release, or undefined where the image keeps it inside a compressed payload (zboot). Throws when it is no kernel. */
export async function releaseOfImage(path: string): Promise<string | undefined> {
  const info = await fileInfo(path);
  if (info === undefined) throw noKernel(path, "there is no such file", "Name a file such as /boot/vmlinuz-6.1.0-56-amd64");
  if (info.type !== "file") throw noKernel(path, `it is a ${info.type.replace("-", " ")}`, "Name the file itself");
  const head = await readRange(path, 0, HEAD_BYTES);
  const isBzImage = String.fromCharCode(...head.subarray(0x202, 0x206)) === "HdrS";
  const image = isBzImage ? readLinuxImage(head, path, info.sizeBytes) : readLinuxImage(await unpacked(path), path);
  return image.format === "zboot" ? undefined : image.release;
}

/** Some arm64 distributions install an Image compressed with gzip. */
async function unpacked(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(path, bytes) : bytes;
}

function gunzip(path: string, bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new LifeboatError(`Cannot unpack "${path}" as it begins like gzip: the rest is damaged`, {
      hint: "Install the kernel again",
      cause: error,
    });
  }
}

/** The module tree of `release` in the image's own tree or in `tree`; undefined when there is none. */
export async function findModuleDirectory(release: string, tree: KernelTree, kernelPath?: string): Promise<string | undefined> {
  for (const directory of placesOf(MODULE_PATHS, release, rootsOf(tree, kernelPath))) {
    if ((await fileInfo(directory))?.type === "directory") return directory;
  }
  return undefined;
}

/** Throws unless depmod has run there. */
export async function checkModuleDirectory(directory: string): Promise<void> {
  if (await exists(join(directory, "modules.dep"))) return;
  throw new LifeboatError(`Cannot use the modules in "${directory}" as depmod must have listed them: "${directory}" has no modules.dep`, {
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

/** The configuration of `release` in the image's own tree, in `tree`, and in the running kernel when it is that one. */
export async function findKernelConfig(release: string, tree: KernelTree, kernelPath: string): Promise<KernelConfigFile | undefined> {
  const candidates = placesOf(CONFIG_PATHS, release, rootsOf(tree, kernelPath));
  if (release === tree.runningRelease) candidates.push(join(tree.root, "proc/config.gz"));
  for (const path of candidates) {
    if ((await fileInfo(path))?.type !== "file") continue;
    const text = path.endsWith(".gz") ? new TextDecoder().decode(gunzip(path, await readBytes(path))) : await readText(path);
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

/** The tree around an image: that of X/boot/vmlinuz and of X/usr/lib/modules/RELEASE/vmlinuz is X. */
function rootsOf(tree: KernelTree, kernelPath: string | undefined): readonly string[] {
  if (kernelPath === undefined) return [tree.root];
  const own = /^(.*?)\/(?:usr\/)?lib\/modules\/[^/]+\/[^/]+$/.exec(kernelPath)?.[1] ?? join(dirname(kernelPath), "..");
  return [own, tree.root];
}

function placesOf(templates: readonly string[], release: string, roots: readonly string[]): string[] {
  return roots.flatMap((root) =>
    templates.flatMap((template) => fillTemplate(template, { release }) ?? []).map((path) => join(root || "/", path)),
  );
}

function noKernel(path: string, state: string, hint: string): LifeboatError {
  return new LifeboatError(`Cannot use "${path}" as it must be a Linux kernel: ${state}`, { exitCode: 3, hint });
}
