// The device below a mapped one, from a sysfs made for it.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeBelow } from "./mapped-device.ts";

test("nodeBelow() knows the one device that a mapped one stands on", async () => {
  const root = await mkdtemp(join(tmpdir(), "lifeboat-mapped-"));
  try {
    const made = { "dm-0": ["safe", "sda3"], "dm-1": ["raid!er", "cciss!c0d0p1"], "dm-2": ["wide", "sdb", "sdc"] };
    for (const [block, [name, ...slaves]] of Object.entries(made)) {
      await mkdir(join(root, "block", block, "dm"), { recursive: true });
      await writeFile(join(root, "block", block, "dm/name"), `${name}\n`);
      for (const slave of slaves) await mkdir(join(root, "block", block, "slaves", slave), { recursive: true });
    }
    await mkdir(join(root, "block/sda"));
    assert.deepEqual(
      ["safe", "raid!er", "wide", "none"].map((name) => nodeBelow(name, root)),
      ["/dev/sda3", "/dev/cciss/c0d0p1", undefined, undefined],
    );
  } finally {
    await rm(root, { recursive: true });
  }
});
