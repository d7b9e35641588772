// The ELF header, program headers and section headers, of both classes and byte orders (System V gABI chapters 4 and 5).
import { LifeboatError } from "#os/error";
import { fieldReader, type Endian, type FieldReader } from "./fields.ts";
import { beforeNul, utf8Decode } from "./text.ts";

export interface ElfSegment {
  readonly type: number;
  readonly offset: number;
  readonly virtualAddress: number;
  readonly fileSize: number;
  readonly align: number;
}

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

export interface ElfLayout {
  readonly file: FieldReader;
  readonly bits: 32 | 64;
  readonly endian: Endian;
  readonly type: number;
  readonly machine: number;
  readonly segments: readonly ElfSegment[];
  /** Read when asked for: stripped files have none and most questions need none. */
  readonly sections: () => readonly ElfSection[];
  /** An address-sized value. */
  readonly word: (offset: number, field: string) => number;
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Offsets of the fields that we read, by class. */
const LAYOUTS = {
  32: {
    word: 4,
    header: { e_phoff: 28, e_shoff: 32, e_phentsize: 42, e_phnum: 44, e_shentsize: 46, e_shnum: 48, e_shstrndx: 50 },
    segment: { size: 32, p_offset: 4, p_vaddr: 8, p_filesz: 16, p_align: 28 },
    section: { size: 40, sh_offset: 16, sh_size: 20, sh_link: 24, sh_info: 28 },
  },
  64: {
    word: 8,
    header: { e_phoff: 32, e_shoff: 40, e_phentsize: 54, e_phnum: 56, e_shentsize: 58, e_shnum: 60, e_shstrndx: 62 },
    segment: { size: 56, p_offset: 8, p_vaddr: 16, p_filesz: 32, p_align: 48 },
    section: { size: 64, sh_offset: 24, sh_size: 32, sh_link: 40, sh_info: 44 },
  },
} as const;

/** PN_XNUM and SHN_XINDEX: the true number stands in section 0. */
const ESCAPE = 0xffff;
const SECTION_NAME_LIMIT = 256;

/** Throws LifeboatError when the headers do not fit the file. */
export function readLayout(bytes: Uint8Array, name?: string): ElfLayout {
  const what = name === undefined ? "the ELF file" : `the ELF file "${name}"`;
  if (!isElf(bytes)) throw new LifeboatError(`Cannot read ${what} as it must begin with 7F 45 4C 46: it does not`);
  const bits = oneOf(bytes[4], { 1: 32, 2: 64 } as const, { what, field: "EI_CLASS" });
  const endian = oneOf(bytes[5], { 1: "little", 2: "big" } as const, { what, field: "EI_DATA" });
  const file = fieldReader(bytes, what, endian);
  const word = bits === 64 ? file.u64 : file.u32;
  const base = { file, bits, endian, word };
  return {
    ...base,
    type: file.u16(16, "e_type"),
    machine: file.u16(18, "e_machine"),
    segments: readSegments(base),
    sections: () => readSections(base),
  };
}

type Base = Pick<ElfLayout, "file" | "bits" | "word">;

function readSegments(base: Base): ElfSegment[] {
  const { file, bits, word } = base;
  const { header, segment } = LAYOUTS[bits];
  const start = word(header.e_phoff, "e_phoff");
  const written = file.u16(header.e_phnum, "e_phnum");
  if (written === 0 || start === 0) return [];
  const entrySize = file.u16(header.e_phentsize, "e_phentsize");
  if (entrySize < segment.size) throw file.damage(`"e_phentsize" must be at least ${segment.size}`, `${entrySize}`);
  const count = written === ESCAPE ? file.u32(firstSection(base) + LAYOUTS[bits].section.sh_info, "sh_info of section 0") : written;
  // Checked as a whole, so that the loop below is bounded by the file's size.
  file.bytes(start, count * entrySize, "e_phoff and e_phnum");
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * entrySize;
    return {
      type: file.u32(at, "p_type"),
      offset: word(at + segment.p_offset, "p_offset"),
      virtualAddress: word(at + segment.p_vaddr, "p_vaddr"),
      fileSize: word(at + segment.p_filesz, "p_filesz"),
      align: word(at + segment.p_align, "p_align"),
    };
  });
}

function firstSection({ file, bits, word }: Base): number {
  const { header, section } = LAYOUTS[bits];
  const start = word(header.e_shoff, "e_shoff");
  file.bytes(start, section.size, "e_shoff");
  return start;
}

function readSections(base: Base): ElfSection[] {
  const { file, bits, word } = base;
  const { header, section } = LAYOUTS[bits];
  if (word(header.e_shoff, "e_shoff") === 0) return [];
  const start = firstSection(base);
  const entrySize = file.u16(header.e_shentsize, "e_shentsize");
  if (entrySize < section.size) throw file.damage(`"e_shentsize" must be at least ${section.size}`, `${entrySize}`);
  const count = file.u16(header.e_shnum, "e_shnum") || word(start + section.sh_size, "sh_size of section 0");
  file.bytes(start, count * entrySize, "e_shoff and e_shnum");
  const raw = Array.from({ length: count }, (_, index) => {
    const at = start + index * entrySize;
    return {
      nameOffset: file.u32(at, "sh_name"),
      type: file.u32(at + 4, "sh_type"),
      offset: word(at + section.sh_offset, "sh_offset"),
      size: word(at + section.sh_size, "sh_size"),
    };
  });
  const writtenIndex = file.u16(header.e_shstrndx, "e_shstrndx");
  const nameTable = raw[writtenIndex === ESCAPE ? file.u32(start + section.sh_link, "sh_link of section 0") : writtenIndex];
  const names = nameTable === undefined ? new Uint8Array(0) : file.bytes(nameTable.offset, nameTable.size, "sh_offset of the name table");
  return raw.map(({ nameOffset, type, offset, size }) => ({ name: nameAt(names, nameOffset), type, offset, size }));
}

function nameAt(names: Uint8Array, offset: number): string {
  return utf8Decode(beforeNul(names.subarray(offset, offset + SECTION_NAME_LIMIT)));
}

function oneOf<T>(value: number | undefined, table: Readonly<Record<number, T>>, { what, field }: { what: string; field: string }): T {
  const found = value === undefined ? undefined : table[value];
  if (found === undefined) throw new LifeboatError(`Cannot read ${what} as "${field}" must be 1 or 2: ${value ?? "missing"}`);
  return found;
}
