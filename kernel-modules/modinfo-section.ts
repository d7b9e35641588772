// The .modinfo section of a module (ELF, 32 or 64 bits, either byte order): "KEY=VALUE" strings ended by NUL.
import { detectModuleCompression } from "./module-compression.ts";
import { KmodParseError } from "./parse-error.ts";
import { decodeUtf8 } from "./utf8.ts";

export interface ModinfoEntry {
  readonly key: string;
  readonly value: string;
}

/** All entries in order; keys repeat freely. `file` is for the messages. Throws KmodParseError. */
export function readModinfo(bytes: Uint8Array, file: string): readonly ModinfoEntry[] {
  const elf = openElf(bytes, file);
  const section = findSection(elf, ".modinfo");
  if (section === undefined) throw elf.failure("a module has a .modinfo section", "none found");
  if (section.type === SHT_NOBITS) throw elf.failure("its .modinfo section has bytes in the file", "type NOBITS");
  const end = section.offset + section.size;
  if (end > bytes.length) throw elf.failure("its .modinfo section ends inside the file", `end ${end}, file ${bytes.length} bytes`);
  if (section.size > 0 && bytes[end - 1] !== 0) throw elf.failure("its .modinfo section ends with NUL", `byte ${bytes[end - 1]}`);
  return splitEntries(bytes, section.offset, end);
}

/** The values of one key, in order. */
export function modinfoValues(entries: readonly ModinfoEntry[], key: string): readonly string[] {
  return entries.filter((entry) => entry.key === key).map((entry) => entry.value);
}

export type ModuleTail = "none" | "whole" | "other";

/**
 * What stands behind the last section: `none`, a `whole` signature as the kernel's sign-file appends it, or `other` bytes:
 * a signature that was cut, say. Throws KmodParseError.
 */
export function moduleTail(bytes: Uint8Array, file: string): ModuleTail {
  const elf = openElf(bytes, file);
  let end = elf.headersEnd;
  for (let index = 1; index < elf.sectionCount; index++) {
    const { type, offset, size } = elf.section(index);
    if (type !== SHT_NOBITS) end = Math.max(end, offset + size);
  }
  if (end > bytes.length) throw elf.failure("its sections end inside the file", `end ${end}, file ${bytes.length} bytes`);
  if (end === bytes.length) return "none";
  return endsInSignature(bytes, end) ? "whole" : "other";
}

/** struct module_signature and the mark behind it (include/linux/module_signature.h); the lengths are of what stands before them. */
const SIGNATURE_BYTES = 12;
const SIGNATURE_MARK = "~Module signature appended~\n";

function endsInSignature(bytes: Uint8Array, start: number): boolean {
  const mark = bytes.length - SIGNATURE_MARK.length;
  const info = mark - SIGNATURE_BYTES;
  if (info < start || !Array.from(SIGNATURE_MARK).every((char, index) => bytes[mark + index] === char.charCodeAt(0))) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset + info, SIGNATURE_BYTES);
  const [signerBytes, keyIdBytes, signatureBytes] = [view.getUint8(3), view.getUint8(4), view.getUint32(8)];
  return info - signerBytes - keyIdBytes - signatureBytes >= start;
}

function splitEntries(bytes: Uint8Array, start: number, end: number): readonly ModinfoEntry[] {
  const entries: ModinfoEntry[] = [];
  let from = start;
  while (from < end) {
    const to = bytes.indexOf(0, from);
    if (to > from) {
      const text = decodeUtf8(bytes, from, to);
      const equals = text.indexOf("=");
      entries.push(equals === -1 ? { key: text, value: "" } : { key: text.slice(0, equals), value: text.slice(equals + 1) });
    }
    from = to + 1;
  }
  return entries;
}

const SHT_NOBITS = 8;
const SHN_XINDEX = 0xffff;

interface Elf {
  readonly bytes: Uint8Array;
  /** Section `index` of the header table; the caller keeps below `sectionCount`. */
  readonly section: (index: number) => SectionHeader;
  readonly sectionCount: number;
  readonly namesIndex: number;
  /** Where the section headers end. */
  readonly headersEnd: number;
  readonly failure: (rule: string, state: string) => KmodParseError;
}

