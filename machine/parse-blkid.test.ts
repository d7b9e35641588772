import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseBlkid } from "./parse-blkid.ts";

test("parseBlkid() reads a real answer, escaped blanks undone", () => {
  const text = readFileSync(join(import.meta.dirname, "fixtures/mounts/guest-without-udev/blkid"), "utf8");
  const entries = parseBlkid(text);
  assert.deepEqual(entries.map(({ device, tags }) => [device, tags.get("TYPE") ?? "", tags.get("LABEL") ?? ""].join("|")).sort(), [
    "/dev/mapper/safe|ext4|vault",
    "/dev/mapper/vg0-home|xfs|home",
    "/dev/mapper/vg0-swap--2|swap|",
    "/dev/md0|ext4|boot",
    "/dev/nvme0n1p1|linux_raid_member|(none):0",
    "/dev/sda1|linux_raid_member|(none):0",
    "/dev/sr0|iso9660|CDLABEL",
    "/dev/vda1||",
    "/dev/vda2|vfat|ESP",
    "/dev/vda3|ext4|root disk",
    "/dev/vdb1|swap|swap1",
    "/dev/vdb5|ext4|",
    "/dev/vdb6|crypto_LUKS|",
    "/dev/vdc|LVM2_member|",
    "/dev/vdd|btrfs|pool",
  ]);
});

test("parseBlkid() finds nothing in nothing, and skips what names no device", () => {
  assert.deepEqual(parseBlkid(""), []);
  assert.deepEqual(parseBlkid("TYPE=ext4\n\nDEVNAME=/dev/a\nTYPE=xfs\nrubbish\n"), [
    { device: "/dev/a", tags: new Map([["TYPE", "xfs"]]) },
  ]);
});
