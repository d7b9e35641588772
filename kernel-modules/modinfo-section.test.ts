import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type ModinfoEntry, moduleTail, readModinfo } from "./modinfo-section.ts";
import { detectModuleCompression } from "./module-compression.ts";
import { KmodParseError } from "./parse-error.ts";

interface ElfShape {
  readonly wide: boolean;
  readonly little: boolean;
}

const SHAPES: readonly ElfShape[] = [true, false].flatMap((wide) => [true, false].map((little) => ({ wide, little })));
const TEXT = "\0license=GPL\0\0firmware=a/b*.bin\0depends=\0description=Größe = 1\0bare\0";
const ENTRIES: readonly ModinfoEntry[] = [
  { key: "license", value: "GPL" },
  { key: "firmware", value: "a/b*.bin" },
  { key: "depends", value: "" },
  { key: "description", value: "Größe = 1" },
  { key: "bare", value: "" },
];

test("readModinfo() reads 32 and 64 bits in both byte orders, from a view into a larger buffer too", () => {
  for (const shape of SHAPES) {
    const elf = makeElf(shape, TEXT);
    assert.deepEqual(readModinfo(elf, "x.ko"), ENTRIES, JSON.stringify(shape));
    const larger = new Uint8Array(elf.length + 7);
    larger.set(elf, 5);
    assert.deepEqual(readModinfo(larger.subarray(5, 5 + elf.length), "x.ko"), ENTRIES);
  }
});

test("section counts that do not fit in 16 bits are taken from the first header", () => {
  const elf = makeElf({ wide: true, little: true }, TEXT);
  const view = new DataView(elf.buffer);
  const first = Number(view.getBigUint64(40, true));
  view.setUint16(60, 0, true);
  view.setUint16(62, 0xffff, true);
  view.setBigUint64(first + 32, 3n, true);
  view.setUint32(first + 40, 2, true);
  assert.deepEqual(readModinfo(elf, "x.ko"), ENTRIES);
});

test("each lie in a header is told with file, rule and state", () => {
  const cases: readonly [change: (elf: Uint8Array, view: DataView) => Uint8Array | void, message: RegExp][] = [
    [() => new Uint8Array(0), /Cannot read module "x\.ko" as it starts with the ELF magic: empty file/],
    [(elf) => elf.subarray(0, 20), /an ELF header has 64 bytes: file 20 bytes/],
    [(elf) => elf.fill(9, 4, 5), /its ELF class is 32 or 64 bits: class 9/],
    [(elf) => elf.fill(0, 5, 6), /its ELF byte order is little or big: order 0/],
    [(_, view) => view.setBigUint64(40, 0n, true), /a module has section headers: e_shoff 0/],
    [(_, view) => view.setBigUint64(40, 2n ** 60n, true), /its section headers end inside the file/],
    [(_, view) => view.setUint16(58, 8, true), /a section header has 64 bytes or more: e_shentsize 8/],
    [(_, view) => view.setUint16(60, 60000, true), /its section headers end inside the file: 60000 headers/],
    [(_, view) => view.setUint16(62, 40, true), /its section names have a section: e_shstrndx 40 of 3/],
    [(_, view) => view.setBigUint64(header(view, 1) + 32, 2n ** 40n, true), /its \.modinfo section ends inside the file: end/],
    [(_, view) => view.setUint32(header(view, 1) + 4, 8, true), /its \.modinfo section has bytes in the file: type NOBITS/],
    [(_, view) => view.setUint32(header(view, 1), 1_000_000, true), /a module has a \.modinfo section: none found/],
    [(_, view) => view.setBigUint64(header(view, 2) + 24, 2n ** 33n, true), /its section names end inside the file/],
    [(_, view) => view.setBigUint64(header(view, 1) + 32, 7n, true), /its \.modinfo section ends with NUL/],
    [() => new Uint8Array([0x28, 0xb5, 0x2f, 0xfd]), /it must be unpacked first: compressed with zstd/],
  ];
  for (const [change, message] of cases) {
    const elf = makeElf({ wide: true, little: true }, TEXT);
    const changed = change(elf, new DataView(elf.buffer)) ?? elf;
    assert.throws(() => readModinfo(changed, "x.ko"), message);
  }
});

