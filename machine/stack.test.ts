// What stands between partitions and file systems, from lsblk's tree and what md, LVM and LUKS say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { disk, forest, mapped, part, type Tree } from "./lsblk-for-tests.ts";
import { layoutDevices } from "./layout-devices.ts";
import { stackedDevices, type StackFacts } from "./stack.ts";

const NOTHING: StackFacts = { arrays: new Map(), luks: new Map(), lvm: undefined };
const stackedWithoutFacts = (devices: Parameters<typeof stackedDevices>[0]) => stackedDevices(devices, NOTHING);

test("stackedDevices() puts a volume group after every array that it stands on", () => {
  const group = (...volumes: readonly string[]) => volumes.map((name, index) => mapped(`vg-${name}`, [`dm-${index}`, "lvm"]));
  const array = (name: string, ...volumes: readonly string[]): Tree => ({
    name,
    type: "raid1",
    fstype: "LVM2_member",
    children: group(...volumes),
  });
  const first = part("sda1", "linux_raid_member", array("md0", "a"));
  const second = part("sda2", "linux_raid_member", array("md1", "a", "b"));
  const stack = stackedWithoutFacts(layoutDevices(forest(disk("sda", first, second))));
  assert.deepEqual(
    stack.map(({ id }) => id),
    ["md0", "md1", "vg", "vg/a", "vg/b"],
  );
  const found = stack[2];
  assert.deepEqual(found?.kind === "volume-group" && found.physicalVolumes.map(({ device }) => device), ["md0", "md1"]);
});

test("stackedDevices() has a shape for what nobody knows how to build, with lsblk's word for it", () => {
  const fake = mapped("isw_a", ["dm-0", "dmraid"], mapped("isw_a1", ["dm-1", "part"]));
  const stack = stackedWithoutFacts(
    layoutDevices(
      forest(
        disk("sda", fake),
        disk("sdb", fake),
        disk("sdc", part("sdc1", "bcache", disk("bcache0"))),
        disk("sdd", part("sdd1", "", mapped("rnd", ["dm-3", "crypt"]))),
      ),
    ),
  );
  assert.deepEqual(
    stack.map((item) => (item.kind === "other" ? [item.id, item.type, item.on] : item.kind)),
    [
      ["isw_a", "dmraid", ["sda", "sdb"]],
      ["bcache0", "bcache", ["sdc1"]],
      ["rnd", "crypt", ["sdd1"]],
      ["isw_a1", "part", ["isw_a"]],
    ],
  );
});

test("stackedDevices() calls partitions of an array what they are", () => {
  const array: Tree = { name: "md0", type: "raid1", children: [{ name: "md0p1", type: "part" }] };
  const stack = stackedWithoutFacts(layoutDevices(forest(disk("sda", part("sda1", "linux_raid_member", array)))));
  assert.deepEqual(
    stack.map(({ kind, id }) => [kind, id]),
    [
      ["array", "md0"],
      ["other", "md0p1"],
    ],
  );
});