interface SectionHeader {
  readonly name: number;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function openElf(bytes: Uint8Array, file: string): Elf {
  const failure = (rule: string, state: string) =>
    new KmodParseError(`Cannot read module "${file}" as ${rule}: ${state}`, { file, value: state });
  const compression = detectModuleCompression(bytes);
  if (compression !== "none") throw failure("it must be unpacked first", `compressed with ${compression}`);
  const { wide, little } = identify(bytes, failure);
  const reader = fieldReader(bytes, little);
  // Elf32_Ehdr and Elf64_Ehdr (System V ABI, chapter 4): e_shoff, e_shentsize, e_shnum, e_shstrndx.
  const shoff = wide ? reader.wide(40) : reader.word(32);
  const shentsize = reader.half(wide ? 58 : 46);
  if (shoff === 0) throw failure("a module has section headers", "e_shoff 0");
  const least = wide ? 64 : 40;
  if (shentsize < least) throw failure(`a section header has ${least} bytes or more`, `e_shentsize ${shentsize}`);
  const fits = (count: number) => {
    if (shoff + count * shentsize > bytes.length) {
      throw failure("its section headers end inside the file", `${count} headers at ${shoff}, file ${bytes.length} bytes`);
    }
  };
  fits(1);
  const section = (index: number) => sectionHeader(reader, shoff + index * shentsize, wide);
  // With too many sections for 16 bits, header 0 holds the count (sh_size) and the names' index (sh_link).
  const sectionCount = reader.half(wide ? 60 : 48) || section(0).size;
  fits(sectionCount);
  const shstrndx = reader.half(wide ? 62 : 50);
  const namesIndex = shstrndx === SHN_XINDEX ? section(0).link : shstrndx;
  if (namesIndex >= sectionCount) throw failure("its section names have a section", `e_shstrndx ${namesIndex} of ${sectionCount}`);
  return { bytes, section, sectionCount, namesIndex, headersEnd: shoff + sectionCount * shentsize, failure };
}

function identify(bytes: Uint8Array, failure: Elf["failure"]): { readonly wide: boolean; readonly little: boolean } {
  const magic = [0x7f, 0x45, 0x4c, 0x46];
  if (!magic.every((byte, index) => bytes[index] === byte)) throw failure("it starts with the ELF magic", firstBytes(bytes));
  const elfClass = bytes[4];
  const data = bytes[5];
  if (elfClass !== 1 && elfClass !== 2) throw failure("its ELF class is 32 or 64 bits", `class ${elfClass}`);
  if (data !== 1 && data !== 2) throw failure("its ELF byte order is little or big", `order ${data}`);
  const wide = elfClass === 2;
  const headerBytes = wide ? 64 : 52;
  if (bytes.length < headerBytes) throw failure(`an ELF header has ${headerBytes} bytes`, `file ${bytes.length} bytes`);
  return { wide, little: data === 1 };
}

function firstBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return "empty file";
  const shown = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0"));
  return `first bytes ${shown.join(" ")}`;
}

interface FieldReader {
  readonly half: (offset: number) => number;
  readonly word: (offset: number) => number;
  /** 64 bits; above 2^53 the value is inexact, but then beyond any file as well. */
  readonly wide: (offset: number) => number;
}

function fieldReader(bytes: Uint8Array, little: boolean): FieldReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (offset: number) => view.getUint32(offset, little);
  const high = little ? 4 : 0;
  return {
    half: (offset) => view.getUint16(offset, little),
    word,
    wide: (offset) => word(offset + high) * 2 ** 32 + word(offset + 4 - high),
  };
}

function sectionHeader(reader: FieldReader, at: number, wide: boolean): SectionHeader {
  const name = reader.word(at);
  const type = reader.word(at + 4);
  return wide
    ? { name, type, offset: reader.wide(at + 24), size: reader.wide(at + 32), link: reader.word(at + 40) }
    : { name, type, offset: reader.word(at + 16), size: reader.word(at + 20), link: reader.word(at + 24) };
}

function findSection(elf: Elf, wanted: string): SectionHeader | undefined {
  const names = elf.section(elf.namesIndex);
  if (names.offset + names.size > elf.bytes.length) {
    throw elf.failure("its section names end inside the file", `end ${names.offset + names.size}, file ${elf.bytes.length} bytes`);
  }
  for (let index = 1; index < elf.sectionCount; index++) {
    const section = elf.section(index);
    if (section.name < names.size && hasNameAt(elf.bytes, names.offset + section.name, wanted)) return section;
  }
  return undefined;
}

function hasNameAt(bytes: Uint8Array, at: number, wanted: string): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted.charCodeAt(index)) return false;
  return bytes[at + wanted.length] === 0;
}
