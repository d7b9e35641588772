import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseSwaps } from "./parse-swaps.ts";

test("parseSwaps() reads what a real kernel prints of files, partitions and volumes", () => {
  const text = readFileSync(join(import.meta.dirname, "fixtures/mounts/guest-with-udev/swaps"), "utf8");
  assert.deepEqual(parseSwaps(text), [
    { path: "/tmp/swapfile", type: "file", sizeBytes: 8180 * 1024, usedBytes: 0, priority: -2 },
    { path: "/dev/vdb1", type: "partition", sizeBytes: 65532 * 1024, usedBytes: 0, priority: -3 },
    { path: "/dev/mapper/vg0-swap--2", type: "partition", sizeBytes: 61436 * 1024, usedBytes: 0, priority: -4 },
  ]);
});

test("parseSwaps() undoes the kernel's escapes, knows a file that was deleted, and skips what is no swap", () => {
  const text = "Filename Type Size Used Priority\n/a\\040b\\134ä file 8 4 10\n/swap (deleted) file 8 0 -2\nhalf a line\n";
  assert.deepEqual(
    parseSwaps(text).map(({ path, usedBytes, priority }) => [path, usedBytes, priority]),
    [
      ["/a b\\ä", 4096, 10],
      ["/swap", 0, -2],
    ],
  );
  assert.deepEqual(parseSwaps(""), []);
});
