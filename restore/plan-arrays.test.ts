// Which arrays mdadm.conf has to be looked at for: those that end, and those that are on other disks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import type { Disk, Machine } from "../machine/model.ts";
import { ARRAY } from "../machine/stack-for-tests.ts";
import { planArrays } from "./plan-arrays.ts";
import type { DiskMatch, MatchReason } from "./plan.ts";

const [SDA] = BIOS_MACHINE.layout.disks as [Disk];
const SDB: Disk = { ...SDA, id: "sdb", table: { ...SDA.table!, partitions: [{ ...SDA.table!.partitions[1]!, id: "sdb3" }] } };
const TWO_DISKS: Machine = withLayout(BIOS_MACHINE, { disks: [SDA, SDB], stack: [{ ...ARRAY, members: ["sda3"], spares: ["sdb3"] }] });
const ONE_DISK: Machine = withLayout(BIOS_MACHINE, { stack: [] });
const NAMES = { id: "md0", uuid: ARRAY.uuid, name: "web1:0" };

function match(from: Disk, name: string, reason: MatchReason): DiskMatch {
  return { from: from.id, disk: { ...from.identity, ...from, name, path: `/dev/${name}` }, reason };
}

function planned(second: string, reason: MatchReason) {
  const devices = new Map([
    ["sda3", "/dev/sda3"],
    ["sdb3", `/dev/${second}3`],
  ]);
  const matches = [match(SDA, "sda", "same wwid"), match(SDB, second, reason)];
  return planArrays(TWO_DISKS, { devices, matches, replaced: new Map() }, TWO_DISKS.layout);
}

test("planArrays() has nothing to look for where the disks are the same, by the same names", () => {
  assert.deepEqual(planned("sdb", "same serial"), []);
});

test("planArrays() names all members of an array of which one is another disk, or is called otherwise", () => {
  const step = (second: string) => ({
    kind: "write-mdadm-conf",
    gone: [],
    moved: [{ ...NAMES, members: ["/dev/sda3", `/dev/${second}3`] }],
  });
  assert.deepEqual([planned("sdb", "same size"), planned("sdc", "same serial")], [[step("sdb")], [step("sdc")]]);
});

test("planArrays() names an array that ends, with what takes its place", () => {
  const moves = { devices: new Map(), matches: [], replaced: new Map([["md0", "sda3"]]) };
  const gone = [{ ...NAMES, now: "sda3" }];
  assert.deepEqual(planArrays(ONE_DISK, moves, TWO_DISKS.layout), [{ kind: "write-mdadm-conf", gone, moved: [] }]);
});
