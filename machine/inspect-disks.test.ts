import assert from "node:assert/strict";
import { test } from "node:test";
import { withSysTree, type SysTree } from "../test/sysfs-tree.ts";
import { readDisks } from "./inspect-disks.ts";
import { readMultipaths } from "./read-multipaths.ts";

const TREE: SysTree = {
  "block/nvme0n1/size": "32768\n",
  "block/nvme0n1/wwid": "nvme.1b36-4c42-51454d55-00000001\n",
  "block/nvme0n1/removable": "0\n",
  "block/nvme0n1/queue/logical_block_size": "4096\n",
  "block/nvme0n1/queue/physical_block_size": "4096\n",
  "block/nvme0n1/queue/rotational": "0\n",
  "block/sda/size": "16\n",
  "block/sda/removable": "1\n",
  "block/sda/device/wwid": "naa.5000C500A1B2C3D4\n",
  "block/sda/device/model": "DISK            \n",
  "block/sda/queue/rotational": "1\n",
  "block/cciss!c0d0/size": "16\n",
  "block/cciss!c0d0/queue/rotational": "1\n",
  // An empty card reader, a loop device, an optical drive, and a disk made of others.
  "block/sdb/size": "0\n",
  "block/loop0/size": "16\n",
  "block/sr0/size": "16\n",
  "block/bcache0/size": "16\n",
  "block/bcache0/slaves/sda1/size": "16\n",
};

test("readDisks() tells every disk that has a medium, what it is known by, and its sectors", () => {
  const none = { wwid: undefined, serial: undefined, model: undefined, driver: undefined, drivers: [] };
  const usual = { sizeBytes: 8192, logicalSectorBytes: 512, physicalSectorBytes: 512, rotational: true, removable: false };
  assert.deepEqual(withSysTree(TREE, readDisks), [
    { ...usual, id: "cciss/c0d0", identity: none },
    {
      id: "nvme0n1",
      identity: { ...none, wwid: "nvme.1b36-4c42-51454d55-00000001" },
      sizeBytes: 16 << 20,
      logicalSectorBytes: 4096,
      physicalSectorBytes: 4096,
      rotational: false,
      removable: false,
    },
    { ...usual, id: "sda", identity: { ...none, wwid: "naa.5000c500a1b2c3d4", model: "DISK" }, removable: true },
  ]);
});

/** As the kernel and multipath-tools lay it out: no machine with two paths to a disk was at hand. */
const MULTIPATH: SysTree = {
  "block/sda/size": "2048\n",
  "block/sda/device/wwid": "naa.600508b400105df70000e00000ac0000\n",
  "block/sda/device/model": "VIRTUAL-DISK    \n",
  "block/sda/holders/dm-1/size": "2048\n",
  "block/sdb/size": "2048\n",
  "block/sdb/device/wwid": "naa.600508b400105df70000e00000ac0000\n",
  "block/sdc/size": "16\n",
  "block/dm-0/dm/name": "vg-root\n",
  "block/dm-0/dm/uuid": "LVM-abc\n",
  "block/dm-0/slaves/dm-2/size": "1\n",
  "block/dm-1/dm/name": "mpatha\n",
  "block/dm-1/dm/uuid": "mpath-3600508b400105df70000e00000ac0000\n",
  "block/dm-1/size": "2040\n",
  "block/dm-1/queue/logical_block_size": "512\n",
  "block/dm-1/slaves/sda/size": "2048\n",
  "block/dm-1/slaves/sdb/size": "2048\n",
  "block/dm-2/dm/name": "mpatha-part1\n",
  "block/dm-2/dm/uuid": "part1-mpath-3600508b400105df70000e00000ac0000\n",
  "block/dm-2/slaves/dm-1/size": "2040\n",
};

test("readDisks() tells a disk that is reached on two paths once, by the mapper's name", () => {
  assert.deepEqual(
    withSysTree(MULTIPATH, readDisks).map(({ id, identity, sizeBytes, multipath }) => [id, identity.wwid, sizeBytes, multipath]),
    [
      ["mpatha", "naa.600508b400105df70000e00000ac0000", 2040 * 512, { wwid: "3600508b400105df70000e00000ac0000", paths: ["sda", "sdb"] }],
      ["sdc", undefined, 8192, undefined],
    ],
  );
});

test("readMultipaths() tells the names of its partitions", () => {
  const [device, ...others] = withSysTree(MULTIPATH, readMultipaths);
  assert.deepEqual([device?.node, [...device!.partitions], others], ["dm-1", [[1, "mpatha-part1"]], []]);
});
