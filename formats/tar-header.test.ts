// Our tar writer against GNU tar and mksquashfs.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import type { ArchiveEntry } from "./archive-entry.ts";
import { encodeDirectory, encodeHead, encodeTar, TAR_END } from "./tar-header.ts";
import { utf8Encode } from "./text.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-tar-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const OPTIONS = { mtimeSeconds: 1_700_000_000 };
const LONG = "d".repeat(99);
const SAMPLE: readonly ArchiveEntry[] = [
  { type: "directory", path: "bin", mode: 0o755 },
  { type: "file", path: "bin/tool", mode: 0o4755, sizeBytes: 5, data: utf8Encode("hello") },
  { type: "character-device", path: "console", mode: 0o600, major: 5, minor: 1 },
  { type: "fifo", path: "pipe", mode: 0o600 },
  { type: "symlink", path: "link", mode: 0o777, target: "bin/tool" },
  { type: "symlink", path: "longlink", mode: 0o777, target: `bin/${"t".repeat(200)}` },
  { type: "directory", path: LONG, mode: 0o700 },
  { type: "directory", path: `${LONG}/more`, mode: 0o700 },
  { type: "file", path: `${LONG}/more/${"f".repeat(120)}`, mode: 0o644, sizeBytes: 600, data: new Uint8Array(600).fill(0x61) },
  { type: "file", path: "größe", mode: 0o640, sizeBytes: 0, data: new Uint8Array(0) },
];

async function writeSample(entries: readonly ArchiveEntry[]): Promise<{ readonly directory: string; readonly file: string }> {
  const directory = mkdtempSync(join(scratch, "t-"));
  const file = join(directory, "a.tar");
  writeFileSync(file, Buffer.concat(await Array.fromAsync(encodeTar(entries, OPTIONS))));
  return { directory, file };
}

test("GNU tar gives a directory owner, mode and time to the nanosecond from encodeDirectory(), whatever its name", async () => {
  const names = ["/", "/plain", `/${"l".repeat(150)}`, "/caf\xc3\xa9\n", "/\xff"];
  const times = [
    [1_700_000_000, 123_456_789],
    [0, 0],
    [-1, 0],
    [-2, 0],
    [8_000_000_000, 1],
  ] as const;
  const heads = names.map((path, index) => ({ path, mode: 0o2751, uid: 4_000_000 + index, gid: 7, mtime: times[index]! }));
  const file = join(mkdtempSync(join(scratch, "d-")), "a.tar");
  writeFileSync(file, Buffer.concat([...heads.map(encodeDirectory), TAR_END]));
  const { stdout } = await run([
    "tar",
    "--list",
    "--verbose",
    "--full-time",
    "--numeric-owner",
    "--utc",
    "--quoting-style=escape",
    "-f",
    file,
  ]);
  const lines = stdout.trim().split("\n");
  assert.deepEqual(
    lines.map((line) => line.split(/\s+/).slice(0, 5).join(" ")),
    [
      "drwxr-s--x 4000000/7 0 2023-11-14 22:13:20.123456789",
      "drwxr-s--x 4000001/7 0 1970-01-01 00:00:00",
      "drwxr-s--x 4000002/7 0 1969-12-31 23:59:59",
      "drwxr-s--x 4000003/7 0 1969-12-31 23:59:58",
      "drwxr-s--x 4000004/7 0 2223-07-06 14:13:20.000000001",
    ],
  );
  assert.deepEqual(
    lines.map((line) => line.slice(line.indexOf("/", 25) === -1 ? 0 : line.lastIndexOf(" ") + 1)),
    ["./", "plain/", `${"l".repeat(150)}/`, "caf\\303\\251\\n/", "\\377/"],
  );
});

