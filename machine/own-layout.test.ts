// The part of a layout that a set brings back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE } from "./machine-for-tests.ts";
import type { Disk, Machine } from "./model.ts";
import { below, ownLayout } from "./own-layout.ts";

const { layout } = BIOS_MACHINE;
const FIRST = layout.disks[0]!;
const SECOND: Disk = {
  ...FIRST,
  id: "sdb",
  identity: { ...FIRST.identity, serial: "WX2" },
  table: { ...FIRST.table!, partitions: FIRST.table!.partitions.slice(0, 1).map((partition) => ({ ...partition, id: "sdb1", number: 1 })) },
};
/** A second disk with a file system that is mounted at /mnt. */
const TWO_DISKS: Machine = {
  ...BIOS_MACHINE,
  layout: {
    ...layout,
    disks: [FIRST, SECOND],
    fileSystems: [...layout.fileSystems, { ...layout.fileSystems[1]!, device: "sdb1" }],
    mounts: [...layout.mounts, { ...layout.mounts[1]!, path: "/mnt", device: "sdb1" }],
  },
};

test("ownLayout() keeps all of a machine of which everything is taken", () => {
  assert.deepEqual(
    ownLayout(TWO_DISKS, () => true),
    { machine: TWO_DISKS, leftOut: [] },
  );
});

test("ownLayout() leaves out a disk of which nothing is taken, and says why", () => {
  const { machine, leftOut } = ownLayout(TWO_DISKS, (path) => path !== "/mnt");
  assert.deepEqual(machine, BIOS_MACHINE);
  assert.deepEqual(leftOut, [{ disk: SECOND, reason: 'what is mounted from it is left out: "/mnt"' }]);
});

test("ownLayout() says of a disk that is not in use that it is not", () => {
  const idle: Machine = { ...TWO_DISKS, layout: { ...TWO_DISKS.layout, mounts: layout.mounts } };
  assert.deepEqual(ownLayout(idle, () => true).leftOut, [{ disk: SECOND, reason: "nothing on it is mounted" }]);
});

test("ownLayout() keeps a disk that holds swap alone, and the partitions of a disk that are not mounted", () => {
  const swap: Machine = {
    ...TWO_DISKS,
    layout: {
      ...TWO_DISKS.layout,
      fileSystems: layout.fileSystems,
      mounts: layout.mounts,
      swaps: [{ ...layout.swaps[0]!, place: "sdb1" }],
    },
  };
  assert.deepEqual(
    ownLayout(swap, () => true),
    { machine: swap, leftOut: [] },
  );
  const { machine } = ownLayout(BIOS_MACHINE, (path) => path === "/");
  assert.deepEqual(machine.layout.fileSystems, layout.fileSystems);
  assert.deepEqual(
    machine.layout.mounts.map(({ path }) => path),
    ["/"],
  );
});

test("ownLayout() leaves out a disk that holds swap alone when the user leaves out the swap, and keeps the disk for what else is on it", () => {
  const swap = { ...layout.swaps[0]!, place: "sdb1" };
  const onSecond: Machine = {
    ...TWO_DISKS,
    layout: { ...TWO_DISKS.layout, fileSystems: layout.fileSystems, mounts: layout.mounts, swaps: [swap] },
  };
  const isTaken = () => true;
  assert.deepEqual(
    ownLayout(onSecond, isTaken, (device) => device === "sdb1").leftOut.map(({ disk }) => disk.id),
    ["sdb"],
  );
  assert.deepEqual(ownLayout(onSecond, isTaken, (device) => device === "sdb1").machine.layout.swaps, []);
  assert.deepEqual(ownLayout(BIOS_MACHINE, isTaken, (device) => device === "sda4").machine, BIOS_MACHINE);
});

test("below() goes through a logical volume, its group and its array to all disks, once each", () => {
  const stacked = {
    ...TWO_DISKS.layout,
    stack: [
      { kind: "array", id: "md0", members: ["sda3", "sdb1"], spares: [] },
      { kind: "volume-group", id: "vg", physicalVolumes: [{ device: "md0" }] },
      { kind: "logical-volume", id: "vg/lv", volumeGroup: "vg", form: { type: "other" } },
      { kind: "luks", id: "crypt", device: "vg/lv" },
    ],
  } as unknown as Machine["layout"];
  assert.deepEqual(below(stacked, "crypt"), ["crypt", "vg/lv", "vg", "md0", "sda3", "sda", "sdb1", "sdb"]);
});
