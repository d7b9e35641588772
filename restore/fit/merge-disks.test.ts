// Machines of several disks onto one: everything is there once, and names that were made of places become others.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GIB, part, sketchedDisk, sketchedLayout } from "../../machine/layouts-for-tests.ts";
import type { Layout } from "../../machine/model.ts";
import { recordedLayout } from "../../machine/recorded-layouts-for-tests.ts";
import { testDisk } from "../present-disks-for-tests.ts";
import type { Plan } from "../plan.ts";
import { checkMade, checkSizes, planOntoDisks } from "../whole-plan-for-tests.ts";

/** All disks of the machine to one. */
function ontoOne(layout: Layout, sizeGiB: number): Plan {
  const map = new Map(layout.disks.map(({ id }) => [id, "BIG"]));
  return planOntoDisks(layout, [testDisk({ id: "sdz", serial: "BIG", sizeBytes: sizeGiB * GIB })], { map });
}

function partitionsOf({ layout }: Plan): readonly string[] {
  assert.equal(layout.disks.length, 1);
  return layout.disks[0]!.table!.partitions.map(
    ({ id, type, sizeSectors }) => `${id} ${type.slice(0, 4)} ${Math.round(sizeSectors / 2048)}`,
  );
}

const told = ({ changes }: Plan) => changes.filter((line) => !/^\S+: [\d.]+ \w+ becomes/.test(line));

describe("several disks go to one", () => {
  for (const [what, sizeGiB, partitions, changes] of [
    [
      "a data disk with a file system and no table",
      60,
      ["sda1 c12a 512", "sda2 0fc6 9726", "sda3 0fc6 51200"],
      ["disk sdb goes to the disk that sda goes to", "sdb becomes sda3"],
    ],
    [
      "a physical volume over a whole disk",
      60,
      ["sda1 c12a 512", "sda2 0fc6 9726", "sda3 e6d6 51200"],
      ["disk sdb goes to the disk that sda goes to", "sdb becomes sda3"],
    ],
    [
      "RAID1 of two disks",
      40,
      ["sda1 2168 1", "sda2 0fc6 40957"],
      ["md0 was RAID1, and becomes plain sda2", "disk sdb goes to the disk that sda goes to"],
    ],
    ["RAID1 over whole disks, with LUKS", 70, ["sda1 c12a 512", "sda2 0fc6 22914", "sda3 0fc6 48251"], undefined],
    ["two groups on two disks", 40, undefined, ["disk sdb goes to the disk that sda goes to", "sdb2 becomes sda3"]],
    [
      "a volume over three physical volumes",
      42,
      undefined,
      ["disk sdb goes to the disk that sda goes to", "sdb1 becomes sda4", "disk sdc goes to the disk that sda goes to", "sdc becomes sda5"],
    ],
  ] as const) {
    test(what, () => {
      const plan = ontoOne(recordedLayout(what), sizeGiB);
      checkMade(plan);
      if (partitions !== undefined) assert.deepEqual(partitionsOf(plan), partitions);
      if (changes !== undefined) assert.deepEqual(told(plan), changes);
    });
  }

  test("a smaller one, as long as the data fits", () => {
    const layout = recordedLayout("two groups on two disks");
    const plan = ontoOne(layout, 20);
    checkMade(plan);
    checkSizes(plan, { ...plan.layout, fileSystems: plan.layout.fileSystems.map((one) => ({ ...one, usedBytes: 0 })) });
    assert.throws(() => ontoOne(layout, 2), { exitCode: 3, message: /\d+ bytes are missing/ });
  });

  test("what fstab names by place is named by UUID", () => {
    const layout = recordedLayout("a data disk with a file system and no table");
    const named = { ...layout, fstab: layout.fstab.map((entry) => (entry.path === "/data" ? { ...entry, spec: "/dev/sdb" } : entry)) };
    const step = ontoOne(named, 70).steps.find(({ kind }) => kind === "write-fstab");
    const to = `UUID=${layout.fileSystems.find(({ device }) => device === "sdb")?.uuid}`;
    assert.deepEqual(step, { kind: "write-fstab", changes: [{ path: "/data", from: "/dev/sdb", to }] });
  });

  test("what had moved onto a disk moves on with it", () => {
    const { replaced } = ontoOne(recordedLayout("RAID1 over whole disks, with LUKS"), 70);
    assert.deepEqual(new Map(replaced).get("md0"), "sda3");
  });

  test("but not where PARTUUIDs would change, or a table has too few places", () => {
    const disks = ["sda", "sdb"].map((id) => sketchedDisk(id, { sizeMiB: 8192, kind: "mbr", parts: [part("linux")] }));
    const holds = { sda1: { type: "ext4", path: "/" }, sdb1: { type: "ext4", path: "/srv" } } as const;
    assert.throws(() => ontoOne(sketchedLayout({ disks, holds }), 20), { exitCode: 3, message: /cannot go to one disk: sda has no GPT/ });
    const [, second] = disks;
    const mixed = [sketchedDisk("sda", { sizeMiB: 8192, parts: [part("bios", 1), part("linux")] }), second!];
    const layout = sketchedLayout({ disks: mixed, holds: { sda2: { type: "ext4", path: "/" }, sdb1: { type: "ext4", path: "/srv" } } });
    assert.throws(() => ontoOne(layout, 20), { exitCode: 3, message: /cannot go to one disk: sdb has an MBR/ });
  });
});
