// Gathers all that goes into a rescue image: every entry with its layer, its group and its reasons.

import { join } from "node:path";
import { realPath } from "#os/files";
import { AGENT_PATH } from "./agent-path.ts";
import { fileClosure, type ClosureEntry, type MissingFile, type WantedFile } from "./file-closure.ts";
import { findBusybox, type Busybox } from "./find-busybox.ts";
import type { FoundKernel } from "./find-kernel.ts";
import { findFirmware, type FirmwareFiles } from "./firmware-files.ts";
import { imagePath, imageTarget } from "./image-path.ts";
import type { Group, Layer, PlanEntry } from "./image-plan.ts";
import { busyboxEntries, initEntries, LIBRARY_PATH_FILE } from "./init-files.ts";
import { microcodeEntries } from "./microcode.ts";
import { moduleEntries, type ModuleChoice, type ModulePart } from "./module-entries.ts";
import { readModuleFiles, type ModuleFiles } from "./module-files.ts";
import { TOOL_FILES, TOOL_PROGRAMS, USELESS_FILES, type ToolProgram } from "./programs.ts";

export interface GatherOptions {
  readonly root: string;
  readonly cacheDirectory: string;
  /** The single binary that becomes the agent. */
  readonly agentPath: string;
  readonly busybox: string | undefined;
  readonly modules: ModuleChoice;
  /** `needed`: what the chosen modules name; `none`: no firmware at all. */
  readonly firmware: "needed" | "none";
}

export interface ImageContents {
  readonly entries: readonly PlanEntry[];
  readonly busybox: Busybox;
  readonly modulePart: ModulePart;
  readonly moduleFiles: ModuleFiles;
  /** Of the kernel's whole module directory. */
  readonly moduleNames: ReadonlySet<string>;
  /** Programs that this machine does not have. */
  readonly absentPrograms: readonly ToolProgram[];
  /** Programs and files that this machine has, left out as something that they need to run is missing. */
  readonly incompleteFiles: readonly MissingFile[];
  /** Image paths of all programs, to be tried. */
  readonly programPaths: readonly string[];
  /** Libraries that a program would open by itself and this machine lacks; one sentence each. */
  readonly notes: readonly string[];
  /** Programs and libraries that open others by themselves and do not say which, sorted image paths. */
  readonly unexplainedDlopens: readonly string[];
}

export async function gatherImage(kernel: FoundKernel, options: GatherOptions): Promise<ImageContents> {
  const busybox = await findBusybox({ given: options.busybox, cacheDirectory: options.cacheDirectory });
  const files = await readModuleFiles(kernel, options.cacheDirectory);
  const firmware = await gatherFirmware(kernel, options, [...files.firmware.values()].flat());
  const modulePart = moduleEntries({ release: kernel.release, files, firmware }, options.modules);
  const agent = await agentEntries(options.agentPath);
  const tools = await toolEntries(options.root, new Set([...agent.map(({ path }) => path), "usr/bin/busybox"]));
  const entries = [
    ...(await microcodeEntries(join(options.root, "lib/firmware"))),
    ...initEntries(),
    ...busyboxEntries(busybox.path, busybox.sizeBytes, busybox.applets),
    ...agent,
    ...modulePart.entries,
    ...tools.entries,
  ];
  return {
    entries: firstOfEach(entries),
    busybox,
    modulePart,
    moduleFiles: files,
    moduleNames: new Set(files.tree.modules.keys()),
    absentPrograms: tools.absent,
    incompleteFiles: tools.incomplete,
    programPaths: [AGENT_PATH, ...tools.programPaths],
    notes: tools.notes,
    unexplainedDlopens: tools.unexplainedDlopens,
  };
}

async function gatherFirmware(kernel: FoundKernel, { root, firmware }: GatherOptions, names: readonly string[]): Promise<FirmwareFiles> {
  if (firmware === "none") return { found: [], missing: [], entries: [] };
  return findFirmware(names, { root, release: kernel.release });
}

