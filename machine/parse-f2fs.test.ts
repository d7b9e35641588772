import assert from "node:assert/strict";
import { test } from "node:test";
import { F2FS_HEAD_BYTES, parseF2fs } from "./parse-f2fs.ts";

/** What mkfs.f2fs writes is in restore/mkfs-command.test.ts. */
function head(features: number, change?: (superblock: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(F2FS_HEAD_BYTES);
  const superblock = new DataView(bytes.buffer, 0x400);
  superblock.setUint32(0, 0xf2f5_2010, true);
  superblock.setUint32(2180, features, true);
  change?.(superblock);
  return bytes;
}

test("parseF2fs() names features, and passes over what the kernel sets by itself", () => {
  assert.deepEqual(parseF2fs(head(0)), { kind: "f2fs", features: [] });
  assert.deepEqual(parseF2fs(head(0b10_0000_1100)), { kind: "f2fs", features: ["extra_attr", "lost_found"] });
  const folding = head(1 << 12, (superblock) => superblock.setUint16(2758, 1, true));
  assert.deepEqual(parseF2fs(folding), { kind: "f2fs", features: ["casefold"], encoding: "utf8" });
});

test("parseF2fs() knows none that could not be made again", () => {
  const cases: Readonly<Record<string, Uint8Array>> = {
    "cut short": head(0).subarray(0, 3000),
    "another magic": head(0, (superblock) => superblock.setUint32(0, 1, true)),
    "on zones": head(1 << 1),
    "read-only": head(1 << 14),
    "a feature that nobody knows": head(1 << 31),
    "a second device": head(0, (superblock) => superblock.setUint8(2201 + 68, 0x2f)),
    "an encoding that nobody knows": head(1 << 12, (superblock) => superblock.setUint16(2758, 7, true)),
  };
  for (const [what, bytes] of Object.entries(cases)) assert.equal(parseF2fs(bytes), undefined, what);
});
