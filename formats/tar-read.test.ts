// Our tar reader against bytes written by hand, GNU tar and bsdtar, our writer, and damage of all kinds.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { run, runBytes } from "#os/exec";
import { concat, handmade, paxHeader, scanTar, TAR_END, type HandmadeFields } from "./tar-for-tests.ts";
import { encodeTar } from "./tar-header.ts";
import { parsePaxRecords, tarScanner, type TarMember } from "./tar-read.ts";
import { latin1Decode, utf8Decode, utf8Encode } from "./text.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-tar-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const PLAIN: TarMember = {
  path: "a",
  type: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: [0, 0],
  ctime: undefined,
  sizeBytes: 0,
  storedBytes: 0,
  linkTarget: undefined,
  device: undefined,
  attributes: new Map(),
  isSparse: false,
};

/** The one member of a stream. */
function only(...parts: readonly Uint8Array[]): TarMember {
  const { members } = scanTar(concat(...parts, TAR_END));
  assert.equal(members.length, 1);
  return members[0]!.member;
}

const MINUS_ONE = new Uint8Array(12).fill(0xff);
/** GNU's base 256: the top bit, then the number, highest byte first. */
const base256 = (length: number, value: bigint) =>
  Uint8Array.from({ length }, (_, index) => Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn) | (index === 0 ? 0x80 : 0));

describe("headers by hand", () => {
  const cases: readonly (readonly [what: string, fields: HandmadeFields, expected: Partial<TarMember>])[] = [
    ["all numbers", { mode: 0o104755, uid: 1, gid: 2, mtime: 3 }, { mode: 0o4755, uid: 1, gid: 2, mtime: [3, 0] }],
    ["numbers that begin with blanks", { uid: "     7 ", gid: "7\0" }, { uid: 7, gid: 7 }],
    ["a prefix", { name: "b", prefix: "some/way" }, { path: "some/way/b" }],
    ["no prefix where GNU's old magic has times", { magic: "ustar  \0", prefix: "1234567" }, { path: "a" }],
    ["a name of 100 bytes, without NUL", { name: "x".repeat(100) }, { path: "x".repeat(100) }],
    ["numbers in base 256", { uid: base256(8, 1n << 40n), mtime: base256(12, 1n << 40n) }, { uid: 2 ** 40, mtime: [2 ** 40, 0] }],
    ["a negative time in base 256", { mtime: MINUS_ONE }, { mtime: [-1, 0] }],
    ["a directory, its slash left out", { name: "d/", typeflag: "5" }, { path: "d", type: "directory" }],
    ["a directory whose name ends in a newline", { name: "d\n/", typeflag: "5" }, { path: "d\n", type: "directory" }],
    ["the root", { name: "./", typeflag: "5" }, { path: ".", type: "directory" }],
    ["a symbolic link", { typeflag: "2", linkname: "to/" }, { type: "symlink", linkTarget: "to/" }],
    ["a hard link", { typeflag: "1", linkname: "b" }, { type: "hard-link", linkTarget: "b" }],
    ["a character device", { typeflag: "3", devmajor: 5, devminor: 1 }, { type: "character-device", device: [5, 1] }],
    ["a block device", { typeflag: "4", devmajor: 259, devminor: 70_000 }, { type: "block-device", device: [259, 70_000] }],
    ["a FIFO", { typeflag: "6" }, { type: "fifo" }],
    ["a file of the first tar", { typeflag: "\0", magic: "" }, {}],
    ["a contiguous file", { typeflag: "7" }, {}],
  ];
  for (const [what, fields, expected] of cases) {
    test(`tarScanner() reads ${what}`, () => assert.deepEqual(only(handmade(fields)), { ...PLAIN, ...expected }));
  }
});