test("GNU tar lists every entry with its type, mode, owner, size and time, without a warning", async () => {
  const { file } = await writeSample(SAMPLE);
  const { stdout, stderr } = await run(["tar", "--quoting-style=literal", "--numeric-owner", "--full-time", "-tvf", file], {
    env: { TZ: "UTC", LC_ALL: "C.UTF-8" },
  });
  assert.equal(stderr, "");
  const at = "2023-11-14 22:13:20";
  const letters: Record<string, string> = { directory: "d", file: "-", "character-device": "c", fifo: "p", symlink: "l" };
  const seen = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/\s+/));
  assert.deepEqual(
    seen.map(([mode, owner, size, day, time, name]) => [mode?.[0], owner, size, `${day} ${time}`, name]),
    SAMPLE.map((entry) => [
      letters[entry.type],
      "0/0",
      entry.type === "file" ? `${entry.sizeBytes}` : entry.type === "character-device" ? "5,1" : "0",
      at,
      entry.type === "directory" ? `${entry.path}/` : entry.path,
    ]),
  );
  assert.equal(seen[1]?.[0], "-rwsr-xr-x");
});

test("GNU tar extracts content and long targets", async () => {
  const { directory, file } = await writeSample(SAMPLE.filter((entry) => entry.type !== "character-device"));
  mkdirSync(join(directory, "out"));
  await run(["tar", "--no-same-owner", "-xf", file, "-C", join(directory, "out")]);
  assert.equal(readFileSync(join(directory, "out/bin/tool"), "utf8"), "hello");
  assert.equal(readFileSync(join(directory, `out/${LONG}/more/${"f".repeat(120)}`), "utf8"), "a".repeat(600));
  assert.equal(readlinkSync(join(directory, "out/longlink")), `bin/${"t".repeat(200)}`);
});

test("mksquashfs takes the archive from standard input", async (context) => {
  const { directory, file } = await writeSample(SAMPLE);
  if ((await run(["sh", "-c", "command -v mksquashfs && command -v unsquashfs"], { okCodes: [0, 1, 127] })).exitCode !== 0) {
    context.skip("mksquashfs is not installed (package squashfs-tools)");
    return;
  }
  await run(["mksquashfs", "-", join(directory, "out.squashfs"), "-tar", "-quiet", "-no-progress"], { input: readFileSync(file) });
  const { stdout } = await run(["unsquashfs", "-lln", join(directory, "out.squashfs")], { env: { LC_ALL: "C.UTF-8" } });
  for (const entry of SAMPLE) assert.ok(stdout.includes(`squashfs-root/${entry.path}`), entry.path);
  assert.match(stdout, /crw------- 0\/0\s+5,\s+1 .*console/);
});

test("GNU tar reads back every name that the writer takes", async () => {
  const name = fc.string({ unit: fc.constantFrom("a", "é", "😀", " ", "=", "'", "-", "z".repeat(30)), minLength: 1, maxLength: 9 });
  const names = fc.sample(fc.uniqueArray(name, { maxLength: 40, minLength: 40 }), { numRuns: 1, seed: 7 })[0] ?? [];
  const { file } = await writeSample(names.map((path): ArchiveEntry => ({ type: "fifo", path, mode: 0o600 })));
  const { stdout } = await run(["tar", "--quoting-style=literal", "--null", "-tf", file], { env: { LC_ALL: "C.UTF-8" } });
  assert.deepEqual(stdout.trimEnd().split("\n"), names);
});

test("a size over 8 GiB goes into a pax record", () => {
  const head = encodeHead({ type: "file", path: "big", mode: 0o644, sizeBytes: 2 ** 33, data: new Uint8Array(0) }, OPTIONS);
  assert.equal(new TextDecoder().decode(head.subarray(512, 528)), "19 size=85899345");
  assert.equal(head.length, 3 * 512);
});

test("two archives of the same entries are the same bytes, and content of another size than declared is refused", async () => {
  const make = async () => Buffer.concat(await Array.fromAsync(encodeTar(SAMPLE, OPTIONS)));
  assert.deepEqual(await make(), await make());
  const short: ArchiveEntry = { type: "file", path: "f", mode: 0o644, sizeBytes: 9, data: utf8Encode("four") };
  await assert.rejects(
    writeSample([short]),
    (error) => error instanceof LifeboatError && /"f" to the tar archive as its header says 9 bytes: only 4 came/.test(error.message),
  );
  await assert.rejects(writeSample([{ type: "fifo", path: "a/b", mode: 0 }]), /a directory must come before what it holds/);
});
