// The libraries of one ELF program, found as its loader would: breadth first, each name once.
import { posix } from "node:path";
import { LifeboatError } from "#os/error";
import { isSameAbi, type ElfFile } from "../formats/elf.ts";
import type { Because } from "./image-plan.ts";
import type { KnownDlopen } from "./known-dlopens.ts";
import {
  candidateDirectories,
  expandGlob,
  expandTokens,
  isInsideMuslLoader,
  systemDirectories,
  type LoadedObject,
  type SystemDirectories,
} from "./library-search.ts";
import type { RootedTree } from "./rooted-tree.ts";

export interface LinkedFile {
  /** Absolute in the root, as the loader would open it: links not resolved. */
  readonly path: string;
  readonly because: Because;
}

export interface LinkedFiles {
  readonly files: readonly LinkedFile[];
  /** What a program would like to open and this system does not have; one sentence each. */
  readonly notes: readonly string[];
  /** Directories of ld.so.conf in which something was found: the image's loader must be told of them. */
  readonly configuredDirectories: readonly string[];
  /** Objects that import dlopen and neither carry a note nor stand in the table. */
  readonly unexplainedDlopens: readonly string[];
}

export interface ElfWorld {
  readonly tree: RootedTree;
  /** By path relative to the root; undefined when it is no ELF file. */
  readonly readElfAt: (path: string) => Promise<ElfFile | undefined>;
  readonly dlopens: readonly KnownDlopen[];
}

interface Queued extends LoadedObject {
  readonly because: Because;
}

interface Walk {
  readonly world: ElfWorld;
  readonly program: ElfFile;
  readonly system: SystemDirectories;
  /** Names that are loaded: by DT_NEEDED and by DT_SONAME. */
  readonly loaded: Set<string>;
  readonly queue: Queued[];
  readonly files: LinkedFile[];
  readonly notes: string[];
  readonly configured: Set<string>;
  readonly unexplained: string[];
}

/** Throws LifeboatError when a library that the program needs is nowhere. `path` is relative to the root. */
export async function linkedFiles(
  world: ElfWorld,
  path: string,
  program: { readonly elf: ElfFile; readonly because: Because },
): Promise<LinkedFiles> {
  const { elf, because } = program;
  const start: Queued = { path, elf, loader: undefined, because };
  const walk: Walk = {
    world,
    program: elf,
    system: await systemDirectories(world.tree, elf),
    loaded: new Set(elf.soname === undefined ? [] : [elf.soname]),
    queue: [start],
    files: [],
    notes: [],
    configured: new Set(),
    unexplained: [],
  };
  if (elf.interpreter !== undefined) await loadInterpreter(walk, start, elf.interpreter);
  // The queue grows while it is walked.
  for (const object of walk.queue) {
    for (const name of object.elf.needed) {
      if (!(await load(walk, object, { name, reason: `${object.path} needs ${name}` }))) throw await missing(walk, object, name);
    }
    await loadNoted(walk, object);
    await loadKnown(walk, object);
  }
  return { files: walk.files, notes: walk.notes, configuredDirectories: [...walk.configured], unexplainedDlopens: walk.unexplained };
}

async function loadInterpreter(walk: Walk, object: Queued, interpreter: string): Promise<void> {
  const { path } = await walk.world.tree.resolve(interpreter);
  const elf = await walk.world.readElfAt(path);
  if (elf === undefined) {
    throw new LifeboatError(`Cannot take "/${object.path}" into the image as its loader must be there: no "${interpreter}"`, {
      hint: "Install the C library it was made for, or leave the program out",
    });
  }
  if (elf.soname !== undefined) walk.loaded.add(elf.soname);
  walk.loaded.add(posix.basename(interpreter));
  walk.files.push({ path: interpreter, because: [`${object.path} is started by it`, ...object.because] });
}

/** False when there is no such library. */
async function load(walk: Walk, object: Queued, { name, reason }: { readonly name: string; readonly reason: string }): Promise<boolean> {
  if (walk.loaded.has(name) || isInsideMuslLoader(walk.program, name)) return true;
  for (const path of pathsOf(walk, object, name)) {
    const found = await tryLoad(walk, object, { name, path, reason });
    if (found) return true;
  }
  return false;
}

function pathsOf(walk: Walk, object: Queued, name: string): readonly string[] {
  if (name.includes("/")) return expandTokens(name, object);
  return candidateDirectories(object, walk.system).map((directory) => posix.join(directory, name));
}

interface Attempt {
  readonly name: string;
  readonly path: string;
  readonly reason: string;
}

/** Files of another class or machine are passed over, as the loader does. */
async function tryLoad(walk: Walk, object: Queued, { name, path, reason }: Attempt): Promise<boolean> {
  const { path: real, info } = await walk.world.tree.resolve(path);
  if (info?.type !== "file") return false;
  const elf = await walk.world.readElfAt(real);
  if (elf === undefined || !isSameAbi(walk.program, elf)) return false;
  walk.loaded.add(name);
  if (elf.soname !== undefined) walk.loaded.add(elf.soname);
  const because = [reason, ...object.because];
  walk.files.push({ path, because });
  walk.queue.push({ path: real, elf, loader: object, because });
  const directory = posix.dirname(path);
  if (walk.system.configured.includes(directory)) walk.configured.add(directory);
  return true;
}

