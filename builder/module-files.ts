// The kernel's module directory as the builder needs it: the parsed texts, the uncompressed files, the firmware each module names.

import { join } from "node:path";
import { firmwareNames, listFirmware } from "kmod-parse/firmware";
import { CONFIG_DIRECTORIES, type ConfigFile } from "kmod-parse/modprobe-config";
import { modinfoValues, moduleTail, readModinfo, type ModinfoEntry, type ModuleTail } from "kmod-parse/modinfo-section";
import { parseModuleTree, type ModuleTree, type ModuleTreeTexts } from "kmod-parse/module-tree";
import { bulkReader, fileStamp } from "#os/bulk-files";
import { digestOf } from "#os/digest";
import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import {
  copyFile,
  exists,
  listDirectory,
  makeDirectory,
  moveIntoPlace,
  readTextIfThere,
  removeTree,
  temporaryName,
  writeAtomic,
} from "#os/files";
import { checkModuleTexts } from "./check-module-texts.ts";
import { withPlace } from "./module-errors.ts";

export interface ModuleFile {
  /** Relative to the module directory, as modules.dep names it. */
  readonly path: string;
  /** The uncompressed file on this machine. */
  readonly hostPath: string;
  readonly sizeBytes: number;
}

export interface ModuleFiles {
  readonly tree: ModuleTree;
  /** By module name. */
  readonly files: ReadonlyMap<string, ModuleFile>;
  /** Firmware names by module name, of modules and of what is built in. */
  readonly firmware: ReadonlyMap<string, readonly string[]>;
}

const TEXTS = [
  "modules.dep",
  "modules.alias",
  "modules.softdep",
  "modules.weakdep",
  "modules.builtin",
  "modules.builtin.modinfo",
  "modules.devname",
] as const;
const COMPRESSED = /\.(xz|zst|gz)$/;

export interface KernelModules {
  readonly release: string;
  /** As a rule `/lib/modules/RELEASE`. */
  readonly moduleDirectory: string;
}

/** Reads the module directory of one kernel. Slow parts are kept in the cache. Throws LifeboatError naming the file that is wrong. */
export async function readModuleFiles(kernel: KernelModules, cacheDirectory: string): Promise<ModuleFiles> {
  const directory = kernel.moduleDirectory;
  const [texts, configFiles] = [await readTexts(directory), await readConfigFiles()];
  const tree = withPlace(directory, () => parseModuleTree(texts, configFiles));
  await checkModuleTexts(directory, texts, tree);
  const stamps = stampModules(directory, tree);
  const key = digestOf(`${kernel.release}\n`, ...stamps.map(({ path, stamp }) => `${path}\0${stamp}\n`)).slice(0, 32);
  const plain = await plainFiles(directory, stamps, join(cacheDirectory, `modules-${key}`));
  const names = await readFirmwareNames(kernel, plain, join(cacheDirectory, `firmware-${key}.json`));
  return { tree, files: plain, firmware: new Map([...listFirmware(tree.builtins), ...names]) };
}

/** The module's path in the image: without the suffix of its compression. */
export function plainPath(path: string): string {
  return path.replace(COMPRESSED, "");
}

async function readTexts(directory: string): Promise<ModuleTreeTexts> {
  const pairs = await Promise.all(TEXTS.map(async (name) => [name, await readTextIfThere(join(directory, name))] as const));
  return Object.fromEntries(pairs.filter(([, text]) => text !== undefined));
}

async function readConfigFiles(): Promise<readonly ConfigFile[]> {
  const files: ConfigFile[] = [];
  for (const directory of CONFIG_DIRECTORIES) {
    for (const name of await listDirectory(directory)) {
      const text = name.endsWith(".conf") ? await readTextIfThere(join(directory, name)) : undefined;
      if (text !== undefined) files.push({ name, directory, text });
    }
  }
  return files;
}

interface Stamped {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly stamp: string;
}

function stampModules(directory: string, tree: ModuleTree): readonly Stamped[] {
  return [...tree.modules.values()].map(({ name, path }) => {
    const found = fileStamp(join(directory, path));
    if (found === undefined) {
      throw new LifeboatError(`Cannot read module "${name}" as modules.dep names it: "${join(directory, path)}" is not there`, {
        hint: "Run depmod, or install the kernel's package again",
      });
    }
    return { name, path, ...found };
  });
}

