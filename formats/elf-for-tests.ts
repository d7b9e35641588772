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
  const segments: { type: number; offset: number; size: number }[] = [
    { type: 1, offset: 0, size: 4096 },
    { type: 2, offset: 0x600, size: entries.length * 2 * word },
  ];
  if (recipe.interpreter !== undefined) segments.push({ type: 3, offset: 0x300, size: text(0x300, recipe.interpreter) });
  if (recipe.dlopen !== undefined) {
    u32(0x800, 4);
    u32(0x804, recipe.dlopen.length + 1);
    u32(0x808, 0x407c0c0a);
    text(0x80c, "FDO");
    segments.push({ type: 4, offset: 0x800, size: 16 + Math.ceil(text(0x810, recipe.dlopen) / 4) * 4 });
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
    uw(at + align, 4);
  });
  return out;
}
