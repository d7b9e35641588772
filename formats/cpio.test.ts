// Our newc writer and reader against bytes written by hand, GNU cpio, bsdtar and npm's cpio-stream.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, statSync, symlinkSync, linkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LifeboatError } from "#os/error";
import { run, runBytes } from "#os/exec";
import type { ArchiveEntry } from "./archive-entry.ts";
import { encodeNewc, writeNewc, type BytesEntry } from "./cpio-newc.ts";
import { readNewc } from "./cpio-read.ts";
import { utf8Decode, utf8Encode } from "./text.ts";

const OPTIONS = { mtimeSeconds: 1_700_000_000 };
const SAMPLE: readonly BytesEntry[] = [
  { type: "directory", path: "bin", mode: 0o755 },
  { type: "file", path: "bin/empty", mode: 0o644, sizeBytes: 0, data: new Uint8Array(0) },
  { type: "file", path: "bin/tool", mode: 0o755, sizeBytes: 5, data: utf8Encode("hello") },
  { type: "directory", path: "dev", mode: 0o755 },
  { type: "character-device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
  { type: "block-device", path: "dev/sda", mode: 0o660, major: 8, minor: 0 },
  { type: "fifo", path: "dev/pipe", mode: 0o600 },
  { type: "symlink", path: "init", mode: 0o777, target: "bin/tool" },
  { type: "file", path: "größe", mode: 0o640, sizeBytes: 3, data: utf8Encode("abc") },
];

function archive(entries: Iterable<BytesEntry>, options: Parameters<typeof writeNewc>[1] = OPTIONS): Uint8Array {
  return join2([...writeNewc(entries, options)]);
}

function join2(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** An entry written by hand, any field at will. */
function handmade(fields: Readonly<Record<string, number | string>>, name: string, data: Uint8Array | string = ""): Uint8Array {
  const bytes = typeof data === "string" ? utf8Encode(data) : data;
  const order = ["ino", "mode", "uid", "gid", "nlink", "mtime", "filesize", "devmajor", "devminor", "rdevmajor", "rdevminor", "namesize", "check"];
  const nameBytes = utf8Encode(name);
  const all: Record<string, number | string> = { mode: 0o100644, nlink: 1, filesize: bytes.length, namesize: nameBytes.length + 1, ...fields };
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

function temporary(): string {
  return mkdtempSync(join(tmpdir(), "lifeboat-cpio-"));
}

describe("the writer", () => {
  test("encodes one entry byte for byte as the format says", () => {
    const bytes = archive([{ type: "file", path: "a", mode: 0o644, sizeBytes: 2, data: utf8Encode("hi") }], { mtimeSeconds: 1 });
    const expected =
      "070701" + "00000001" + "000081A4" + "0".repeat(16) + "00000001" + "00000001" + "00000002" + "0".repeat(32) + "00000002" + "00000000" +
      "a\0" + "hi\0\0" +
      "070701" + "0".repeat(32) + "00000001" + "0".repeat(48) + "0000000B" + "00000000" + "TRAILER!!!\0" + "\0\0\0";
    assert.equal(utf8Decode(bytes), expected);
  });

  test("makes what our reader reads back, entry by entry", () => {
    const entries = readNewc(archive(SAMPLE)).entries;
    assert.deepEqual(
      entries.map(({ path, type, mode, ino, nlink, uid, gid, mtimeSeconds }) => ({ path, type, mode, ino, nlink, uid, gid, mtimeSeconds })),
      SAMPLE.map(({ path, type, mode }, index) => {
        return { path, type, mode, ino: index + 1, nlink: type === "directory" ? 2 : 1, uid: 0, gid: 0, mtimeSeconds: OPTIONS.mtimeSeconds };
      }),
    );
    assert.deepEqual(entries.filter(({ major }) => major > 0).map(({ path, major, minor }) => [path, major, minor]), [
      ["dev/console", 5, 1],
      ["dev/sda", 8, 0],
    ]);
    assert.equal(utf8Decode(entries.find(({ path }) => path === "init")!.data), "bin/tool");
  });

  test("streams content in pieces to the same bytes, and twice the same", async () => {
    async function* pieces() {
      yield utf8Encode("hel");
      yield new Uint8Array(0);
      yield utf8Encode("lo");
    }
    const streamed = SAMPLE.map((entry): ArchiveEntry => (entry.path === "bin/tool" && entry.type === "file" ? { ...entry, data: pieces() } : entry));
    assert.deepEqual(join2(await Array.fromAsync(encodeNewc(streamed, OPTIONS))), archive(SAMPLE));
    assert.deepEqual(archive(SAMPLE), archive(SAMPLE));
  });

  test("refuses content that is longer or shorter than its declared size", async () => {
    const make = (sizeBytes: number): ArchiveEntry => ({ type: "file", path: "f", mode: 0o644, sizeBytes, data: stream() });
    async function* stream() {
      yield utf8Encode("four");
    }
    const write = (sizeBytes: number) => Array.fromAsync(encodeNewc([make(sizeBytes)], OPTIONS));
    await assert.rejects(write(3), /Cannot write "f" to the cpio archive as its header says 3 bytes: more came/);
    await assert.rejects(write(5), /Cannot write "f" to the cpio archive as its header says 5 bytes: only 4 came/);
    await write(4);
  });

  for (const [name, entries, message] of [
    ["a missing parent", [{ type: "fifo", path: "a/b", mode: 0 }], /a directory must come before what it holds: no directory "a"/],
    ["a parent that is a symlink", [{ type: "symlink", path: "a", mode: 0o777, target: "b" }, { type: "fifo", path: "a/b", mode: 0 }], /no directory "a"/],
    ["a path that comes twice", [{ type: "fifo", path: "a", mode: 0 }, { type: "fifo", path: "a", mode: 0 }], /a path must come once/],
    ["an absolute path", [{ type: "fifo", path: "/a", mode: 0 }], /plain relative paths/],
    ["a ./ prefix", [{ type: "fifo", path: "./a", mode: 0 }], /plain relative paths/],
    ["a path out of the archive", [{ type: "fifo", path: "a/../../b", mode: 0 }], /plain relative paths/],
    ["an empty path", [{ type: "fifo", path: "", mode: 0 }], /plain relative paths/],
    ["the trailer's name", [{ type: "fifo", path: "TRAILER!!!", mode: 0 }], /this name ends an archive/],
    ["a name of 4096 bytes", [{ type: "fifo", path: "ä".repeat(2048), mode: 0 }], /at most 4095 bytes: 4096/],
    ["an empty link target", [{ type: "symlink", path: "a", mode: 0o777, target: "" }], /target must have 1 to 4095 bytes/],
    ["a bad alignment", [{ type: "file", path: "a", mode: 0, sizeBytes: 0, data: new Uint8Array(0), alignBytes: 24 }], /power of two/],
    ["a file of 4 GiB", [{ type: "file", path: "a", mode: 0, sizeBytes: 2 ** 32, data: new Uint8Array(0) }], /smaller than 4 GiB/],
    ["a device number over 32 bits", [{ type: "block-device", path: "a", mode: 0, major: 2 ** 32, minor: 0 }], /"rdevmajor" must fit 32 bits/],
  ] as [string, BytesEntry[], RegExp][]) {
    test(`refuses ${name}`, () => assert.throws(() => archive(entries), (error) => error instanceof LifeboatError && message.test(error.message)));
  }

  test("takes a name of 4095 bytes and a directory that an earlier segment makes", () => {
    const path = "n".repeat(4095);
    assert.equal(readNewc(archive([{ type: "fifo", path, mode: 0 }])).entries[0]?.path, path);
    const bytes = archive([{ type: "fifo", path: "usr/lib/x", mode: 0 }], { ...OPTIONS, existingDirectories: ["usr/lib"] });
    assert.deepEqual(readNewc(bytes).entries.map((entry) => entry.path), ["usr/lib/x"]);
  });

  test("starts a file's data where the alignment asked for says, names unchanged", () => {
    const data = utf8Encode("MICROCODE");
    const make = (alignBytes: number) =>
      archive([
        { type: "fifo", path: "odd", mode: 0o600 },
        { type: "file", path: "blob", mode: 0o644, sizeBytes: data.length, data, alignBytes },
        { type: "fifo", path: "after", mode: 0o600 },
      ]);
    for (const align of [16, 512, 4096]) {
      const bytes = make(align);
      assert.equal(Buffer.from(bytes).indexOf("MICROCODE") % align, 0, `aligned to ${align}`);
      assert.deepEqual(readNewc(bytes).entries.map((entry) => entry.path), ["odd", "blob", "after"]);
    }
    assert.notEqual(Buffer.from(make(4)).indexOf("MICROCODE") % 4096, 0);
  });
});

describe("the oracles", () => {
  test("GNU cpio lists, verifies and extracts what we write", async () => {
    const directory = temporary();
    writeFileSync(join(directory, "a.cpio"), archive(SAMPLE));
    const listed = await run(["cpio", "-it", "--quiet", "-F", join(directory, "a.cpio")]);
    assert.equal(listed.stderr, "");
    assert.deepEqual(listed.stdout.trimEnd().split("\n").sort(), SAMPLE.map((entry) => entry.path).sort());
    const verified = await run(["cpio", "-i", "--only-verify-crc", "--quiet", "-F", join(directory, "a.cpio")]);
    assert.equal(verified.stderr, "");
    mkdirSync(join(directory, "out"));
    const files = ["bin", "bin/*", "init", "gr*"];
    await run(["cpio", "-idm", "--quiet", "--no-preserve-owner", "-F", join(directory, "a.cpio"), ...files], { cwd: join(directory, "out") });
    assert.equal(readFileSync(join(directory, "out/bin/tool"), "utf8"), "hello");
    assert.equal(readlinkSync(join(directory, "out/init")), "bin/tool");
    const info = statSync(join(directory, "out/größe"));
    assert.deepEqual([info.mode & 0o7777, info.mtimeMs / 1000, info.size], [0o640, OPTIONS.mtimeSeconds, 3]);
  });

  test("bsdtar lists what we write, padded names included", async (context) => {
    if ((await run(["sh", "-c", "command -v bsdtar"], { okCodes: [0, 127] })).exitCode !== 0) {
      context.skip("bsdtar is not installed (package libarchive-tools)");
      return;
    }
    const directory = temporary();
    const blob: BytesEntry = { type: "file", path: "blob", mode: 0o644, sizeBytes: 3, data: utf8Encode("abc"), alignBytes: 512 };
    writeFileSync(join(directory, "a.cpio"), archive([...SAMPLE.filter((entry) => /^[ -~]+$/.test(entry.path)), blob]));
    const { stdout } = await run(["bsdtar", "-tf", join(directory, "a.cpio")]);
    assert.deepEqual(stdout.trimEnd().split("\n"), ["bin", "bin/empty", "bin/tool", "dev", "dev/console", "dev/sda", "dev/pipe", "init", "blob"]);
  });

  test("cpio-stream reads the same names, modes and content from ASCII archives", async () => {
    // It counts characters and not bytes in names, so it judges ASCII names alone.
    const { default: cpio } = (await import("cpio-stream")) as unknown as { default: { extract(): CpioStreamExtract } };
    const ascii = SAMPLE.filter((entry) => /^[ -~]+$/.test(entry.path));
    const seen: [string, number, string][] = [];
    const extract = cpio.extract();
    extract.on("entry", (header, stream, next) => {
      let text = "";
      stream.on("data", (chunk: Uint8Array) => (text += utf8Decode(chunk)));
      stream.on("end", () => {
        seen.push([header.name, header.mode & 0o7777, text]);
        next();
      });
      stream.resume();
    });
    const finished = new Promise((resolve) => extract.on("finish", resolve));
    extract.end(Buffer.from(archive(ascii)));
    await finished;
    const expected = ascii.map((entry) => [entry.path, entry.mode, entry.type === "file" ? utf8Decode(entry.data) : ""]);
    assert.deepEqual(seen.map(([path, mode, text]) => [path, mode, path === "init" ? "" : text]), expected);
  });

  test("our reader agrees with GNU cpio on a tree it packed: hard links, symlinks, checksums", async () => {
    const directory = temporary();
    mkdirSync(join(directory, "tree/sub"), { recursive: true });
    writeFileSync(join(directory, "tree/sub/one"), "content of one");
    linkSync(join(directory, "tree/sub/one"), join(directory, "tree/sub/two"));
    symlinkSync("sub/one", join(directory, "tree/link"));
    const names = [".", "./link", "./sub", "./sub/one", "./sub/two"];
    for (const format of ["newc", "crc"]) {
      const bytes = await runBytes(["cpio", "-o", "--quiet", "-H", format], { cwd: join(directory, "tree"), input: `${names.join("\n")}\n` });
      const { entries } = readNewc(bytes);
      assert.deepEqual(entries.map((entry) => entry.path).sort(), [".", "link", "sub", "sub/one", "sub/two"]);
      const hard = entries.filter((entry) => entry.hardLinkOf !== undefined);
      assert.equal(hard.length, 1, format);
      assert.deepEqual(entries.filter(({ path }) => path.startsWith("sub/")).map(({ data }) => data.length).sort(), [0, 14]);
      assert.equal(utf8Decode(entries.find(({ path }) => path === "link")!.data), "sub/one");
    }
  });
});

interface CpioStreamExtract extends NodeJS.WritableStream {
  on(event: "entry", listener: (header: { name: string; mode: number }, stream: NodeJS.ReadableStream, next: () => void) => void): this;
  on(event: "finish", listener: (value?: unknown) => void): this;
}

describe("the reader", () => {
  test("reads concatenated members with NULs between them and starts hard links afresh after a trailer", () => {
    const link = { ino: 7, nlink: 2 };
    const member = join2([handmade(link, "a", "xx"), handmade({ ...link, filesize: 0 }, "b"), TRAILER]);
    const { entries, compressedAt } = readNewc(join2([member, new Uint8Array(512), member, new Uint8Array(4)]));
    assert.deepEqual(entries.map(({ path, member, hardLinkOf }) => [path, member, hardLinkOf]), [
      ["a", 0, undefined],
      ["b", 0, "a"],
      ["a", 1, undefined],
      ["b", 1, "a"],
    ]);
    assert.equal(compressedAt, undefined);
  });

  test("stops where a compressed member begins", () => {
    const early = join2([handmade({}, "kernel", "x"), TRAILER]);
    const { entries, compressedAt } = readNewc(join2([early, Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3)]));
    assert.deepEqual([entries.length, compressedAt], [1, early.length]);
  });

  test("accepts a missing trailer, a name padded with NULs, names as other tools write them, and upper-case digits", () => {
    assert.deepEqual(readNewc(handmade({}, "alone", "x")).entries.map((entry) => entry.path), ["alone"]);
    const padded = handmade({}, "padded\0\0\0\0\0\0", "x");
    assert.deepEqual(readNewc(padded).entries.map((entry) => [entry.path, utf8Decode(entry.data)]), [["padded", "x"]]);
    const names = [".", "./prefixed", "/absolute"];
    assert.deepEqual(readNewc(join2(names.map((name) => handmade({}, name)))).entries.map((entry) => entry.path), names);
    assert.equal(readNewc(handmade({ mtime: "ABCDEF01" }, "a")).entries[0]?.mtimeSeconds, 0xabcdef01);
  });

  test("checks the sum of a 070702 entry", () => {
    assert.equal(readNewc(handmade({ magic: "070702", check: 97 + 98 }, "a", "ab")).entries.length, 1);
    assert.throws(() => readNewc(handmade({ magic: "070702", check: 1 }, "a", "ab")), /"check" of "a" must be the sum of its data: 1 is written, the sum is 195/);
  });

  test("keeps data with whichever hard link has it, and a thousand files apart", () => {
    const last = join2([handmade({ ino: 3, nlink: 2 }, "first"), handmade({ ino: 3, nlink: 2 }, "second", "late")]);
    assert.deepEqual(readNewc(last).entries.map(({ path, data }) => [path, utf8Decode(data)]), [["first", ""], ["second", "late"]]);
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
    test(`refuses ${name}`, () => assert.throws(() => readNewc(bytes), (error) => error instanceof LifeboatError && message.test(error.message)));
  }

  test("reads or refuses every truncation and every mutation, and throws nothing but LifeboatError", () => {
    const whole = archive(SAMPLE);
    for (let length = 1; length < whole.length; length += 1) onlyLifeboatErrors(whole.subarray(0, length));
    const mutation = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.constantFrom(0, 0x30, 0x46, 0xff, 0x37)), { minLength: 1, maxLength: 4 });
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
        const entries = plain.map(({ name, data }): BytesEntry => ({ type: "file", path: name, mode: 0o600, sizeBytes: data.length, data }));
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