async function plainFiles(
  directory: string,
  stamps: readonly Stamped[],
  unpackedDirectory: string,
): Promise<ReadonlyMap<string, ModuleFile>> {
  const compressed = stamps.filter(({ path }) => COMPRESSED.test(path));
  if (compressed.length > 0 && !(await exists(unpackedDirectory))) await unpack(directory, compressed, unpackedDirectory);
  const files = stamps.map(({ name, path, sizeBytes }): [string, ModuleFile] => {
    if (!COMPRESSED.test(path)) return [name, { path, hostPath: join(directory, path), sizeBytes }];
    const hostPath = join(unpackedDirectory, plainPath(path));
    return [name, { path, hostPath, sizeBytes: fileStamp(hostPath)?.sizeBytes ?? 0 }];
  });
  return new Map(files);
}

const UNPACKERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  xz: ["xz", "-d", "-q"],
  zst: ["zstd", "-d", "-q", "--rm"],
  gz: ["gzip", "-d", "-q"],
};

/** One process unpacks many modules: a process for each would cost more than the unpacking. */
const BATCH = 200;

async function unpack(directory: string, modules: readonly Stamped[], unpackedDirectory: string): Promise<void> {
  const unfinished = temporaryName(unpackedDirectory);
  try {
    for (const { path } of modules) {
      await makeDirectory(join(unfinished, path, ".."));
      await copyFile(join(directory, path), join(unfinished, path));
    }
    for (const [suffix, command] of Object.entries(UNPACKERS)) {
      const paths = modules.filter(({ path }) => path.endsWith(`.${suffix}`)).map(({ path }) => join(unfinished, path));
      for (let at = 0; at < paths.length; at += BATCH) await run([...command, ...paths.slice(at, at + BATCH)]);
    }
    await run(["sync", "--file-system", unfinished]);
    await moveIntoPlace(unfinished, unpackedDirectory);
  } catch (error) {
    await removeTree(unfinished);
    // Another build was quicker with the same modules.
    if (await exists(unpackedDirectory)) return;
    throw error instanceof LifeboatError ? damagedModule(error, unfinished, directory) : error;
  }
}

function damagedModule(error: LifeboatError, unfinished: string, directory: string): LifeboatError {
  const state = error.message
    .slice(error.message.indexOf(": ") + 2)
    .split(unfinished)
    .join(directory);
  return new LifeboatError(`Cannot unpack the modules in "${directory}" as each must be whole: ${state}`, {
    hint: "Install the kernel's package again, and see that the cache has room",
    cause: error,
  });
}

/** What is in the cache has passed all checks. */
async function readFirmwareNames(
  { release, moduleDirectory: directory }: KernelModules,
  files: ReadonlyMap<string, ModuleFile>,
  cachePath: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const cached = await readTextIfThere(cachePath);
  if (cached !== undefined) return new Map(JSON.parse(cached) as [string, string[]][]);
  const names: [string, readonly string[]][] = [];
  const tails: { readonly path: string; readonly tail: ModuleTail }[] = [];
  const reader = bulkReader();
  for (const [name, { path, hostPath }] of files) {
    const bytes = reader.whole(hostPath);
    const modinfo = withPlace(directory, () => readModinfo(bytes, join(directory, path)));
    tails.push({ path: join(directory, path), tail: withPlace(directory, () => moduleTail(bytes, join(directory, path))) });
    checkRelease(modinfo, { path: join(directory, path), release });
    const firmware = firmwareNames(modinfo);
    if (firmware.length > 0) names.push([name, firmware]);
  }
  checkSignatures(tails);
  await makeDirectory(join(cachePath, ".."));
  await writeAtomic(cachePath, JSON.stringify(names));
  return new Map(names);
}

/** RHEL's and SUSE's links to modules of an older kernel, each of which weak-modules has found to fit. */
const WEAK_UPDATES = /\/weak-updates\//;

/** The first word of `vermagic` is the release that a module was built for (the kernel's include/linux/vermagic.h). */
function checkRelease(modinfo: readonly ModinfoEntry[], { path, release }: { readonly path: string; readonly release: string }): void {
  const [vermagic] = modinfoValues(modinfo, "vermagic");
  const builtFor = vermagic?.split(" ")[0];
  if (builtFor === undefined || builtFor === release || WEAK_UPDATES.test(path)) return;
  throw new LifeboatError(`Cannot take module "${path}" as it must be built for kernel ${release}: it is for ${builtFor}`, {
    hint: "Install the kernel's modules again, or build the module for this kernel",
  });
}

/** Where a kernel's modules are signed, bytes behind the last section that are no whole signature are what a cut has left of one. */
function checkSignatures(tails: readonly { readonly path: string; readonly tail: ModuleTail }[]): void {
  const cut = tails.find(({ tail }) => tail === "other");
  if (cut === undefined || tails.every(({ tail }) => tail !== "whole")) return;
  throw new LifeboatError(`Cannot read module "${cut.path}" as its signature must be whole: the end of the file is missing`, {
    hint: "Install the kernel's package again",
  });
}
