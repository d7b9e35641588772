// Our newc writer against bytes written by hand, our reader, GNU cpio, bsdtar and npm's cpio-stream.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import type { ArchiveEntry } from "./archive-entry.ts";
import { encodeNewc, writeNewc, type BytesEntry } from "./cpio-newc.ts";
import { readNewc } from "./cpio-read.ts";
import { utf8Decode, utf8Encode } from "./text.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-cpio-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

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

function temporary(): string {
  return mkdtempSync(join(scratch, "t-"));
}

describe("the writer", () => {
  test("encodes one entry byte for byte as the format says", () => {
    const bytes = archive([{ type: "file", path: "a", mode: 0o644, sizeBytes: 2, data: utf8Encode("hi") }], { mtimeSeconds: 1 });
    const expected =
      "070701" +
      "00000001" +
      "000081A4" +
      "0".repeat(16) +
      "00000001" +
      "00000001" +
      "00000002" +
      "0".repeat(32) +
      "00000002" +
      "00000000" +
      "a\0" +
      "hi\0\0" +
      "070701" +
      "0".repeat(32) +
      "00000001" +
      "0".repeat(48) +
      "0000000B" +
      "00000000" +
      "TRAILER!!!\0" +
      "\0\0\0";
    assert.equal(utf8Decode(bytes), expected);
  });

  test("makes what our reader reads back, entry by entry", () => {
    const entries = readNewc(archive(SAMPLE)).entries;
    assert.deepEqual(
      entries.map(({ path, type, mode, ino, nlink, uid, gid, mtimeSeconds }) => ({ path, type, mode, ino, nlink, uid, gid, mtimeSeconds })),
      SAMPLE.map(({ path, type, mode }, index) => {
        return {
          path,
          type,
          mode,
          ino: index + 1,
          nlink: type === "directory" ? 2 : 1,
          uid: 0,
          gid: 0,
          mtimeSeconds: OPTIONS.mtimeSeconds,
        };
      }),
    );
    assert.deepEqual(
      entries.filter(({ major }) => major > 0).map(({ path, major, minor }) => [path, major, minor]),
      [
        ["dev/console", 5, 1],
        ["dev/sda", 8, 0],
      ],
    );
    assert.equal(utf8Decode(entries.find(({ path }) => path === "init")!.data), "bin/tool");
  });

  test("streams content in pieces to the same bytes, and twice the same", async () => {
    async function* pieces() {
      yield utf8Encode("hel");
      yield new Uint8Array(0);
      yield utf8Encode("lo");
    }
    const streamed = SAMPLE.map((entry): ArchiveEntry =>
      entry.path === "bin/tool" && entry.type === "file" ? { ...entry, data: pieces() } : entry,
    );
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
    let pulled = 0;
    async function* endless() {
      for (; pulled < 100; pulled += 1) yield utf8Encode("more");
    }
    const flood: ArchiveEntry = { type: "file", path: "f", mode: 0o644, sizeBytes: 10, data: endless() };
    await assert.rejects(Array.fromAsync(encodeNewc([flood], OPTIONS)), /more came/);
    assert.ok(pulled < 5, `${pulled} pieces were taken`);
  });

  for (const [name, entries, message] of [
    ["a missing parent", [{ type: "fifo", path: "a/b", mode: 0 }], /a directory must come before what it holds: no directory "a"/],
    [
      "a parent that is a symlink",
      [
        { type: "symlink", path: "a", mode: 0o777, target: "b" },
        { type: "fifo", path: "a/b", mode: 0 },
      ],
      /no directory "a"/,
    ],
    [
      "a path that comes twice",
      [
        { type: "fifo", path: "a", mode: 0 },
        { type: "fifo", path: "a", mode: 0 },
      ],
      /a path must come once/,
    ],
    ["an absolute path", [{ type: "fifo", path: "/a", mode: 0 }], /plain relative paths/],
    ["a ./ prefix", [{ type: "fifo", path: "./a", mode: 0 }], /plain relative paths/],
    ["a path out of the archive", [{ type: "fifo", path: "a/../../b", mode: 0 }], /plain relative paths/],
    ["an empty path", [{ type: "fifo", path: "", mode: 0 }], /plain relative paths/],
    ["the trailer's name", [{ type: "fifo", path: "TRAILER!!!", mode: 0 }], /this name ends an archive/],
    ["a name of 4096 bytes", [{ type: "fifo", path: "ä".repeat(2048), mode: 0 }], /at most 4095 bytes: 4096/],
    ["an empty link target", [{ type: "symlink", path: "a", mode: 0o777, target: "" }], /target must have 1 to 4095 bytes/],
    ["a bad alignment", [{ type: "file", path: "a", mode: 0, sizeBytes: 0, data: new Uint8Array(0), alignBytes: 24 }], /power of two/],
    ["a file of 4 GiB", [{ type: "file", path: "a", mode: 0, sizeBytes: 2 ** 32, data: new Uint8Array(0) }], /smaller than 4 GiB/],
    [
      "a device number over 32 bits",
      [{ type: "block-device", path: "a", mode: 0, major: 2 ** 32, minor: 0 }],
      /"rdevmajor" must fit 32 bits/,
    ],
  ] as [string, BytesEntry[], RegExp][]) {
    test(`refuses ${name}`, () =>
      assert.throws(
        () => archive(entries),
        (error) => error instanceof LifeboatError && message.test(error.message),
      ));
  }

  test("takes a name of 4095 bytes and a directory that an earlier segment makes", () => {
    const path = "n".repeat(4095);
    assert.equal(readNewc(archive([{ type: "fifo", path, mode: 0 }])).entries[0]?.path, path);
    const bytes = archive([{ type: "fifo", path: "usr/lib/x", mode: 0 }], { ...OPTIONS, existingDirectories: ["usr/lib"] });
    assert.deepEqual(
      readNewc(bytes).entries.map((entry) => entry.path),
      ["usr/lib/x"],
    );
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
      assert.deepEqual(
        readNewc(bytes).entries.map((entry) => entry.path),
        ["odd", "blob", "after"],
      );
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
    await run(["cpio", "-idm", "--quiet", "--no-preserve-owner", "-F", join(directory, "a.cpio"), ...files], {
      cwd: join(directory, "out"),
    });
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
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "bin",
      "bin/empty",
      "bin/tool",
      "dev",
      "dev/console",
      "dev/sda",
      "dev/pipe",
      "init",
      "blob",
    ]);
  });

  test("cpio-stream reads the same names, modes and content from ASCII archives", async () => {
    // It counts characters and not bytes in names, so it judges ASCII names alone. It has no types of its own.
    const name: string = "cpio-stream";
    const { default: cpio } = (await import(name)) as { default: { extract(): CpioStreamExtract } };
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
    assert.deepEqual(
      seen.map(([path, mode, text]) => [path, mode, path === "init" ? "" : text]),
      expected,
    );
  });
});

interface CpioStreamExtract extends NodeJS.WritableStream {
  on(event: "entry", listener: (header: { name: string; mode: number }, stream: NodeJS.ReadableStream, next: () => void) => void): this;
  on(event: "finish", listener: (value?: unknown) => void): this;
}
