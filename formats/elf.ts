// What an ELF file needs to run (System V gABI chapters 4 and 5): interpreter, libraries, search paths, dlopen notes.
import { readDynamic } from "./elf-dynamic.ts";
import { readLayout, type ElfLayout } from "./elf-layout.ts";
import { readDlopenNotes, type DlopenNote } from "./elf-notes.ts";
import { beforeNul, utf8Decode } from "./text.ts";

export { isElf } from "./elf-layout.ts";
export type { DlopenNote, DlopenPriority } from "./elf-notes.ts";

export interface ElfFile {
  readonly bits: 32 | 64;
  readonly endian: "little" | "big";
  readonly type: "relocatable" | "executable" | "shared" | "core" | "other";
  /** e_machine: 62 is x86-64, 183 AArch64. */
  readonly machine: number;
  /** PT_INTERP: the loader, an absolute path. */
  readonly interpreter?: string;
  /** DT_NEEDED in the file's order. */
  readonly needed: readonly string[];
  readonly soname?: string;
  /** Directories of DT_RPATH, tokens such as $ORIGIN unresolved. The loader ignores it when there is a runpath. */
  readonly rpath: readonly string[];
  readonly runpath: readonly string[];
  readonly dlopen: readonly DlopenNote[];
  /** Whether the dynamic string table has this name: a symbol that the file imports or exports. */
  readonly mentions: (symbol: string) => boolean;
}

/** Throws LifeboatError when the bytes are no ELF file or its tables lie. `name` goes into the message. */
export function readElf(bytes: Uint8Array, name?: string): ElfFile {
  const layout = readLayout(bytes, name);
  checkSegments(layout);
  const interpreter = readInterpreter(layout);
  const dynamic = readDynamic(layout);
  return {
    bits: layout.bits,
    endian: layout.endian,
    type: TYPES[layout.type] ?? "other",
    machine: layout.machine,
    ...(interpreter === undefined ? {} : { interpreter }),
    needed: dynamic.needed,
    ...(dynamic.soname === undefined ? {} : { soname: dynamic.soname }),
    rpath: dynamic.rpath,
    runpath: dynamic.runpath,
    dlopen: readDlopenNotes(layout),
    mentions: (symbol) => mentions(dynamic.strings, symbol),
  };
}

/** The content of a section by name, such as `.modinfo` of a kernel module; a view. Undefined when there is none. */
export function elfSection(bytes: Uint8Array, sectionName: string, name?: string): Uint8Array | undefined {
  const layout = readLayout(bytes, name);
  const section = layout.sections().find((one) => one.name === sectionName);
  // SHT_NOBITS takes no room in the file.
  if (section === undefined || section.type === 8) return undefined;
  return layout.file.bytes(section.offset, section.size, `sh_offset of ${sectionName}`);
}

/** Whether these bytes could be loaded into the same process: class, byte order and machine agree. */
export function isSameAbi(one: ElfFile, other: ElfFile): boolean {
  return one.bits === other.bits && one.endian === other.endian && one.machine === other.machine;
}

const TYPES: Readonly<Record<number, ElfFile["type"]>> = { 1: "relocatable", 2: "executable", 3: "shared", 4: "core" };

const PT_LOAD = 1;

/** What the loader maps must be there: a program that was cut short has whole headers as a rule. */
function checkSegments({ file, segments }: ElfLayout): void {
  for (const { type, offset, fileSize } of segments) if (type === PT_LOAD) file.bytes(offset, fileSize, "p_offset and p_filesz of PT_LOAD");
}

const PT_INTERP = 3;
/** PATH_MAX, as the kernel's own check (fs/binfmt_elf.c). */
const INTERPRETER_LIMIT = 4096;

function readInterpreter(layout: ElfLayout): string | undefined {
  const segment = layout.segments.find((one) => one.type === PT_INTERP);
  if (segment === undefined) return undefined;
  if (segment.fileSize < 2 || segment.fileSize > INTERPRETER_LIMIT) {
    throw layout.file.damage(`PT_INTERP must have 2 to ${INTERPRETER_LIMIT} bytes`, `${segment.fileSize}`);
  }
  return utf8Decode(beforeNul(layout.file.bytes(segment.offset, segment.fileSize, "p_offset of PT_INTERP")));
}

function mentions(strings: Uint8Array, symbol: string): boolean {
  const first = symbol.charCodeAt(0);
  for (let at = strings.indexOf(first); at !== -1; at = strings.indexOf(first, at + 1)) {
    if ((at === 0 || strings[at - 1] === 0) && strings[at + symbol.length] === 0 && isAt(strings, at, symbol)) return true;
  }
  return false;
}

function isAt(strings: Uint8Array, at: number, symbol: string): boolean {
  for (let index = 0; index < symbol.length; index += 1) if (strings[at + index] !== symbol.charCodeAt(index)) return false;
  return true;
}
