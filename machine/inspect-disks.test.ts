import assert from "node:assert/strict";
import { test } from "node:test";
import { withSysTree, type SysTree } from "../test/sysfs-tree.ts";
import { readDisks } from "./inspect-disks.ts";

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
