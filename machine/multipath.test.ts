// What multipath-tools and the device mapper call disks and partitions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { diskNode, multipathWwid, parseMapperUuid } from "./multipath.ts";

test("multipathWwid() makes of sysfs's name what multipath -ll prints", () => {
  const cases: readonly (readonly [wwid: string | undefined, expected: string | undefined])[] = [
    // github.com/opensvc/multipath-tools and Red Hat's manual print names of this form for NAA types 6 and 5.
    ["naa.600508b400105df70000e00000ac0000", "3600508b400105df70000e00000ac0000"],
    ["naa.5000c500a1b2c3d4", "35000c500a1b2c3d4"],
    ["eui.0123456789abcdef", "20123456789abcdef"],
    ["t10.ATA     QEMU HARDDISK                           QM00001", undefined],
    [undefined, undefined],
  ];
  for (const [wwid, expected] of cases) assert.equal(multipathWwid({ wwid }), expected);
});

test("parseMapperUuid() knows multipath disks and their partitions, and nothing else", () => {
  assert.deepEqual(
    ["mpath-3600a", "part12-mpath-3600a", "LVM-abc", "part1-LVM-abc", "CRYPT-LUKS2-mpath-x", ""].map((uuid) => parseMapperUuid(uuid)),
    [{ wwid: "3600a", partition: undefined }, { wwid: "3600a", partition: 12 }, undefined, undefined, undefined, undefined],
  );
});

test("diskNode() is the mapper's, or that of the path that is written through", () => {
  const multipath = { wwid: "3600a", paths: ["sda", "sdb"] };
  assert.deepEqual([{ id: "sdc" }, { id: "mpatha", multipath }, { id: "sdb", multipath }].map(diskNode), [
    "/dev/sdc",
    "/dev/mapper/mpatha",
    "/dev/sdb",
  ]);
});
