// Our newc reader against bytes written by hand, GNU cpio, our writer, and damage of all kinds.
import assert from "node:assert/strict";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { runBytes } from "#os/exec";
import { writeNewc, type BytesEntry } from "./cpio-newc.ts";
import { readNewc } from "./cpio-read.ts";
import { utf8Decode, utf8Encode } from "./text.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-cpio-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function archive(entries: Iterable<BytesEntry>): Uint8Array {
  return join2([...writeNewc(entries, { mtimeSeconds: 1 })]);
}

function join2(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** An entry written by hand, any field at will. */
function handmade(fields: Readonly<Record<string, number | string>>, name: string, data: Uint8Array | string = ""): Uint8Array {
  const bytes = typeof data === "string" ? utf8Encode(data) : data;
  const order = [
    "ino",
    "mode",
    "uid",
    "gid",
    "nlink",
    "mtime",
    "filesize",
    "devmajor",
    "devminor",
    "rdevmajor",
    "rdevminor",
    "namesize",
    "check",
  ];
  const nameBytes = utf8Encode(name);
  const all: Record<string, number | string> = {
    mode: 0o100644,
    nlink: 1,
    filesize: bytes.length,
    namesize: nameBytes.length + 1,
    ...fields,
  };
  const digits = order.map((field) => {
    const value = all[field] ?? 0;
    return typeof value === "string" ? value : value.toString(16).padStart(8, "0");
  });
  const head = Buffer.from(`${fields["magic"] ?? "070701"}${digits.join("")}`);
  const nul = fields["namesize"] === nameBytes.length ? 0 : 1;
  const pad = (length: number) => new Uint8Array((4 - (length % 4)) % 4);
  const named = Buffer.concat([head, nameBytes, new Uint8Array(nul)]);
  return join2([named, pad(named.length), bytes, pad(bytes.length)]);
}

const TRAILER = handmade({ mode: 0 }, "TRAILER!!!");

describe("the reader", () => {
  test("our reader agrees with GNU cpio on a tree it packed: hard links, symlinks, checksums", async () => {
    const directory = mkdtempSync(join(scratch, "t-"));
    mkdirSync(join(directory, "tree/sub"), { recursive: true });
    writeFileSync(join(directory, "tree/sub/one"), "content of one");
    linkSync(join(directory, "tree/sub/one"), join(directory, "tree/sub/two"));
    symlinkSync("sub/one", join(directory, "tree/link"));
    const names = [".", "./link", "./sub", "./sub/one", "./sub/two"];
    for (const format of ["newc", "crc"]) {
      const bytes = await runBytes(["cpio", "-o", "--quiet", "-H", format], {
        cwd: join(directory, "tree"),
        input: `${names.join("\n")}\n`,
      });
      const { entries } = readNewc(bytes);
      assert.deepEqual(entries.map((entry) => entry.path).sort(), [".", "link", "sub", "sub/one", "sub/two"]);
      const hard = entries.filter((entry) => entry.hardLinkOf !== undefined);
      assert.equal(hard.length, 1, format);
      assert.deepEqual(
        entries
          .filter(({ path }) => path.startsWith("sub/"))
          .map(({ data }) => data.length)
          .sort((a, b) => a - b),
        [0, 14],
      );
      assert.equal(utf8Decode(entries.find(({ path }) => path === "link")!.data), "sub/one");
    }
  });

  test("reads concatenated members with NULs between them and starts hard links afresh after a trailer", () => {
    const link = { ino: 7, nlink: 2 };
    const member = join2([handmade(link, "a", "xx"), handmade({ ...link, filesize: 0 }, "b"), TRAILER]);
    const { entries, compressedAt } = readNewc(join2([member, new Uint8Array(512), member, new Uint8Array(4)]));
    assert.deepEqual(
      entries.map(({ path, member, hardLinkOf }) => [path, member, hardLinkOf]),
      [
        ["a", 0, undefined],
        ["b", 0, "a"],
        ["a", 1, undefined],
        ["b", 1, "a"],
      ],
    );
    assert.equal(compressedAt, undefined);
  });

  test("stops where a compressed member begins", () => {
    const early = join2([handmade({}, "kernel", "x"), TRAILER]);
    const { entries, compressedAt } = readNewc(join2([early, Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3)]));
    assert.deepEqual([entries.length, compressedAt], [1, early.length]);
  });

  test("accepts a missing trailer, a name padded with NULs, names as other tools write them, and upper-case digits", () => {
    assert.deepEqual(
      readNewc(handmade({}, "alone", "x")).entries.map((entry) => entry.path),
      ["alone"],
    );
    const padded = handmade({}, "padded\0\0\0\0\0\0", "x");
    assert.deepEqual(
      readNewc(padded).entries.map((entry) => [entry.path, utf8Decode(entry.data)]),
      [["padded", "x"]],
    );
    const names = [".", "./prefixed", "/absolute"];
    assert.deepEqual(
      readNewc(join2(names.map((name) => handmade({}, name)))).entries.map((entry) => entry.path),
      names,
    );
    assert.equal(readNewc(handmade({ mtime: "ABCDEF01" }, "a")).entries[0]?.mtimeSeconds, 0xabcdef01);
  });

  test("checks the sum of a 070702 entry", () => {
    assert.equal(readNewc(handmade({ magic: "070702", check: 97 + 98 }, "a", "ab")).entries.length, 1);
    assert.throws(
      () => readNewc(handmade({ magic: "070702", check: 1 }, "a", "ab")),
      /"check" of "a" must be the sum of its data: 1 is written, the sum is 195/,
    );
  });

  test("keeps data with whichever hard link has it, and a thousand files apart", () => {
    const last = join2([handmade({ ino: 3, nlink: 2 }, "first"), handmade({ ino: 3, nlink: 2 }, "second", "late")]);
    assert.deepEqual(
      readNewc(last).entries.map(({ path, data }) => [path, utf8Decode(data)]),
      [
        ["first", ""],
        ["second", "late"],
      ],
    );
    const many = Array.from({ length: 1000 }, (_, index) => handmade({ ino: index }, `file${index}`, `${index}`));
    const { entries } = readNewc(join2([...many, TRAILER]));
    assert.equal(entries.length, 1000);
    assert.equal(utf8Decode(entries[617]!.data), "617");
  });

  for (const [name, bytes, message] of [
    ["the old portable format", handmade({ magic: "070707" }, "a"), /magic must be "070701" or "070702": 070707, the old portable format/],
    ["another magic", handmade({ magic: "xxxxxx" }, "a"), /the magic must be/],
    ["a digit that is none", handmade({ gid: "0000000g" }, "a"), /"gid" must be eight hexadecimal digits: "0000000g"/],
    ["a name that overruns (no NUL)", handmade({ namesize: 4 }, "long"), /the name must end with NUL/],
    ["a namesize of 0", handmade({ namesize: 0 }, "a"), /"namesize" must be from 1 to 4096: 0/],
    ["a namesize over the limit", handmade({ namesize: 4097 }, "a"), /"namesize" must be from 1 to 4096: 4097/],
    ["a namesize past the end", handmade({ namesize: 4000 }, "a"), /"namesize" must fit the archive: 4000/],
    ["a filesize past the end", handmade({ filesize: 0xffffffff }, "a"), /"filesize" of "a" must fit the archive: 4294967295/],
    ["an empty name", handmade({}, ""), /the name must not be empty/],
    ["a directory with data", handmade({ mode: 0o040755 }, "d", "data"), /"filesize" of the directory "d" must be 0: 4/],
    ["a mode without type", handmade({ mode: 0o644 }, "a"), /"mode" of "a" must have a file type: 644/],
    ["rubbish between members", join2([TRAILER, utf8Encode("rubbish!")]), /a header must have 110 bytes: 8 are left/],
    ["a member off its boundary", join2([TRAILER, new Uint8Array(2), handmade({}, "a")]), /must start at a multiple of 4/],
  ] as [string, Uint8Array, RegExp][]) {
    test(`refuses ${name}`, () =>
      assert.throws(
        () => readNewc(bytes),
        (error) => error instanceof LifeboatError && message.test(error.message),
      ));
  }

  test("reads or refuses every truncation and every mutation, and throws nothing but LifeboatError", () => {
    const whole = archive([
      { type: "directory", path: "bin", mode: 0o755 },
      { type: "file", path: "bin/tool", mode: 0o755, sizeBytes: 5, data: utf8Encode("hello") },
      { type: "symlink", path: "init", mode: 0o777, target: "bin/tool" },
      { type: "character-device", path: "null", mode: 0o666, major: 1, minor: 3 },
    ]);
    for (let length = 1; length < whole.length; length += 1) onlyLifeboatErrors(whole.subarray(0, length));
    const mutation = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.constantFrom(0, 0x30, 0x46, 0xff, 0x37)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(mutation, (changes) => {
        const bytes = whole.slice();
        for (const [offset, value] of changes) bytes[offset] = value;
        onlyLifeboatErrors(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test("gives back any tree that the writer takes", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
    const file = fc.record({ name, data: fc.uint8Array({ maxLength: 20 }) }, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.uniqueArray(file, { selector: (one) => one.name, maxLength: 8 }), (files) => {
        const plain = files.filter(({ name }) => !/[/\0]|^\.{1,2}$/.test(name));
        const entries = plain.map(({ name, data }): BytesEntry => ({
          type: "file",
          path: name,
          mode: 0o600,
          sizeBytes: data.length,
          data,
        }));
        const back = readNewc(archive(entries)).entries.map(({ path, data }) => ({ name: path, data: Uint8Array.from(data) }));
        assert.deepEqual(back, plain);
      }),
    );
  });
});

function onlyLifeboatErrors(bytes: Uint8Array): void {
  try {
    readNewc(bytes);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
  }
}
