// The dynamic section by way of PT_DYNAMIC (System V gABI chapter 5): what the loader reads, so section headers may be gone.
import type { ElfLayout, ElfSegment } from "./elf-layout.ts";
import { utf8Decode } from "./text.ts";

export interface ElfDynamic {
  readonly needed: readonly string[];
  readonly soname?: string;
  readonly rpath: readonly string[];
  readonly runpath: readonly string[];
  /** The dynamic string table (DT_STRTAB); a view. */
  readonly strings: Uint8Array;
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
const DT_SONAME = 14;
const DT_RPATH = 15;
const DT_RUNPATH = 29;

/** Real files have some dozens; the limits keep a lying file from costing time. */
const ENTRY_LIMIT = 4096;
const STRING_LIMIT = 16_384;

const NOTHING: ElfDynamic = { needed: [], rpath: [], runpath: [], strings: new Uint8Array(0) };

export function readDynamic(layout: ElfLayout): ElfDynamic {
  const segment = layout.segments.find((one) => one.type === PT_DYNAMIC);
  if (segment === undefined || segment.fileSize === 0) return NOTHING;
  const entries = readEntries(layout, segment);
  const value = (tag: number) => entries.find((entry) => entry.tag === tag)?.value;
  const stringTable = value(DT_STRTAB);
  if (stringTable === undefined) {
    if (entries.length === 0) return NOTHING;
    throw layout.file.damage("DT_STRTAB must be in the dynamic section", "it is not");
  }
  const strings = layout.file.bytes(fileOffset(layout, stringTable), value(DT_STRSZ) ?? 0, "DT_STRTAB and DT_STRSZ");
  const stringOf = (offset: number, field: string) => stringAt(layout, strings, { offset, field });
  const pathOf = (tag: number, field: string) => {
    const offset = value(tag);
    return offset === undefined ? [] : stringOf(offset, field).split(":");
  };
  const soname = value(DT_SONAME);
  return {
    needed: entries.filter((entry) => entry.tag === DT_NEEDED).map((entry) => stringOf(entry.value, "DT_NEEDED")),
    ...(soname === undefined ? {} : { soname: stringOf(soname, "DT_SONAME") }),
    rpath: pathOf(DT_RPATH, "DT_RPATH"),
    runpath: pathOf(DT_RUNPATH, "DT_RUNPATH"),
    strings,
  };
}

interface Entry {
  readonly tag: number;
  readonly value: number;
}

function readEntries(layout: ElfLayout, segment: ElfSegment): Entry[] {
  const wordBytes = layout.bits / 8;
  layout.file.bytes(segment.offset, segment.fileSize, "p_offset of PT_DYNAMIC");
  const entries: Entry[] = [];
  for (let at = segment.offset; at + 2 * wordBytes <= segment.offset + segment.fileSize; at += 2 * wordBytes) {
    const tag = layout.word(at, "d_tag");
    if (tag === DT_NULL) break;
    if (entries.length === ENTRY_LIMIT) throw layout.file.damage(`the dynamic section must have at most ${ENTRY_LIMIT} entries`, "more");
    entries.push({ tag, value: layout.word(at + wordBytes, "d_val") });
  }
  return entries;
}

/** Addresses become offsets by the PT_LOAD segment that holds them. */
function fileOffset(layout: ElfLayout, address: number): number {
  const holder = layout.segments.find(
    (one) => one.type === PT_LOAD && address >= one.virtualAddress && address < one.virtualAddress + one.fileSize,
  );
  if (holder === undefined) throw layout.file.damage("DT_STRTAB must lie in a PT_LOAD segment", `address ${address}`);
  return holder.offset + (address - holder.virtualAddress);
}

function stringAt(layout: ElfLayout, strings: Uint8Array, place: { readonly offset: number; readonly field: string }): string {
  const { offset, field } = place;
  if (offset >= strings.length) {
    throw layout.file.damage(`${field} must point into the string table`, `${offset} of ${strings.length} bytes`);
  }
  const window = strings.subarray(offset, offset + STRING_LIMIT);
  const end = window.indexOf(0);
  if (end === -1) throw layout.file.damage(`${field} must end with NUL within ${STRING_LIMIT} bytes`, "it does not");
  return utf8Decode(window.subarray(0, end));
}
