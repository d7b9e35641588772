// Arrays as the kernel shows them below /sys.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { readArray } from "./read-array.ts";

const root = mkdtempSync(join(tmpdir(), "lifeboat-arrays-"));
after(() => rmSync(root, { recursive: true }));

let count = 0;

/** `members`: slot, state and offset in sectors, by kernel name. */
function array(files: Readonly<Record<string, string>>, members: Readonly<Record<string, readonly [string, string, number]>>) {
  const name = `md${(count += 1)}`;
  const all = {
    metadata_version: "1.2",
    ...files,
    ...Object.fromEntries(
      Object.entries(members).flatMap(([device, [slot, state, offset]]) => [
        [`dev-${device}/slot`, slot],
        [`dev-${device}/state`, state],
        [`dev-${device}/offset`, String(offset)],
      ]),
    ),
  };
  for (const [path, text] of Object.entries(all)) {
    const place = join(root, "block", name, "md", path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, `${text}\n`);
  }
  return readArray(name, root);
}

test("readArray() tells a mirror with a bitmap, a faulty member and a spare", () => {
  const found = array(
    { level: "raid1", raid_disks: "2", chunk_size: "0", layout: "0", component_size: "1048576", "bitmap/location": "+8" },
    { sdb1: ["1", "in_sync", 2048], sda1: ["0", "in_sync", 2048], sdc1: ["none", "spare", 2048], "cciss!c0d0p1": ["none", "faulty", 2048] },
  );
  assert.deepEqual(found, {
    level: "raid1",
    members: ["sda1", "sdb1"],
    spares: ["sdc1"],
    shape: {
      deviceCount: 2,
      metadata: "1.2",
      chunkBytes: undefined,
      layout: undefined,
      hasBitmap: true,
      memberBytes: 1 << 30,
      dataOffsetBytes: 1 << 20,
    },
    writeMostly: [],
    hasPpl: false,
    unkept: [],
  });
});

test("readArray() tells a partial parity log, a bitmap in a file, and members that are write-mostly", () => {
  const facts = { level: "raid5", raid_disks: "3", chunk_size: "65536", layout: "2", component_size: "1", consistency_policy: "ppl" };
  const found = array({ ...facts, "bitmap/location": "file" }, { sda1: ["0", "in_sync", 2048], sdb1: ["1", "in_sync,write_mostly", 2048] });
  assert.deepEqual(
    [found?.hasPpl, found?.writeMostly, found?.unkept, found?.shape?.hasBitmap],
    [true, ["sdb1"], ["its bitmap in a file"], false],
  );
});

test("readArray() takes a journal for no spare", () => {
  const facts = { level: "raid5", raid_disks: "3", chunk_size: "65536", layout: "2", component_size: "1" };
  const [a, b, c] = ["0", "1", "2"].map((slot) => [slot, "in_sync", 2048] as const);
  const found = array(facts, { sda1: a!, sdb1: b!, sdc1: c!, sdd1: ["journal", "journal", 2048] });
  assert.deepEqual([found?.members, found?.spares], [["sda1", "sdb1", "sdc1"], []]);
});

test("readArray() has mdadm's words for layouts", () => {
  const layoutOf = (level: string, layout: number) =>
    array({ level, raid_disks: "4", chunk_size: "524288", layout: String(layout), component_size: "1" }, {})?.shape?.layout;
  assert.deepEqual(
    [
      layoutOf("raid5", 2),
      layoutOf("raid6", 18),
      layoutOf("raid10", 0x102),
      layoutOf("raid10", 0x201),
      layoutOf("raid10", 0x10201),
      layoutOf("raid0", 0),
    ],
    ["left-symmetric", "left-symmetric-6", "n2", "f2", "o2", undefined],
  );
  const striped = array({ level: "raid5", raid_disks: "3", chunk_size: "65536", layout: "2", component_size: "1" }, {});
  assert.deepEqual([striped?.shape?.chunkBytes, striped?.shape?.hasBitmap], [65536, false]);
});

test("readArray() has no shape for metadata that firmware keeps, and knows what is no array", () => {
  assert.equal(array({ level: "raid1", metadata_version: "external:/md127/0" }, {})?.shape, undefined);
  assert.equal(readArray("sda", root), undefined);
});