describe("extended headers by hand", () => {
  const value = Uint8Array.from({ length: 300 }, (_, index) => index & 0xff);
  const cases: readonly (readonly [what: string, records: Record<string, string | Uint8Array>, expected: Partial<TarMember>])[] = [
    ["names of any length and any bytes", { path: Uint8Array.of(0xff, 0x0a, 0x3d, 0x20) }, { path: "\xff\n= " }],
    ["times with fractions", { mtime: "1.5", ctime: "2.000000001" }, { mtime: [1, 5e8], ctime: [2, 1] }],
    ["times before 1970", { mtime: "-1.25", ctime: "-7" }, { mtime: [-2, 75e7], ctime: [-7, 0] }],
    ["a time just before 1970", { mtime: "-0.000000001" }, { mtime: [-1, 999_999_999] }],
    ["finer fractions than there are nanoseconds", { mtime: "1.1234567899" }, { mtime: [1, 123_456_789] }],
    ["times that no number holds", { mtime: "9223372036854775807" }, { mtime: [Number.MAX_SAFE_INTEGER - 1, 0] }],
    ["large owners", { uid: "4294967294", gid: "2097152" }, { uid: 4294967294, gid: 2097152 }],
    [
      "attributes, and nothing else, as such",
      { "SCHILY.xattr.user.a": value, comment: "x" },
      { attributes: new Map([["SCHILY.xattr.user.a", value]]) },
    ],
  ];
  for (const [what, records, expected] of cases) {
    test(`tarScanner() takes ${what} from pax records`, () => {
      assert.deepEqual(only(paxHeader(records), handmade({})), { ...PLAIN, ...expected });
    });
  }

  test("records concern the next member alone, and those of a global header nobody", () => {
    const stream = concat(paxHeader({ path: "long" }), handmade({}), paxHeader({ path: "g" }, "g"), handmade({ name: "b" }), TAR_END);
    assert.deepEqual(
      scanTar(stream).members.map(({ member }) => member.path),
      ["long", "b"],
    );
  });

  test("the size of a pax record counts, not that of the header", () => {
    const stream = concat(paxHeader({ size: "3" }), handmade({ size: 0 }, "abc"), TAR_END);
    assert.deepEqual(scanTar(stream).members, [{ member: { ...PLAIN, sizeBytes: 3, storedBytes: 3 }, data: utf8Encode("abc") }]);
  });

  test("parsePaxRecords() keeps the last of two values, and values with newlines and equal signs", () => {
    const records = parsePaxRecords(utf8Encode("6 a=1\n6 a=2\n8 b=\n=c\n"));
    assert.deepEqual(
      [...records].map(([key, bytes]) => [key, utf8Decode(bytes)]),
      [
        ["a", "2"],
        ["b", "\n=c"],
      ],
    );
  });
});

/** Odd names, times, owners and links, and a file of 20 GiB that is a hole with an island. */
async function makeTree(): Promise<string> {
  const tree = mkdtempSync(join(scratch, "tree-"));
  const script = `
    set -e
    printf 'text' > file; chmod 4711 file; chown 3000000:3000001 file
    ln file second; ln -s file link; ln link link2; ln -s "$(printf '%0200d' 0)" "$(printf 'long\\nlink')"
    mkfifo pipe; mkdir -p dir/"$(printf '%0250d' 0)"/"$(printf '%0250d' 1)"; mkdir "$(printf 'dir\\nx')"
    touch -- -dash "$(printf '\\377\\376')" 'back\\101slash' ' blank '
    touch -d '1960-01-01 00:00:00.25 UTC' old; touch -d '2300-01-01 00:00:00.5 UTC' new
    truncate -s 20G hole; printf island | dd of=hole bs=1 seek=10000000000 conv=notrunc status=none
    head -c 70000 /dev/zero | tr '\\0' x > big`;
  await run(["sh", "-c", script], { cwd: tree });
  return tree;
}

const isRoot = process.getuid?.() === 0;

