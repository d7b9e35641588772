// Our ELF reader against readelf on this machine's files, bytes made by hand, and mutations of both.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { elfSection, isElf, isSameAbi, readElf } from "./elf.ts";

interface Recipe {
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
function makeElf(recipe: Recipe): Uint8Array {
  const { bits, endian } = recipe;
  const word = bits / 8;
  const out = new Uint8Array(4096);
  const view = new DataView(out.buffer);
  const little = endian === "little";
  const u16 = (at: number, value: number) => view.setUint16(at, value, little);
  const u32 = (at: number, value: number) => view.setUint32(at, value, little);
  const uw = (at: number, value: number) => (bits === 64 ? view.setBigUint64(at, BigInt(value), little) : u32(at, value));
  const text = (at: number, value: string) => (out.set(new TextEncoder().encode(value), at), value.length + 1);
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

const FULL: Recipe = {
  bits: 64,
  endian: "little",
  machine: 62,
  interpreter: "/lib64/ld.so",
  needed: ["liba.so.1", "libb.so.2"],
  soname: "libself.so.3",
  rpath: "/old:$ORIGIN/lib",
  runpath: "$ORIGIN/../lib:/opt/lib",
  dlopen: '[{"soname":["libx.so.1","libx.so.0"],"feature":"x","description":"does x","priority":"suggested"},{"soname":["liby.so"]}]',
};

function systemFiles(): string[] {
  const libraries = readdirSync("/usr/lib/x86_64-linux-gnu", { withFileTypes: true }).filter(
    (entry) => entry.isFile() && /\.so(\.|$)/.test(entry.name),
  );
  const programs = readdirSync("/usr/bin", { withFileTypes: true }).filter((entry) => entry.isFile());
  const all = [...libraries, ...programs].map((entry) => join(entry.parentPath, entry.name));
  return all.filter((_, index) => index % 23 === 0);
}

describe("readElf()", () => {
  for (const bits of [32, 64] as const) {
    for (const endian of ["little", "big"] as const) {
      test(`reads a ${bits}-bit ${endian}-endian file made by hand`, () => {
        const { mentions, ...elf } = readElf(makeElf({ ...FULL, bits, endian, machine: 21 }));
        assert.deepEqual(elf, {
          bits,
          endian,
          type: "shared",
          machine: 21,
          interpreter: "/lib64/ld.so",
          needed: ["liba.so.1", "libb.so.2"],
          soname: "libself.so.3",
          rpath: ["/old", "$ORIGIN/lib"],
          runpath: ["$ORIGIN/../lib", "/opt/lib"],
          dlopen: [
            { sonames: ["libx.so.1", "libx.so.0"], feature: "x", description: "does x", priority: "suggested" },
            { sonames: ["liby.so"], priority: "recommended" },
          ],
        });
        assert.deepEqual([mentions("imported_symbol"), mentions("symbol"), mentions("imported")], [true, false, false]);
      });
    }
  }

  test("agrees with readelf on this machine's programs and libraries", async (context) => {
    const files = systemFiles().filter((path) => isElf(readFileSync(path)));
    if (files.length < 20) {
      context.skip("fewer than 20 ELF files in /usr/bin and /usr/lib/x86_64-linux-gnu");
      return;
    }
    for (const path of files) {
      const elf = readElf(readFileSync(path), path);
      const { stdout } = await run(["readelf", "-hldW", path]);
      const all = (pattern: RegExp) => [...stdout.matchAll(pattern)].map((match) => match[1] ?? "");
      assert.deepEqual(elf.needed, all(/\(NEEDED\).*\[(.*)\]/g), path);
      assert.deepEqual(elf.soname === undefined ? [] : [elf.soname], all(/\(SONAME\).*\[(.*)\]/g), path);
      assert.deepEqual(elf.runpath.join(":"), all(/\(RUNPATH\).*\[(.*)\]/g).join(""), path);
      assert.deepEqual(elf.rpath.join(":"), all(/\(RPATH\).*\[(.*)\]/g).join(""), path);
      assert.deepEqual(elf.interpreter === undefined ? [] : [elf.interpreter], all(/program interpreter: (.*)\]/g), path);
      assert.equal(`ELF${elf.bits}`, all(/Class:\s+(\S+)/g)[0], path);
    }
  });

  test("tells files of another class or machine apart", () => {
    const self = readElf(makeElf(FULL));
    assert.equal(isSameAbi(self, readElf(makeElf({ ...FULL, runpath: "/other" }))), true);
    assert.equal(isSameAbi(self, readElf(makeElf({ ...FULL, bits: 32 }))), false);
    assert.equal(isSameAbi(self, readElf(makeElf({ ...FULL, machine: 183 }))), false);
  });

  test("reads a .note.dlopen that the assembler made", async (context) => {
    const directory = mkdtempSync(join(tmpdir(), "lifeboat-elf-"));
    const json = '[{"soname":["libz.so.1"],"feature":"z","priority":"required"}]';
    const source = `.section .note.dlopen,"a",@note\n.balign 4\n.long 4\n.long 1f-0f\n.long 0x407c0c0a\n.asciz "FDO"\n0: .ascii "${json.replaceAll('"', '\\"')}\\0"\n1: .balign 4\n.globl _start\n.text\n_start: ret\n`;
    writeFileSync(join(directory, "note.s"), source);
    try {
      await run(["as", "-o", join(directory, "note.o"), join(directory, "note.s")]);
    } catch (error) {
      context.skip(`the assembler is missing (package binutils): ${String(error)}`);
      return;
    }
    await run(["ld", "-shared", "-o", join(directory, "note.so"), join(directory, "note.o")]);
    const bytes = readFileSync(join(directory, "note.so"));
    assert.deepEqual(readElf(bytes).dlopen, [{ sonames: ["libz.so.1"], feature: "z", priority: "required" }]);
    const section = elfSection(readFileSync(join(directory, "note.o")), ".note.dlopen");
    assert.equal(new TextDecoder().decode(section?.subarray(16, 16 + json.length)), json);
    assert.equal(elfSection(bytes, ".modinfo"), undefined);
  });
});

describe("damaged ELF files", () => {
  const at = (changes: Readonly<Record<number, number>>, recipe: Recipe = FULL) => {
    const bytes = makeElf(recipe);
    for (const [offset, value] of Object.entries(changes)) bytes[Number(offset)] = value;
    return bytes;
  };
  const [interp, dynamic] = [0x80 + 2 * 56, 0x80 + 56];
  for (const [name, bytes, message] of [
    ["no magic", new Uint8Array(64), /must begin with 7F 45 4C 46/],
    ["a class that is none", at({ 4: 3 }), /"EI_CLASS" must be 1 or 2: 3/],
    ["a byte order that is none", at({ 5: 0 }), /"EI_DATA" must be 1 or 2: 0/],
    ["only the magic", at({}).subarray(0, 4), /"EI_CLASS" must be 1 or 2: missing/],
    ["a header cut short", at({}).subarray(0, 40), /"e_type|"e_phnum" must lie inside it: 2 bytes at 56, the file has 40/],
    ["program headers beyond the end", at({ 33: 0xff }), /"e_phoff and e_phnum" must lie inside it: .* the file has 4096/],
    ["an offset of 2^63", at({ 39: 0x80 }), /"e_phoff and e_phnum" must lie inside it/],
    ["small program headers", at({ 54: 8 }), /"e_phentsize" must be at least 56: 8/],
    ["an endless interpreter", at({ [interp + 34]: 1 }), /PT_INTERP must have 2 to 4096 bytes/],
    ["a dynamic section beyond the end", at({ [dynamic + 9]: 0xff }), /"p_offset of PT_DYNAMIC" must lie inside it/],
    ["a needed name beyond the strings", at({ [0x609]: 0x7f }), /DT_NEEDED must point into the string table/],
    ["a note longer than its segment", at({ [0x805]: 0xff }), /"n_namesz" and "n_descsz" must fit the note segment/],
    ["a dlopen note that is no JSON", makeElf({ ...FULL, dlopen: "[{" }), /\.note\.dlopen must be a JSON array: "\[\{"/],
    ["a dlopen note without names", makeElf({ ...FULL, dlopen: '[{"soname":[]}]' }), /must name a soname/],
  ] as [string, Uint8Array, RegExp][]) {
    test(`is refused: ${name}`, () => {
      assert.throws(
        () => readElf(bytes, "/bin/x"),
        (error) => error instanceof LifeboatError && /"\/bin\/x"/.test(error.message) && message.test(error.message),
      );
    });
  }

  test("either parse or throw LifeboatError, whatever bytes change, soon", () => {
    const originals = [makeElf(FULL), makeElf({ ...FULL, bits: 32, endian: "big" }), new Uint8Array(readFileSync("/bin/true"))];
    const change = fc.tuple(fc.nat(0x7ff), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
    const started = performance.now();
    fc.assert(
      fc.property(fc.nat(2), fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(4096), (which, changes, cut) => {
        const whole = originals[which]!.slice();
        for (const [offset, value] of changes) whole[offset] = value;
        for (const bytes of [whole, whole.subarray(0, cut)]) {
          parses(() => readElf(bytes).mentions("free"));
          parses(() => elfSection(bytes, ".modinfo"));
        }
      }),
      { numRuns: 1500 },
    );
    assert.ok(performance.now() - started < 20_000);
  });
});

function parses(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
  }
}