test("moduleTail() tells a whole signature from what is left of one", () => {
  const mark = new TextEncoder().encode("~Module signature appended~\n");
  // Algorithm, hash, type 2 (PKCS#7), no signer, no key id, padding, 30 bytes of signature in big-endian order.
  const signature = Uint8Array.of(...new Uint8Array(30).fill(7), 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 30, ...mark);
  for (const shape of SHAPES) {
    const elf = makeElf(shape, TEXT);
    const signed = Uint8Array.of(...elf, ...signature);
    assert.deepEqual([moduleTail(elf, "x.ko"), moduleTail(signed, "x.ko")], ["none", "whole"]);
    for (const cut of [1, 28, 39, 69]) assert.equal(moduleTail(signed.subarray(0, signed.length - cut), "x.ko"), "other", `${cut}`);
    assert.equal(moduleTail(Uint8Array.of(...elf, ...signature.subarray(1)), "x.ko"), "other");
  }
});

test("no truncation and no flipped byte makes readModinfo() throw anything but a KmodParseError", () => {
  fc.assert(
    fc.property(fc.constantFrom(...SHAPES), fc.nat(), fc.nat(), fc.nat(255), (shape, cut, at, byte) => {
      const elf = makeElf(shape, TEXT);
      elf[at % elf.length] = byte;
      assertOnlyParseErrors(elf);
      assertOnlyParseErrors(elf.subarray(0, cut % elf.length));
    }),
    { numRuns: 500 },
  );
});

test("entries of any text come back as they were", () => {
  const text = fc.string({ unit: "binary" }).map((value) => value.replace(/\0/g, "").toWellFormed());
  const shape = { key: text.map((key) => `k${key.replace(/=/g, "")}`), value: text };
  const entry = fc.record(shape, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(entry), fc.constantFrom(...SHAPES), (entries, shape) => {
      const section = entries.map(({ key, value }) => `${key}=${value}\0`).join("");
      assert.deepEqual(readModinfo(makeElf(shape, section), "x.ko"), entries);
    }),
  );
});

test("bytes that are no UTF-8 become replacement characters, not an error", () => {
  const elf = makeElf({ wide: true, little: true }, "a=xyz\0");
  const at = elf.indexOf("x".charCodeAt(0));
  elf.set([0xff, 0xc3, 0x28], at);
  assert.deepEqual(readModinfo(elf, "x.ko"), [{ key: "a", value: "\ufffd\ufffd(" }]);
});

test("compression is told by the first bytes", () => {
  const files = [[0x1f, 0x8b, 8], [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], [0x28, 0xb5, 0x2f, 0xfd], [0x7f, 0x45, 0x4c, 0x46], [0x1f], []];
  const found = files.map((bytes) => detectModuleCompression(new Uint8Array(bytes)));
  assert.deepEqual(found, ["gzip", "xz", "zstd", "none", "none", "none"]);
});

function assertOnlyParseErrors(bytes: Uint8Array): void {
  try {
    readModinfo(bytes, "x.ko");
    moduleTail(bytes, "x.ko");
  } catch (error) {
    assert.ok(error instanceof KmodParseError, String(error));
  }
}

/** Header `index` of a 64-bit little-endian file. */
function header(view: DataView, index: number): number {
  return Number(view.getBigUint64(40, true)) + index * 64;
}

/** ELF header, .modinfo, section names, then three section headers: null, .modinfo, .shstrtab. */
function makeElf({ wide, little }: ElfShape, modinfo: string): Uint8Array {
  const text = new TextEncoder().encode(modinfo);
  const names = new TextEncoder().encode("\0.modinfo\0.shstrtab\0");
  const headerBytes = wide ? 64 : 52;
  const sectionBytes = wide ? 64 : 40;
  const namesAt = headerBytes + text.length;
  const sectionsAt = namesAt + names.length;
  const elf = new Uint8Array(sectionsAt + 3 * sectionBytes);
  const view = new DataView(elf.buffer);
  const word = (at: number, value: number) => (wide ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little));
  elf.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1]);
  word(wide ? 40 : 32, sectionsAt);
  view.setUint16(wide ? 58 : 46, sectionBytes, little);
  view.setUint16(wide ? 60 : 48, 3, little);
  view.setUint16(wide ? 62 : 50, 2, little);
  elf.set(text, headerBytes);
  elf.set(names, namesAt);
  const section = (index: number, fields: { name: number; type: number; offset: number; size: number }) => {
    const at = sectionsAt + index * sectionBytes;
    view.setUint32(at, fields.name, little);
    view.setUint32(at + 4, fields.type, little);
    word(at + (wide ? 24 : 16), fields.offset);
    word(at + (wide ? 32 : 20), fields.size);
  };
  section(1, { name: 1, type: 1, offset: headerBytes, size: text.length });
  section(2, { name: 10, type: 3, offset: namesAt, size: names.length });
  return elf;
}