describe("other programs", () => {
  test(
    "tarScanner() sees in GNU tar's archive what find sees in the tree",
    { skip: isRoot ? false : "needs root to give files away" },
    async () => {
      const tree = await makeTree();
      const found = await runBytes(["find", ".", "-printf", "%P\\0%y\\0%m\\0%U\\0%G\\0%s\\0%T@\\0%l\\0"], { cwd: tree });
      const fields = latin1Decode(found).split("\0").slice(0, -1);
      const expected = new Map<string, readonly unknown[]>();
      for (let at = 0; at < fields.length; at += 8) {
        const [path = "", type = "", mode = "", uid, gid, size, time = "", link = ""] = fields.slice(at, at + 8);
        const names: Readonly<Record<string, string>> = { f: "file", l: "symlink", d: "directory", p: "fifo" };
        const isFile = type === "f";
        expected.set(path === "" ? "." : path, [
          names[type],
          parseInt(mode, 8),
          Number(uid),
          Number(gid),
          isFile ? Number(size) : 0,
          time,
          link,
        ]);
      }
      const stream = await runBytes(["tar", "-cf-", "--format=posix", "--sparse", "--sort=name", "--transform=s,^\\./,,S", "."], {
        cwd: tree,
      });
      const { members, handedOn, hasEnded } = scanTar(stream);
      assert.ok(hasEnded && Buffer.from(handedOn).equals(stream));
      const seen = new Map<string, readonly unknown[]>();
      for (const { member } of members) {
        const original = member.type === "hard-link" ? expected.get(member.path) : undefined;
        const { type, mode, uid, gid, sizeBytes, linkTarget } = member;
        seen.set(member.path, original ?? [type, mode, uid, gid, sizeBytes, timeText(member.mtime), type === "symlink" ? linkTarget : ""]);
      }
      assert.deepEqual(Object.fromEntries(seen), Object.fromEntries(expected));
      assert.deepEqual(
        members.filter(({ member }) => member.isSparse).map(({ member }) => [member.path, member.sizeBytes, member.storedBytes < 10_000]),
        [["hole", 20 * 2 ** 30, true]],
      );
      const links = members.flatMap(({ member }) => (member.type === "hard-link" ? [`${member.linkTarget} ${member.path}`] : []));
      assert.deepEqual(new Set(links), new Set(["file second", "link link2"]));
    },
  );

  test("tarScanner() reads bsdtar's pax archives too", async () => {
    const tree = mkdtempSync(join(scratch, "bsd-"));
    writeFileSync(join(tree, "n".repeat(200)), "content");
    mkdirSync(join(tree, "d"));
    const stream = await runBytes(["bsdtar", "-cf", "-", "--format=pax", "-C", tree, "."]);
    const members = scanTar(stream).members.map(({ member, data }) => [member.path, member.type, utf8Decode(data)]);
    assert.deepEqual(
      new Set(members),
      new Set([
        [".", "directory", ""],
        ["./d", "directory", ""],
        [`./${"n".repeat(200)}`, "file", "content"],
      ]),
    );
  });
});

/** As find's %T@ has it: ten digits, and those of times before 1970 count upwards too. */
function timeText([seconds, nanoseconds]: TarMember["mtime"]): string {
  return `${seconds}.${String(nanoseconds).padStart(9, "0")}0`;
}

const PathSegment = fc.string({ minLength: 1, maxLength: 60 }).filter((name) => !/[/\0]|^\.\.?$/.test(name));
const Files = fc.uniqueArray(fc.record({ path: PathSegment, bytes: fc.uint8Array({ maxLength: 2000 }) }), {
  selector: ({ path }) => path,
  maxLength: 5,
});

