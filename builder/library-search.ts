// Where the loader looks for a library: ld.so(8) and ldconfig(8) of glibc, dynlink.c's rules of musl.
import { posix } from "node:path";
import { readTextIfThere } from "#os/files";
import type { ElfFile } from "../formats/elf.ts";
import type { RootedTree } from "./rooted-tree.ts";

/** An object in a process: the program itself or a library. */
export interface LoadedObject {
  /** Relative to the root, free of links. */
  readonly path: string;
  readonly elf: ElfFile;
  /** Who brought it in; undefined for the program. */
  readonly loader: LoadedObject | undefined;
}

export interface SystemDirectories {
  /** From /etc/ld.so.conf and what it includes, or musl's path file: the image's loader finds these only through its own cache or path. */
  readonly configured: readonly string[];
  /** Built into the loader. */
  readonly builtIn: readonly string[];
}

const MUSL_LOADER = /^ld-musl-(.+)\.so\.1$/;

/** e_machine to Debian's multiarch directory and the loader's $PLATFORM; the first number is e_machine, then the class. */
const MACHINES: Readonly<Record<string, { readonly multiarch: readonly string[]; readonly platform: string }>> = {
  "3/32": { multiarch: ["i386-linux-gnu"], platform: "i686" },
  "20/32": { multiarch: ["powerpc-linux-gnu"], platform: "powerpc" },
  "21/64": { multiarch: ["powerpc64le-linux-gnu", "powerpc64-linux-gnu"], platform: "power8" },
  "22/64": { multiarch: ["s390x-linux-gnu"], platform: "z900" },
  "40/32": { multiarch: ["arm-linux-gnueabihf", "arm-linux-gnueabi"], platform: "v7l" },
  "50/64": { multiarch: ["ia64-linux-gnu"], platform: "ia64" },
  "62/32": { multiarch: ["x86_64-linux-gnux32"], platform: "x86_64" },
  "62/64": { multiarch: ["x86_64-linux-gnu"], platform: "x86_64" },
  "183/64": { multiarch: ["aarch64-linux-gnu"], platform: "aarch64" },
  "243/64": { multiarch: ["riscv64-linux-gnu"], platform: "riscv64" },
};

/** Directories in which `name` may be, as `object` asks for it; the first that has it wins. Absolute in the root. */
export function candidateDirectories(object: LoadedObject, system: SystemDirectories): readonly string[] {
  const runpath = object.elf.runpath.flatMap((one) => expandTokens(one, object));
  return [...new Set([...inheritedRpath(object), ...runpath, ...system.configured, ...system.builtIn])];
}

/** A search path with $ORIGIN, $LIB and $PLATFORM filled in: one or several directories. Relative ones mean the working directory: none. */
export function expandTokens(directory: string, { path, elf }: Pick<LoadedObject, "path" | "elf">): readonly string[] {
  const { multiarch, platform } = machineOf(elf);
  const libs = [...multiarch.map((one) => `lib/${one}`), ...(elf.bits === 64 ? ["lib64"] : ["lib32"]), "lib"];
  const variants = /\$(?:LIB\b|\{LIB\})/.test(directory) ? libs : [""];
  return variants
    .map((lib) =>
      directory
        .replace(/\$(?:ORIGIN\b|\{ORIGIN\})/g, posix.dirname(`/${path}`))
        .replace(/\$(?:LIB\b|\{LIB\})/g, lib)
        .replace(/\$(?:PLATFORM\b|\{PLATFORM\})/g, platform),
    )
    .filter((one) => one.startsWith("/"))
    .map((one) => posix.normalize(one).replace(/(.)\/$/, "$1"));
}

/** Directories that hold for every object of a program; `interpreter` tells which libc it has. */
export async function systemDirectories(tree: RootedTree, elf: ElfFile): Promise<SystemDirectories> {
  const musl = muslArchitecture(elf);
  if (musl !== undefined) {
    const text = await readTextIfThere(tree.hostPath(`etc/ld-musl-${musl}.path`));
    return { configured: text?.split(/[:\n]/).filter((one) => one.startsWith("/")) ?? [], builtIn: ["/lib", "/usr/local/lib", "/usr/lib"] };
  }
  const { multiarch } = machineOf(elf);
  const wide = elf.bits === 64 ? "64" : "32";
  const builtIn = [...multiarch.flatMap((one) => [`/lib/${one}`, `/usr/lib/${one}`]), `/lib${wide}`, `/usr/lib${wide}`, "/lib", "/usr/lib"];
  const configured = await readLdSoConf(tree, "etc/ld.so.conf", 0);
  return { configured: configured.filter((one) => !builtIn.includes(one)), builtIn };
}

/** The libraries that musl's loader is itself (dynlink.c, "reserved"). */
export function isInsideMuslLoader(program: ElfFile, name: string): boolean {
  return muslArchitecture(program) !== undefined && /^lib(?:c|pthread|rt|m|dl|util|xnet)\./.test(name);
}

function muslArchitecture(elf: ElfFile): string | undefined {
  return MUSL_LOADER.exec(posix.basename(elf.interpreter ?? ""))?.[1];
}

/** RPATH of the object and of those that brought it in, each only when it has no RUNPATH. */
function inheritedRpath(object: LoadedObject): string[] {
  if (object.elf.runpath.length > 0) return [];
  const found: string[] = [];
  for (let one: LoadedObject | undefined = object; one !== undefined; one = one.loader) {
    const holder: LoadedObject = one;
    if (holder.elf.runpath.length === 0) found.push(...holder.elf.rpath.flatMap((path) => expandTokens(path, holder)));
  }
  return found;
}

function machineOf(elf: ElfFile): { readonly multiarch: readonly string[]; readonly platform: string } {
  return MACHINES[`${elf.machine}/${elf.bits}`] ?? { multiarch: [], platform: "" };
}

/** Includes nest on purpose only once; a file that includes itself ends here. */
const INCLUDE_LIMIT = 4;

async function readLdSoConf(tree: RootedTree, path: string, depth: number): Promise<string[]> {
  const { path: real, info } = await tree.resolve(path);
  if (info?.type !== "file" || depth > INCLUDE_LIMIT) return [];
  const text = (await readTextIfThere(tree.hostPath(real))) ?? "";
  const found: string[] = [];
  for (const line of text.split("\n").map((one) => one.replace(/#.*/, "").trim())) {
    const include = /^include\s+(.+)$/.exec(line)?.[1];
    if (include !== undefined) {
      for (const included of await expandGlob(tree, posix.resolve("/etc", include)))
        found.push(...(await readLdSoConf(tree, included, depth + 1)));
    } else if (line.startsWith("/")) {
      found.push(line.replace(/(.)\/+$/, "$1"));
    }
  }
  return found;
}

/** Wildcards in the last part of a path: as far as ld.so.conf and the dlopen table use them. */
export async function expandGlob(tree: RootedTree, pattern: string): Promise<readonly string[]> {
  const name = posix.basename(pattern);
  if (!/[*?]/.test(name)) return [pattern];
  const directory = posix.dirname(pattern);
  const source = name
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const matcher = new RegExp(`^${source}$`);
  return (await tree.list(directory)).filter((one) => matcher.test(one) && !one.startsWith(".")).map((one) => posix.join(directory, one));
}
