// set.json: what is written comes back; nothing in it leads out of the set.
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "#os/exec";
import { utf8Decode } from "../formats/text.ts";
import { formatManifest, frameListName, parseManifest, setId, volumeName, volumeNumber, type SetManifest } from "./set-manifest.ts";

const MANIFEST: SetManifest = {
  formatVersion: 1,
  id: "web1-20261121T194500Z",
  kind: "machine",
  hostName: "web1",
  createdAt: "2026-11-21T19:45:00.000Z",
  finishedAt: "2026-11-21T19:46:00.000Z",
  createdBy: "lifeboat 0.1.0",
  digestAlgorithm: "BLAKE2b-512",
  codec: "zstd",
  level: 3,
  consistent: "live",
  parent: null,
  options: { include: ["/"], exclude: ["*.o"] },
  totals: { paths: 1, contentBytes: 2, frames: 3, volumes: 4, streamBytes: 5, storedBytes: 6 },
  changed: [{ path: "/var/log/syslog", what: "it changed while it was read" }],
  unreadable: [],
  files: [
    { name: "data-0001.tar.zst", sizeBytes: 6 },
    { name: "boot/rescue.iso", sizeBytes: 7, digest: "ab".repeat(64) },
  ],
};

test("parseManifest() gives back what formatManifest() wrote", () => {
  assert.deepEqual(parseManifest(formatManifest(MANIFEST), "x"), MANIFEST);
});

test("parseManifest() takes a manifest of the time before it had a digest, and one with keys to come beside a digest", () => {
  const old = `${JSON.stringify(MANIFEST, undefined, 1)}\n`;
  assert.deepEqual(parseManifest(old, "x"), MANIFEST);
  assert.throws(() => parseManifest(old.replace('"level"', '"leven"'), "x"), { exitCode: 5, message: /"leven" is no key of a manifest/ });
  const newer = { ...MANIFEST, laterKey: 1 };
  assert.deepEqual(parseManifest(formatManifest(newer), "x"), MANIFEST);
});

test("parseManifest() notices every byte that is another, in whatever way", () => {
  const bytes = Buffer.from(formatManifest({ ...MANIFEST, hostName: "bücher\ufffd" }));
  for (let at = 0; at < bytes.length; at += 1) {
    for (const mask of [1, 2, 3, 7, 0x20, 0x5d, 0x80, 0xff]) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= mask;
      assert.throws(() => parseManifest(utf8Decode(flipped), "x"), { name: "LifeboatError", exitCode: 5 }, `byte ${at}, mask ${mask}`);
    }
  }
});

test("formatManifest() writes a digest that b2sum checks", async () => {
  const text = formatManifest(MANIFEST);
  const lines = text.split("\n").slice(0, -3).join("\n");
  const [digest] = (await run(["b2sum"], { input: `${lines}\n` })).stdout.split(" ");
  assert.equal((JSON.parse(text) as { digest: string }).digest, digest);
});

const NAMES = [
  "../etc/passwd",
  "/etc/passwd",
  "boot/../../x",
  "boot/..",
  "a/b/c",
  "..",
  ".",
  "",
  "-rf",
  ".hidden",
  "a\nb",
  "a\0b",
  "boot//x",
  "bo ot",
];

test("parseManifest() refuses names that lead out of the set, or are none of ours", () => {
  for (const name of NAMES) {
    const text = formatManifest({ ...MANIFEST, files: [{ name, sizeBytes: 1 }] });
    const message = /^Cannot read "x" as a set's manifest must be whole: files\.0\.name: /;
    assert.throws(() => parseManifest(text, "x"), { name: "LifeboatError", exitCode: 5, message }, name);
  }
});

const LIES: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ["what is no JSON", "{", /all of it/],
  ["half of it", formatManifest(MANIFEST).slice(0, 300), /all of it/],
  ["another version", formatManifest({ ...MANIFEST, formatVersion: 2 as 1 }), /formatVersion/],
  ["another digest", formatManifest({ ...MANIFEST, digestAlgorithm: "MD5" as "BLAKE2b-512" }), /digestAlgorithm/],
  ["an id that leads elsewhere", formatManifest({ ...MANIFEST, id: "../x-20261121T194500Z" }), /id/],
  ["a negative total", formatManifest({ ...MANIFEST, totals: { ...MANIFEST.totals, volumes: -1 } }), /totals\.volumes/],
];

for (const [what, text, message] of LIES) {
  test(`parseManifest() refuses ${what}`, () => {
    assert.throws(() => parseManifest(text, "x"), { name: "LifeboatError", exitCode: 5, message });
  });
}

test("setId() makes a file name of any host name, and one that a manifest may have", () => {
  const names = { web1: "web1", "a.b-c": "a.b-c", "../x": "x", "": "machine", ü: "machine", "a b/c": "a-b-c", "-x": "x" };
  for (const [host, name] of Object.entries(names)) {
    const id = setId(host, MANIFEST.createdAt);
    assert.equal(id, `${name}-20261121T194500Z`);
    assert.equal(parseManifest(formatManifest({ ...MANIFEST, id }), "x").id, id);
  }
});

test("volumes and frame lists are named by their number, beyond 9999 too", () => {
  assert.deepEqual(
    [volumeName(1, "zstd"), volumeName(2, "gzip"), volumeName(12345, "none")],
    ["data-0001.tar.zst", "data-0002.tar.gz", "data-12345.tar"],
  );
  assert.deepEqual([frameListName(1), frameListName(12345)], ["data-0001.frames", "data-12345.frames"]);
  const numbers = ["data-0001.tar.zst", "data-12345.tar", "data-1.tar", "data-0001.frames", "xdata-0001.tar"].map(volumeNumber);
  assert.deepEqual(numbers, [1, 12345, undefined, undefined, undefined]);
});
