// Everything that wanted programs and files need to run: libraries, loaders, script interpreters, links on the way.
import { posix } from "node:path";
import { LifeboatError } from "#os/error";
import { readBytes, readRange } from "#os/files";
import { isElf, readElf, type ElfFile } from "../formats/elf.ts";
import type { Because, DirectoryEntry, FileEntry, SymlinkEntry } from "./image-plan.ts";
import { KNOWN_DLOPENS, type KnownDlopen } from "./known-dlopens.ts";
import { linkedFiles } from "./linked-files.ts";
import { PROGRAM_DIRECTORIES } from "./programs.ts";
import { rootedTree, type RootedTree } from "./rooted-tree.ts";
import { readShebang, SHEBANG_BYTES, type Shebang } from "./shebang.ts";

export interface WantedFile {
  /** A program's name, looked up in the program directories, or a path with a slash. A directory brings all it holds. */
  readonly name: string;
  /** A required one that is missing, or lacks a library, is an error; an optional one is left out and reported. Damage is always an error. */
  readonly need: "required" | "optional";
  /** Why it is wanted, nearest first. */
  readonly because: Because;
}

export interface ClosureOptions {
  /** The system that the files are taken from; "/" unless given. */
  readonly root?: string;
  /** Relative to the root. */
  readonly programDirectories?: readonly string[];
  readonly dlopens?: readonly KnownDlopen[];
}

export interface MissingFile {
  readonly name: string;
  /** `absent`: this system does not have it. `incomplete`: it is there, and something that it needs to run is not. */
  readonly kind: "absent" | "incomplete";
  /** The message of the error. */
  readonly state: string;
  readonly because: Because;
}

/** An entry of the image plan that still lacks its layer. */
export type ClosureEntry = Omit<FileEntry, "layer"> | Omit<SymlinkEntry, "layer"> | Omit<DirectoryEntry, "layer">;

export interface Closure {
  /** Sorted by path. Directories only where a wanted one is empty. */
  readonly entries: readonly ClosureEntry[];
  /** Optional ones that were left out. */
  readonly missing: readonly MissingFile[];
  /** Libraries that a program would open and this system lacks; one sentence each. */
  readonly notes: readonly string[];
  /** Directories of ld.so.conf that hold something of the closure: the image's loader does not search them by itself. */
  readonly configuredDirectories: readonly string[];
  /** Objects that import dlopen and do not say for what, sorted. */
  readonly unexplainedDlopens: readonly string[];
}

type Inspected = { readonly elf: ElfFile } | { readonly shebang: Shebang } | "data" | "empty";

interface Session {
  readonly tree: RootedTree;
  readonly inspect: (path: string) => Promise<Inspected>;
  readonly programDirectories: readonly string[];
  readonly dlopens: readonly KnownDlopen[];
}

/** What one wanted file brings; merged into the whole only when all of it was found. */
interface Collected {
  readonly entries: Map<string, ClosureEntry>;
  readonly notes: Set<string>;
  readonly configured: Set<string>;
  readonly unexplained: Set<string>;
}

type Group = ClosureEntry["group"];

/**
 * Throws LifeboatError when something required is missing, naming who needs it, and when a program or library is damaged.
 * Earlier wanted files give the reasons of what they share.
 */
