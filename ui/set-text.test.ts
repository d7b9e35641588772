// Sets as people read them: reports, listings, damage.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CatalogueEntry } from "../set/catalogue.ts";
import type { SetManifest } from "../set/set-manifest.ts";
import { archiveReport, fileLine, setsText, verificationText } from "./set-text.ts";

const MIB = 2 ** 20;
const MANIFEST: SetManifest = {
  formatVersion: 1,
  id: "web1-20261121T194500Z",
  kind: "files",
  hostName: "web1",
  createdAt: "2026-11-21T19:45:00.000Z",
  finishedAt: "2026-11-21T19:46:10.000Z",
  createdBy: "",
  digestAlgorithm: "BLAKE2b-512",
  codec: "gzip",
  level: 6,
  consistent: "live",
  parent: null,
  options: { include: [], exclude: [] },
  totals: { paths: 12, contentBytes: 0, frames: 2, volumes: 1, streamBytes: 3 * MIB, storedBytes: MIB },
  changed: [],
  unreadable: [],
  files: [],
};
const DONE = { path: "/s/web1", manifest: MANIFEST, verification: undefined, warnings: [], mediumBytes: 1.5 * MIB };

test("archiveReport() says what was made, and that it was not verified", () => {
  assert.equal(
    archiveReport(DONE),
    `/s/web1  1.5 MiB
  set       web1-20261121T194500Z, files alone
  files     12 paths, 3.0 MiB in 1.0 MiB (gzip), 1 min 10 s
  verified  no`,
  );
});

test("archiveReport() names what was left out, what changed and what was not read, ten of each", () => {
  const remarks = Array.from({ length: 12 }, (_, index) => ({ path: `/${index}`, what: "why" }));
  const leftOut = [{ what: '"/mnt"', reason: "the set" }];
  const manifest: SetManifest = { ...MANIFEST, kind: "machine", changed: remarks.slice(0, 1), unreadable: remarks, leftOut };
  const verification = { frames: 2, paths: 12, storedBytes: MIB, damage: [] };
  const text = archiveReport({ ...DONE, manifest, verification, warnings: ["careful"] });
  assert.deepEqual(text.split("\n").slice(1), [
    "  set       web1-20261121T194500Z, rebuilds the machine",
    "  files     12 paths, 3.0 MiB in 1.0 MiB (gzip), 1 min 10 s",
    "  verified  2 frames and 12 paths read back, no damage",
    '  left out  "/mnt": the set',
    "  warning   careful",
    "  changed   /0: why",
    ...remarks.slice(0, 10).map(({ path }) => `  NOT READ  ${path}: why`),
    "  NOT READ  … and 2 more, named in set.json",
  ]);
});

test("images of devices are named by report and list", () => {
  const files = [1, 2].map((number) => ({ name: `images/sda3-000${number}.ntfsclone.gz`, sizeBytes: MIB }));
  const manifest: SetManifest = { ...MANIFEST, kind: "machine", files };
  assert.equal(archiveReport({ ...DONE, manifest }).split("\n")[3], "  image     sda3: ntfsclone, 2.0 MiB");
  const set = { id: manifest.id, path: "/s/web1", kind: "directory", state: "whole", manifest, problem: undefined } as const;
  assert.match(setsText([set]), /  12 paths  1\.0 MiB  images of sda3  finished /);
});

test("verificationText() lists damage, a hundred lines of it", () => {
  const whole = { frames: 2, paths: 12, storedBytes: MIB, damage: [] };
  assert.equal(verificationText("a", whole), "a: 2 frames, 1.0 MiB, 12 paths read: no damage");
  const lines = verificationText("a", { ...whole, damage: Array.from({ length: 103 }, (_, index) => `${index}`) }).split("\n");
  assert.deepEqual(
    [lines[0], lines[1], lines.at(-2), lines.at(-1), lines.length],
    ["a: 2 frames, 1.0 MiB, 12 paths read: DAMAGED", "  0", "  99", "  … and 3 more", 102],
  );
});

test("setsText() tells whole sets from others", () => {
  assert.equal(setsText([]), "no sets");
  const set = { path: "/s/a", kind: "directory", manifest: undefined, problem: undefined } as const;
  const lines = setsText([
    { ...set, id: "a", state: "whole", manifest: MANIFEST },
    { ...set, id: "a", path: "/s/a-1.iso", kind: "iso", state: "whole", manifest: MANIFEST },
    { ...set, id: "b", state: "incomplete", problem: "it was not finished" },
    { ...set, id: "c", state: "being-written", problem: "it is being written by process 1 on web" },
    { ...set, id: "d", path: "/s/d-1.iso", kind: "iso", state: "damaged", problem: "it is cut short" },
  ]);
  assert.deepEqual(lines.split("\n"), [
    "a  files  12 paths  1.0 MiB  finished 2026-11-21T19:46:10.000Z",
    "a-1.iso  files  12 paths  1.0 MiB  finished 2026-11-21T19:46:10.000Z",
    "b  INCOMPLETE: it was not finished",
    "c  BEING WRITTEN: it is being written by process 1 on web",
    "d-1.iso  DAMAGED: it is cut short",
  ]);
});

const FILE: CatalogueEntry = {
  path: "/a\n",
  type: "file",
  mode: 0o4755,
  uid: 1,
  gid: 2,
  mtime: [0, 0],
  ctime: undefined,
  sizeBytes: 3,
  digest: "",
  isSparse: false,
  attributesDigest: undefined,
  target: undefined,
  hardlinkOf: undefined,
  device: undefined,
  flags: "",
  frame: 0,
  offset: 0,
  streamBytes: 0,
};

const LINES: readonly (readonly [what: string, change: Partial<CatalogueEntry>, line: string])[] = [
  ["a file", {}, "-4755 1:2 3 1970-01-01 00:00:00 /a\\n"],
  ["a link", { type: "symlink", mode: 0o777, target: "\xff" }, "l0777 1:2 3 1970-01-01 00:00:00 /a\\n -> \\377"],
  ["a hard link", { type: "hard-link", mode: 0, hardlinkOf: "/b" }, "h0000 1:2 3 1970-01-01 00:00:00 /a\\n is /b"],
  ["a time before 1970", { mtime: [-1, 5] }, "-4755 1:2 3 1969-12-31 23:59:59 /a\\n"],
  ["a time that no calendar holds", { mtime: [Number.MAX_SAFE_INTEGER - 1, 0] }, "-4755 1:2 3 @9007199254740990 /a\\n"],
];

for (const [what, change, line] of LINES)
  test(`fileLine() shows ${what} on one line`, () => assert.equal(fileLine({ ...FILE, ...change }), line));
