// Catalogue lines: every kind of entry comes back, names of any bytes among them; what is no line is refused.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import {
  absolutePath,
  bytesOfText,
  formatCatalogueEntry,
  parseCatalogueEntry,
  printable,
  textOf,
  unprinted,
  type CatalogueEntry,
} from "./catalogue.ts";

const FILE: CatalogueEntry = {
  path: "/etc/shadow",
  type: "file",
  mode: 0o640,
  uid: 0,
  gid: 42,
  mtime: [-2, 75e7],
  ctime: [1_700_000_000, 1],
  sizeBytes: 1234,
  digest: "ab",
  isSparse: false,
  attributesDigest: undefined,
  target: undefined,
  hardlinkOf: undefined,
  device: undefined,
  flags: "",
  frame: 3,
  offset: 512,
  streamBytes: 2048,
};
const OTHER: CatalogueEntry = { ...FILE, sizeBytes: 0, digest: undefined };

test("formatCatalogueEntry() writes the line that DESIGN section 5 has", () => {
  assert.equal(
    formatCatalogueEntry({ ...FILE, path: "/\xff", flags: "i", isSparse: true, attributesDigest: "cd" }),
    '{"pathB64":"L/8=","type":"file","mode":416,"uid":0,"gid":42,"mtime":[-2,750000000],"ctime":[1700000000,1],"size":1234,' +
      '"digest":"ab","sparse":true,"xattrs":"cd","flags":"i","frame":3,"offset":512,"length":2048}\n',
  );
});

const KINDS: readonly (readonly [what: string, entry: CatalogueEntry])[] = [
  ["a file", FILE],
  ["a sparse file with flags", { ...FILE, isSparse: true, flags: "ai" }],
  ["a directory", { ...OTHER, path: "/", type: "directory", ctime: undefined }],
  ["a link to what is no UTF-8", { ...OTHER, type: "symlink", target: "\xc3(" }],
  ["a link to nothing", { ...OTHER, type: "symlink", target: "" }],
  ["a hard link", { ...OTHER, type: "hard-link", hardlinkOf: "/a\n\xff" }],
  ["a device", { ...OTHER, type: "block-device", device: [259, 1_048_575] }],
  ["a FIFO", { ...OTHER, type: "fifo" }],
  ["a further name of a FIFO", { ...OTHER, type: "fifo", sameNodeAs: "/\xff" }],
];

for (const [what, entry] of KINDS) {
  test(`parseCatalogueEntry() gives back ${what}`, () => assert.deepEqual(parseCatalogueEntry(formatCatalogueEntry(entry)), entry));
}

const Bytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes));

test("names of any bytes come back from one line", () => {
  const property = fc.property(Bytes, Bytes, (name, target) => {
    const path = `/-${name.replace(/[/\0]/g, "-")}`;
    const entry: CatalogueEntry = { ...OTHER, path, target, type: "symlink" };
    const line = formatCatalogueEntry(entry);
    assert.deepEqual([parseCatalogueEntry(line), line.indexOf("\n")], [entry, line.length - 1]);
  });
  fc.assert(property, { numRuns: 1000 });
});

test("textOf() undoes bytesOfText() for all text that is well formed", () => {
  const property = fc.property(fc.string({ unit: "grapheme" }), (text) => assert.equal(textOf(bytesOfText(text)), text));
  fc.assert(property);
  assert.deepEqual([textOf("\xff"), textOf("\xed\xa0\x80"), textOf("\xc0\xaf")], [undefined, undefined, undefined]);
});

test("printable() keeps a name on one line and tells names apart", () => {
  const cases = { plain: "plain", "a\nb\t\\n": "a\\nb\\t\\\\n", "\x07\x7f": "\\x07\\x7f", "\xff\\\n": "\\377\\134\\012" };
  for (const [bytes, shown] of Object.entries(cases)) assert.equal(printable(bytes), shown);
  assert.equal(printable(bytesOfText("Müller\u0085")), "Müller\\x85");
});

test("unprinted() takes back what printable() writes, whatever the bytes, and nothing that it never writes", () => {
  const texts = fc.string({ unit: "binary" }).map(bytesOfText);
  const bytes = fc.uint8Array().map((array) => String.fromCharCode(...array));
  fc.assert(fc.property(fc.oneof(texts, bytes), (name) => assert.equal(unprinted(printable(name)), name)));
  assert.deepEqual(["a\\", "a\\q", "\\38", "\\xg0"].map(unprinted), [undefined, undefined, undefined, undefined]);
});

test("absolutePath() puts members below the root", () => {
  assert.deepEqual([".", "etc", "a/b\n"].map(absolutePath), ["/", "/etc", "/a/b\n"]);
});

describe("what is no line", () => {
  const good = JSON.parse(formatCatalogueEntry(FILE)) as Record<string, unknown>;
  const lines: readonly (readonly [what: string, line: string])[] = [
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no path", JSON.stringify({ ...good, path: undefined })],
    ["a path that is no base64", JSON.stringify({ ...good, path: undefined, pathB64: "?" })],
    ["a target that is no base64", JSON.stringify({ ...good, targetB64: "?" })],
    ["a first name that is no base64", JSON.stringify({ ...good, hardlinkOfB64: "?" })],
    ["another name that is no base64", JSON.stringify({ ...good, sameNodeAsB64: "?" })],
    ["a negative size", JSON.stringify({ ...good, size: -1 })],
    ["a fraction for a frame", JSON.stringify({ ...good, frame: 1.5 })],
    ["a size beyond 53 bits", JSON.stringify({ ...good, size: 2 ** 53 })],
    ["an unknown type", JSON.stringify({ ...good, type: "door" })],
    ["a time that is none", JSON.stringify({ ...good, mtime: 5 })],
  ];
  for (const [what, line] of lines) {
    test(`parseCatalogueEntry() refuses ${what}`, () => {
      assert.throws(() => parseCatalogueEntry(line), { name: "LifeboatError", exitCode: 5, message: /each line must describe one path/ });
    });
  }
});

test("parseCatalogueEntry() refuses names that lead elsewhere than they say, in each place of a name", () => {
  const names = ["", "etc", "./etc", "//", "/etc/", "/etc//x", "/.", "/./x", "/..", "/a/../../victim", "/a\0/victim"];
  const refusal = { name: "LifeboatError", exitCode: 5, message: /names must be absolute/ };
  const fifo: CatalogueEntry = { ...OTHER, type: "fifo" };
  for (const name of names) {
    for (const entry of [
      { ...fifo, path: name },
      { ...fifo, sameNodeAs: name },
      { ...fifo, hardlinkOf: name },
    ]) {
      assert.throws(() => parseCatalogueEntry(formatCatalogueEntry(entry)), refusal, JSON.stringify(name));
    }
  }
  for (const path of ["/", "/..a", "/.a./...", "/a.", "/a/b.."]) {
    assert.equal(parseCatalogueEntry(formatCatalogueEntry({ ...fifo, path })).path, path);
  }
});

test("parseCatalogueEntry() refuses another name of what is neither device nor FIFO", () => {
  for (const type of ["file", "directory", "symlink", "hard-link"] as const) {
    const line = formatCatalogueEntry({ ...OTHER, type, sameNodeAs: "/a" });
    assert.throws(() => parseCatalogueEntry(line), { name: "LifeboatError", exitCode: 5, message: /only a device or FIFO/ });
  }
});
