// Members under other names: GNU tar is the judge.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run, runBytes } from "#os/exec";
import { renamedHeader, type NewNames } from "./tar-rename.ts";
import { tarScanner, type TarMember } from "./tar-read.ts";
import { concat } from "./tar-for-tests.ts";
import { latin1Decode } from "./text.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-rename-"));
after(() => rm(scratch, { recursive: true }));
let trees = 0;

interface Scanned {
  readonly members: readonly TarMember[];
  readonly renamed: Uint8Array;
}

/** The same stream with every header passed through; `names` by path. */
function rename(stream: Uint8Array, names: Readonly<Record<string, NewNames>>): Scanned {
  const members: TarMember[] = [];
  const parts: Uint8Array[] = [];
  const keep = (bytes: Uint8Array) => void parts.push(bytes.slice());
  const scanner = tarScanner({
    member(member, header) {
      members.push(member);
      parts.push(renamedHeader(header, names[member.path] ?? {}));
    },
    data: keep,
    end: keep,
    trailer: keep,
  });
  scanner.push(stream);
  return { members, renamed: concat(...parts) };
}

async function tarOf(script: string, format: "posix" | "ustar" = "posix"): Promise<Uint8Array> {
  const directory = join(scratch, `tree${(trees += 1)}`);
  await mkdir(directory);
  await run(["bash", "-c", `set -e; ${script}`], { cwd: directory });
  const extras = format === "posix" ? ["--sparse", "--xattrs"] : [];
  return runBytes(["tar", "--create", `--format=${format}`, ...extras, "--sort=name", "--file=-", "."], { cwd: directory });
}

/** What GNU tar makes of it: path, type, mode, size, time and link of each, and the digests of files. */
async function unpacked(stream: Uint8Array): Promise<string> {
  const directory = join(scratch, `out${(trees += 1)}`);
  await mkdir(directory);
  await writeFile(`${directory}.tar`, stream);
  await run(["tar", "--extract", "--xattrs", `--file=${directory}.tar`, `--directory=${directory}`]);
  const list =
    "find . -mindepth 1 -printf '%P|%y|%m|%s|%T@|%n|%l\\0' | sort -z; find . -type f -print0 | sort -z | xargs -0 b2sum; getfattr -d -R .";
  return latin1Decode(await runBytes(["sh", "-c", list], { cwd: directory, env: { LC_ALL: "C" } }));
}

const LONG = "n".repeat(250);

describe("renamedHeader()", () => {
  test("without names changes nothing that tar sees, in any format", async () => {
    const script = `echo a > a; ln a b; ln -s a c; mkdir d; truncate -s 5M d/s; echo e >> d/s; setfattr -n user.x -v 1 a; echo n > ${LONG}; mkdir -p ${LONG}d/e; echo > ${LONG}d/e/f`;
    for (const [format, makeTree] of [
      ["posix", script],
      ["ustar", "echo a > a; ln a b; mkdir d; echo > d/e"],
    ] as const) {
      const stream = await tarOf(makeTree, format);
      assert.equal(await unpacked(rename(stream, {}).renamed), await unpacked(stream), format);
    }
  });

  const names: readonly (readonly [what: string, to: string])[] = [
    ["shorter", "z"],
    ["in another directory", "p/q/r"],
    ["of 255 bytes", "x".repeat(255)],
    ["of 2,000 bytes", `${"deep/".repeat(400)}x`],
    ["with a newline, an equals sign and bytes that are no UTF-8", "a=b\n1 c=\xff\xfe"],
    ["whose record's length gains a digit", "y".repeat(88)],
  ];
  for (const [what, to] of names) {
    test(`gives a file a name that is ${what}`, async () => {
      const stream = await tarOf("echo content > old; touch -d '2001-02-03 04:05:06.7 UTC' old; setfattr -n user.x -v 1 old");
      const { renamed } = rename(stream, { "./old": { path: to } });
      const { members } = rename(renamed, {});
      const then = rename(stream, {}).members.find(({ path }) => path === "./old");
      assert.deepEqual(
        members.find(({ path }) => path === to),
        { ...then!, path: to },
      );
      const text = await unpacked(renamed);
      assert.ok(text.includes(`${to}|f|644|8|981173106.7`), text.slice(0, 300));
    });
  }

  test("renames a file with holes, whose name stands elsewhere", async () => {
    const stream = await tarOf("truncate -s 5M old; printf end >> old");
    const text = await unpacked(rename(stream, { "./old": { path: `${LONG}/new` } }).renamed);
    assert.match(text, /n\/new\|f\|644\|5242883\|/);
  });

  test("lets a hard link point to another name", async () => {
    const stream = await tarOf("echo content > a; ln a b; ln a c");
    const { renamed } = rename(stream, {
      "./a": { path: `${LONG}/first` },
      "./b": { linkTarget: `${LONG}/first` },
      "./c": { linkTarget: `${LONG}/first` },
    });
    assert.match(await unpacked(renamed), /^b\|f\|644\|8\|[\d.]+\|3\|\0c\|f\|644\|8\|[\d.]+\|3\|\0n+\/first\|f\|644\|8\|[\d.]+\|3\|/);
  });

  test("gives a member of a stream without pax records a long name too", async () => {
    const stream = await tarOf("echo content > a", "ustar");
    assert.match(await unpacked(rename(stream, { "./a": { path: LONG } }).renamed), /^n{250}\|f\|644\|8\|/);
  });
});
