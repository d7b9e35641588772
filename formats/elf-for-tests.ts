// For tests alone: dynamic ELF files made by hand, so that each rule of the loader can be tried without a compiler.
import { utf8Encode } from "./text.ts";

export interface ElfRecipe {
  readonly bits: 32 | 64;
  readonly endian: "little" | "big";
  readonly machine: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  readonly dlopen?: string;
  /** 8 puts a short note of another owner first and pads notes to 8; 4 unless given. */
  readonly noteAlign?: 8;
}

/** A dynamic ELF file made by hand: header, segments, then interpreter, strings, dynamic section and notes. */
export function makeElf(recipe: ElfRecipe): Uint8Array {
  const { bits, endian } = recipe;
  const word = bits / 8;
  const out = new Uint8Array(4096);
  const view = new DataView(out.buffer);
  const little = endian === "little";
  const u16 = (at: number, value: number) => view.setUint16(at, value, little);
  const u32 = (at: number, value: number) => view.setUint32(at, value, little);
  const uw = (at: number, value: number) => (bits === 64 ? view.setBigUint64(at, BigInt(value), little) : u32(at, value));
  const text = (at: number, value: string) => (out.set(utf8Encode(value), at), value.length + 1);
  const base = 0x1000;
  let strings = "\0";
  const string = (value: string) => {
    const at = strings.length;
    strings += `${value}\0`;
    return at;
  };
  const entries: [number, number][] = (recipe.needed ?? []).map((name) => [1, string(name)]);
  if (recipe.soname !== undefined) entries.push([14, string(recipe.soname)]);
  if (recipe.rpath !== undefined) entries.push([15, string(recipe.rpath)]);
  if (recipe.runpath !== undefined) entries.push([29, string(recipe.runpath)]);
  string("imported_symbol");
  entries.push([5, base + 0x400], [10, strings.length], [0, 0]);
  text(0x400, strings);
  entries.forEach(([tag, value], index) => {
    uw(0x600 + index * 2 * word, tag);
    uw(0x600 + (index * 2 + 1) * word, value);
  });
  const segments: { type: number; offset: number; size: number; align?: number }[] = [
    { type: 1, offset: 0, size: 4096 },
    { type: 2, offset: 0x600, size: entries.length * 2 * word },
  ];
  if (recipe.interpreter !== undefined) segments.push({ type: 3, offset: 0x300, size: text(0x300, recipe.interpreter) });
  if (recipe.dlopen !== undefined) {
    const bytes = makeNotes(recipe.dlopen, recipe.noteAlign, little);
    out.set(bytes, 0x800);
    segments.push({ type: 4, offset: 0x800, size: bytes.length, align: recipe.noteAlign ?? 4 });
  }
  out.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, little ? 1 : 2, 1]);
  u16(16, 3);
  u16(18, recipe.machine);
  const [phoff, phentsize, phnum, size] = bits === 64 ? [32, 54, 56, 56] : [28, 42, 44, 32];
  const start = 0x80;
  uw(phoff, start);
  u16(phentsize, size);
  u16(phnum, segments.length);
  segments.forEach((segment, index) => {
    const at = start + index * size;
    const [offset, vaddr, filesz, align] = bits === 64 ? [8, 16, 32, 48] : [4, 8, 16, 28];
    u32(at, segment.type);
    uw(at + offset, segment.offset);
    uw(at + vaddr, base + segment.offset);
    uw(at + filesz, segment.size);
    uw(at + align, segment.align ?? 4);
  });
  return out;
}

function makeNotes(dlopen: string, align: 8 | undefined, little: boolean): Uint8Array {
  const description = utf8Encode(`${dlopen}\0`);
  // Header 12, name 4, description 4: the next note begins at 20, or padded to 8 at 24.
  const at = align === 8 ? 24 : 0;
  const out = new Uint8Array(at + 16 + Math.ceil(description.length / 4) * 4);
  const view = new DataView(out.buffer);
  const header = (offset: number, words: readonly number[]) =>
    words.forEach((word, index) => view.setUint32(offset + index * 4, word, little));
  if (align === 8) {
    header(0, [4, 4, 1]);
    out.set(utf8Encode("GNU"), 12);
  }
  header(at, [4, description.length, 0x407c0c0a]);
  out.set(utf8Encode("FDO"), at + 12);
  out.set(description, at + 16);
  return out;
}