async function agentEntries(agentPath: string): Promise<readonly PlanEntry[]> {
  const own = (await realPath(agentPath)).slice(1);
  const closure = await fileClosure([{ name: `/${own}`, need: "required", because: ["the agent runs the stages"] }]);
  // Reasons name the agent as the image does, not where it lies on this machine.
  const rename = (reason: string) => (reason.startsWith(`${own} `) ? AGENT_PATH + reason.slice(own.length) : reason);
  return closure.entries.flatMap((entry) => {
    const isAgent = entry.path === own;
    const because = entry.because.map(rename);
    return planEntry(
      isAgent ? { ...entry, because, path: AGENT_PATH } : { ...entry, because },
      "initramfs",
      isAgent ? "agent" : "libraries",
    );
  });
}

interface Tools {
  readonly entries: readonly PlanEntry[];
  readonly notes: readonly string[];
  readonly unexplainedDlopens: readonly string[];
  readonly absent: readonly ToolProgram[];
  readonly incomplete: readonly MissingFile[];
  readonly programPaths: readonly string[];
}

/** What is in the initramfs already is not put into the tools layer again. */
async function toolEntries(root: string, inInitramfs: ReadonlySet<string>): Promise<Tools> {
  const programs = TOOL_PROGRAMS.map(({ name, purpose }): WantedFile => ({ name, need: "optional", because: [`${name} ${purpose}`] }));
  const data = TOOL_FILES.map(({ path, purpose }): WantedFile => ({ name: path, need: "optional", because: [purpose] }));
  const closure = await fileClosure([...programs, ...data], { root });
  const entries = closure.entries
    .flatMap((entry) => planEntry(entry, "tools", entry.group))
    .filter(({ path }) => !inInitramfs.has(path) && !USELESS_FILES.test(path));
  const absent = new Set(closure.missing.filter(({ kind }) => kind === "absent").map(({ name }) => name));
  return {
    entries: [...entries, ...libraryPathEntries(closure.configuredDirectories)],
    notes: closure.notes,
    unexplainedDlopens: closure.unexplainedDlopens.map((path) => imagePath(path) ?? path),
    absent: TOOL_PROGRAMS.filter(({ name }) => absent.has(name)),
    incomplete: closure.missing.filter(({ kind }) => kind === "incomplete"),
    programPaths: entries
      .filter(({ group, mode, type }) => group === "programs" && type === "file" && (mode & 0o111) !== 0)
      .map(({ path }) => path),
  };
}

/** The image has no ld.so.cache: directories of ld.so.conf that hold a library are told to the loader by LD_LIBRARY_PATH. */
function libraryPathEntries(directories: readonly string[]): readonly PlanEntry[] {
  if (directories.length === 0) return [];
  const bytes = new TextEncoder().encode(directories.map((path) => `/${imagePath(path) ?? path}`).join(":"));
  const because = ["the loader looks for libraries there"];
  return [
    {
      type: "file",
      path: LIBRARY_PATH_FILE,
      mode: 0o644,
      layer: "tools",
      group: "libraries",
      because,
      sizeBytes: bytes.length,
      content: { bytes },
    },
  ];
}

function planEntry(entry: ClosureEntry, layer: Layer, group: Group): readonly PlanEntry[] {
  const path = imagePath(entry.path);
  if (path === undefined) return [];
  if (entry.type === "symlink") return [{ ...entry, path, layer, group, target: imageTarget(entry.target) }];
  return [{ ...entry, path, layer, group }];
}

/** An entry of the initramfs goes before one of the same path elsewhere; the first reason is kept. */
function firstOfEach(entries: readonly PlanEntry[]): readonly PlanEntry[] {
  const byPath = new Map<string, PlanEntry>();
  for (const entry of entries) if (!byPath.has(`${entry.layer} ${entry.path}`)) byPath.set(`${entry.layer} ${entry.path}`, entry);
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