test("tarScanner() gives back what our writer wrote, in whatever pieces it comes, and hands every byte on", async () => {
  const property = fc.asyncProperty(Files, fc.array(fc.integer({ min: 0, max: 700 })), async (files, lengths) => {
    const entries = files.map(({ path, bytes }) => ({ path, type: "file" as const, mode: 0o640, sizeBytes: bytes.length, data: bytes }));
    const parts: Uint8Array[] = [];
    for await (const part of encodeTar(entries, { mtimeSeconds: 5 })) parts.push(part);
    const stream = concat(...parts);
    const { members, handedOn, hasEnded } = scanTar(stream, lengths);
    assert.deepEqual(
      members.map(({ member, data }) => [member.path, member.mode, member.mtime, data]),
      files.map(({ path, bytes }) => [latin1Decode(utf8Encode(path)), 0o640, [5, 0], bytes]),
    );
    assert.deepEqual([handedOn, hasEnded], [stream, true]);
  });
  await fc.assert(property, { numRuns: 200 });
});

describe("damage", () => {
  const cases: readonly (readonly [what: string, stream: Uint8Array, message: RegExp])[] = [
    ["a wrong checksum", handmade({ checksumError: 1 }), /checksum must be \d+: it says \d+$/],
    ["a type that nobody knows", handmade({ typeflag: "Z" }), /known type: type flag "Z"$/],
    ["a size that is no number", handmade({ size: "0000009" }), /"size" must be octal digits/],
    ["a negative size", handmade({ size: MINUS_ONE }), /"size" must be a whole number: "-1"$/],
    ["a negative size of an extended header", handmade({ size: MINUS_ONE, typeflag: "x" }), /"size" must be a whole number: "-1"$/],
    ["a negative owner", handmade({ uid: MINUS_ONE.subarray(0, 8) }), /"uid" must be a whole number: "-1"$/],
    ["a size beyond all numbers", handmade({ size: base256(12, 1n << 60n) }), /"size" must be a number that fits 53 bits/],
    ["a pax size that is no number", concat(paxHeader({ size: "-5" }), handmade({})), /"size" must be a whole number: "-5"$/],
    ["a pax time that is none", concat(paxHeader({ mtime: "1e9" }), handmade({})), /"mtime" must be a time in seconds: "1e9"$/],
    ["an extended header with no member", concat(paxHeader({ path: "x" }), TAR_END), /a member must follow its extended header/],
    ["something after the end", concat(TAR_END, handmade({})), /nothing may follow the end/],
    ...["7 a=1\n", "5 a=1\n", "x a=1\n", "6 a:1\n", "0 a=1\n", "99999999999 a=1\n", "-6 a=1\n", "6 a=1 ", "6"].map(
      (text) =>
        [`the pax record ${JSON.stringify(text)}`, handmade({ typeflag: "x" }, text), /a pax record must be LENGTH KEY=VALUE/] as const,
    ),
  ];
  for (const [what, stream, message] of cases) {
    test(`tarScanner() refuses ${what}`, () => {
      assert.throws(() => scanTar(stream), { name: "LifeboatError", exitCode: 5, message });
    });
  }

  test("an extended header that claims to be endless is given up at 16 MiB", () => {
    const unexpected = () => assert.fail("nothing may be told");
    const scanner = tarScanner({ member: unexpected, data: unexpected, end: unexpected, trailer: unexpected });
    scanner.push(handmade({ typeflag: "x", size: "77777777777" }));
    const piece = new Uint8Array(1 << 20).fill(0x31);
    let pushed = 0;
    const pushAll = () => {
      for (; pushed < 64; pushed += 1) scanner.push(piece);
    };
    assert.throws(pushAll, { name: "LifeboatError", message: /a header may have at most 16777216 bytes/ });
    assert.equal(pushed, 15);
  });

  test("whatever byte is changed, the reader ends with members or a LifeboatError", () => {
    const sound = concat(paxHeader({ path: "x", mtime: "1.5" }), handmade({}, "abc"), handmade({ typeflag: "5" }), TAR_END);
    const property = fc.property(fc.nat({ max: sound.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const bytes = sound.slice();
      bytes[at] = byte;
      try {
        scanTar(bytes);
      } catch (error) {
        assert.ok(error instanceof LifeboatError);
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