/** `.note.dlopen`: required and recommended are taken, suggested is left to the user's own list. */
async function loadNoted(walk: Walk, object: Queued): Promise<void> {
  for (const note of object.elf.dlopen) {
    if (note.priority === "suggested") continue;
    const purpose = note.description ?? note.feature ?? "its own purposes";
    const reason = `${object.path} opens ${note.sonames[0] ?? ""} for ${purpose}`;
    if (await loadFirst(walk, object, { names: note.sonames, reason })) continue;
    if (note.priority === "required") throw await missing(walk, object, note.sonames.join(" or "));
    walk.notes.push(`${object.path} would open ${note.sonames.join(" or ")} for ${purpose}: not on this system`);
  }
}

async function loadFirst(
  walk: Walk,
  object: Queued,
  { names, reason }: { readonly names: readonly string[]; readonly reason: string },
): Promise<boolean> {
  for (const name of names) if (await load(walk, object, { name, reason })) return true;
  return false;
}

async function loadKnown(walk: Walk, object: Queued): Promise<void> {
  const known = walk.world.dlopens.filter((one) => applies(one, object));
  for (const one of known) {
    if (one.unlessLibcHas !== undefined && (await libcHas(walk, one.unlessLibcHas))) continue;
    const reason = `${object.path}: ${one.why} (${one.link})`;
    for (const take of one.take) {
      if (take.includes("/")) await takePlugins(walk, object, { take, reason });
      else await load(walk, object, { name: take, reason });
    }
  }
  if (opensUnexplained(object, known)) walk.unexplained.push(object.path);
}

/** Entries by imported symbol explain what libc opens, not what the object does. */
function opensUnexplained({ elf }: Queued, known: readonly KnownDlopen[]): boolean {
  if (/^(?:libc|libdl|ld-linux.*|ld-musl.*)\.so/.test(elf.soname ?? "") || elf.dlopen.length > 0) return false;
  return elf.mentions("dlopen") && known.every(({ when }) => when.library === undefined && when.programs === undefined);
}

function applies({ when }: KnownDlopen, { path, elf, loader }: Queued): boolean {
  if (when.library !== undefined && elf.soname === when.library) return true;
  if (loader === undefined && when.programs?.includes(posix.basename(path)) === true) return true;
  return elf.soname?.startsWith("libc.") !== true && (when.imports?.some((symbol) => elf.mentions(symbol)) ?? false);
}

async function libcHas(walk: Walk, symbol: string): Promise<boolean> {
  const libc = walk.queue.find((one) => one.elf.soname?.startsWith("libc.so") === true);
  return libc?.elf.mentions(symbol) ?? false;
}

/** Plugins are wishes: one whose own libraries are missing is left out, with a note. */
async function takePlugins(
  walk: Walk,
  object: Queued,
  { take, reason }: { readonly take: string; readonly reason: string },
): Promise<void> {
  const seen = new Set<string>();
  for (const directory of candidateDirectories(object, walk.system)) {
    for (const path of await expandGlob(walk.world.tree, posix.join(directory, take))) {
      const { path: real, info } = await walk.world.tree.resolve(path);
      if (info?.type !== "file" || seen.has(real)) continue;
      seen.add(real);
      await takePlugin(walk, object, { name: posix.basename(path), path, reason });
    }
  }
}

async function takePlugin(walk: Walk, object: Queued, attempt: Attempt): Promise<void> {
  const { path: real } = await walk.world.tree.resolve(attempt.path);
  const elf = await walk.world.readElfAt(real);
  if (elf === undefined) {
    walk.files.push({ path: attempt.path, because: [attempt.reason, ...object.because] });
    return;
  }
  if (!isSameAbi(walk.program, elf)) return;
  const probe: Queued = { path: real, elf, loader: object, because: [attempt.reason, ...object.because] };
  const absent: string[] = [];
  for (const name of elf.needed) {
    if (walk.loaded.has(name)) continue;
    if (!(await isFindable(walk, probe, name))) absent.push(name);
  }
  if (absent.length > 0) walk.notes.push(`${real} is left out: it needs ${absent.join(", ")}, not on this system`);
  else await tryLoad(walk, object, attempt);
}

async function isFindable(walk: Walk, object: Queued, name: string): Promise<boolean> {
  for (const path of pathsOf(walk, object, name)) {
    const { path: real, info } = await walk.world.tree.resolve(path);
    if (info?.type === "file" && (await walk.world.readElfAt(real)) !== undefined) return true;
  }
  return false;
}

async function missing(walk: Walk, object: Queued, name: string): Promise<LifeboatError> {
  const paths = pathsOf(walk, object, name);
  let otherAbi: string | undefined;
  for (const path of paths) {
    const { path: real, info } = await walk.world.tree.resolve(path);
    if (info?.type === "file" && (await walk.world.readElfAt(real)) !== undefined) otherAbi ??= real;
  }
  const state =
    otherAbi === undefined
      ? `it is in none of ${paths.map((path) => posix.dirname(path)).join(", ")}`
      : `"/${otherAbi}" is for another machine`;
  return new LifeboatError(`Cannot take "/${object.path}" into the image as its library "${name}" must be there: ${state}`, {
    hint: `Install the package that has ${name}, or leave the program out. Why it is wanted: ${object.because.join("; ")}`,
  });
}
