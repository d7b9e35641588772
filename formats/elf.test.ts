// Our ELF reader against readelf on this machine's files, bytes made by hand, and mutations of both.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { makeElf, type ElfRecipe } from "./elf-for-tests.ts";
import { elfSection, isElf, isSameAbi, readElf } from "./elf.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-elf-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const FULL: ElfRecipe = {
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

  test("finds a dlopen note behind another one in a segment aligned to 8", () => {
    const dlopen = '[{"soname":["libz.so"]}]';
    assert.deepEqual(readElf(makeElf({ ...FULL, dlopen, noteAlign: 8 })).dlopen, [{ sonames: ["libz.so"], priority: "recommended" }]);
  });

  test("tells files of another class or machine apart", () => {
    const self = readElf(makeElf(FULL));
    assert.equal(isSameAbi(self, readElf(makeElf({ ...FULL, runpath: "/other" }))), true);
    assert.equal(isSameAbi(self, readElf(makeElf({ ...FULL, bits: 32 }))), false);
    assert.equal(isSameAbi(self, readElf(makeElf({ ...FULL, machine: 183 }))), false);
  });

  test("reads a .note.dlopen that the assembler made", async (context) => {
    const directory = mkdtempSync(join(scratch, "t-"));
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
  const at = (changes: Readonly<Record<number, number>>, recipe: ElfRecipe = FULL) => {
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