export async function fileClosure(wanted: readonly WantedFile[], options: ClosureOptions = {}): Promise<Closure> {
  const session = openSession(options);
  const whole = nothing();
  const missing: MissingFile[] = [];
  for (const one of wanted) {
    const collected = nothing();
    try {
      await collectWanted(session, collected, one);
    } catch (error) {
      if (one.need === "required" || !(error instanceof LifeboatError) || error instanceof DamagedFile) throw error;
      const kind = (await placeOf(session, one.name)) === undefined ? "absent" : "incomplete";
      missing.push({ name: one.name, kind, state: error.message, because: one.because });
      continue;
    }
    merge(whole, collected);
  }
  return {
    entries: [...whole.entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    missing,
    notes: [...whole.notes],
    configuredDirectories: [...whole.configured],
    unexplainedDlopens: [...whole.unexplained].sort(),
  };
}

/** What is damaged today is no better on the bad day: never a reason to do without it silently. */
class DamagedFile extends LifeboatError {}

function openSession({ root = "/", programDirectories = PROGRAM_DIRECTORIES, dlopens = KNOWN_DLOPENS }: ClosureOptions): Session {
  const tree = rootedTree(root);
  const seen = new Map<string, Promise<Inspected>>();
  const inspect = (path: string) => {
    const known = seen.get(path) ?? inspectFile(tree.hostPath(path), path);
    seen.set(path, known);
    return known;
  };
  return { tree, inspect, programDirectories, dlopens };
}

async function inspectFile(hostPath: string, path: string): Promise<Inspected> {
  const head = await readRange(hostPath, 0, SHEBANG_BYTES);
  if (head.length === 0) return "empty";
  if (isElf(head)) return { elf: await readWholeElf(hostPath, path) };
  const shebang = readShebang(head);
  return shebang === undefined ? "data" : { shebang };
}

async function readWholeElf(hostPath: string, path: string): Promise<ElfFile> {
  const bytes = await readBytes(hostPath);
  try {
    return readElf(bytes, `/${path}`);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    const state = error.message.slice(error.message.indexOf(" as ") + " as ".length);
    throw damaged(path, state, error);
  }
}

function damaged(path: string, state: string, cause?: unknown): DamagedFile {
  return new DamagedFile(`Cannot take "/${path}" into the image as it must be whole: ${state}`, {
    hint: "Install its package again",
    cause,
  });
}

async function collectWanted(session: Session, collected: Collected, { name, because }: WantedFile): Promise<void> {
  const path = await placeOf(session, name);
  if (path === undefined) {
    const state = name.includes("/") ? "there is no such file" : `it is in none of ${session.programDirectories.join(", ")}`;
    throw new LifeboatError(`Cannot take "${name}" into the image as it must be there: ${state}`, {
      hint: `Install the package that has it. Why it is wanted: ${because.join("; ")}`,
    });
  }
  const { path: real, info } = await session.tree.resolve(path);
  if (!name.includes("/") && info?.type === "file" && (await session.inspect(real)) === "empty") throw damaged(real, "it is empty");
  await collectPath(session, collected, { path, because, group: "programs" });
}

/** Undefined when there is nothing. */
async function placeOf(session: Session, name: string): Promise<string | undefined> {
  if (!name.includes("/")) return findProgram(session, name);
  return (await session.tree.resolve(name)).info === undefined ? undefined : name;
}

async function findProgram({ tree, programDirectories }: Session, name: string): Promise<string | undefined> {
  for (const directory of programDirectories) {
    const path = posix.join(directory, name);
    const { info } = await tree.resolve(path);
    if (info?.type === "file" && (info.mode & 0o111) !== 0) return path;
  }
  return undefined;
}

interface Item {
  readonly path: string;
  readonly because: Because;
  readonly group: Group;
}

/** Takes a path, the links on the way to it, and what it needs. */
async function collectPath(session: Session, collected: Collected, item: Item): Promise<void> {
  const { path, info, links } = await session.tree.resolve(item.path);
  for (const link of links)
    put(collected, { type: "symlink", path: link.path, mode: 0o777, target: link.target, group: item.group, because: item.because });
  if (info === undefined || collected.entries.has(path)) return;
  if (info.type === "directory") return collectDirectory(session, collected, { ...item, path });
  if (info.type !== "file") throw new LifeboatError(`Cannot take "/${path}" into the image as it must be a file: it is a ${info.type}`);
  put(collected, {
    type: "file",
    path,
    // No set-uid bits: everybody is root in the rescue image.
    mode: info.mode & 0o777,
    sizeBytes: info.sizeBytes,
    content: { hostPath: session.tree.hostPath(path) },
    group: item.group,
    because: item.because,
  });
  await collectNeeds(session, collected, { ...item, path });
}

async function collectDirectory(session: Session, collected: Collected, item: Item): Promise<void> {
  const names = await session.tree.list(item.path);
  const { info } = await session.tree.resolve(item.path);
  if (names.length === 0 && item.path !== "") put(collected, { ...item, type: "directory", mode: (info?.mode ?? 0o755) & 0o777 });
  for (const name of names) {
    const path = posix.join(item.path, name);
    const child = await session.tree.resolve(path);
    // A link out of the tree to another directory is kept as a link: following it could bring half the system.
    const isLinkToDirectory = child.links.length > 0 && child.info?.type === "directory";
    const last = child.links.find((link) => link.path === path);
    if (isLinkToDirectory && last !== undefined) {
      put(collected, { type: "symlink", path, mode: 0o777, target: last.target, group: item.group, because: item.because });
    } else if (child.info === undefined || child.info.type === "file" || child.info.type === "directory") {
      await collectPath(session, collected, { ...item, path });
    }
  }
}

async function collectNeeds(session: Session, collected: Collected, { path, because }: Item): Promise<void> {
  const inspected = await session.inspect(path);
  if (inspected === "data" || inspected === "empty") return;
  if ("shebang" in inspected) return collectInterpreter(session, collected, { path, because, shebang: inspected.shebang });
  const { elf } = inspected;
  if (elf.type !== "executable" && elf.type !== "shared") return;
  const world = { tree: session.tree, dlopens: session.dlopens, readElfAt: (one: string) => elfAt(session, one) };
  const linked = await linkedFiles(world, path, { elf, because });
  for (const file of linked.files) await collectFile(session, collected, { ...file, group: "libraries" });
  for (const note of linked.notes) collected.notes.add(note);
  for (const directory of linked.configuredDirectories) collected.configured.add(directory);
  for (const one of linked.unexplainedDlopens) collected.unexplained.add(one);
}

/** A library whose own needs are known already: its links and itself. */
async function collectFile(session: Session, collected: Collected, item: Item): Promise<void> {
  const { path, info, links } = await session.tree.resolve(item.path);
  const { group, because } = item;
  for (const link of links) put(collected, { type: "symlink", path: link.path, mode: 0o777, target: link.target, group, because });
  if (info === undefined) return;
  const content = { hostPath: session.tree.hostPath(path) };
  put(collected, { type: "file", path, mode: info.mode & 0o777, sizeBytes: info.sizeBytes, content, group, because });
}

const LIBRARY_NAME = /\.so(?:\.[^/]*)?$/;

async function elfAt(session: Session, path: string): Promise<ElfFile | undefined> {
  const { info } = await session.tree.resolve(path);
  if (info?.type !== "file") return undefined;
  const inspected = await session.inspect(path);
  // A text in a library's place is a linker script; a library that is empty was cut short.
  if (inspected === "empty" && LIBRARY_NAME.test(path)) throw damaged(path, "it is empty");
  return typeof inspected === "object" && "elf" in inspected ? inspected.elf : undefined;
}

interface Script {
  readonly path: string;
  readonly because: Because;
  readonly shebang: Shebang;
}

async function collectInterpreter(session: Session, collected: Collected, { path, because, shebang }: Script): Promise<void> {
  const { interpreter, program } = shebang;
  for (const name of program === undefined ? [interpreter] : [interpreter, program]) {
    await collectWanted(session, collected, { name, need: "required", because: [`${path} is a script for ${name}`, ...because] });
  }
}

function nothing(): Collected {
  return { entries: new Map(), notes: new Set(), configured: new Set(), unexplained: new Set() };
}

/** The first reason stays. */
function put(collected: Collected, entry: ClosureEntry): void {
  if (!collected.entries.has(entry.path)) collected.entries.set(entry.path, entry);
}

function merge(whole: Collected, part: Collected): void {
  for (const entry of part.entries.values()) put(whole, entry);
  for (const note of part.notes) whole.notes.add(note);
  for (const directory of part.configured) whole.configured.add(directory);
  for (const one of part.unexplained) whole.unexplained.add(one);
}
