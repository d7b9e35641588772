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

  const mbr = (id: string, ...parts: readonly ReturnType<typeof part>[]) => sketchedDisk(id, { sizeMiB: 8192, kind: "mbr", parts });
  const gpt = (id: string, ...parts: readonly ReturnType<typeof part>[]) => sketchedDisk(id, { sizeMiB: 8192, parts });
  const ext = (path: string) => ({ type: "ext4", path, usedMiB: 900 }) as const;
  const logical = { isLogical: true } as const;

  test("an MBR takes what comes in its free places", () => {
    const disks = [mbr("sda", part("linux")), mbr("sdb", part("linux", 4000), part("swap"))];
    const plan = ontoOne(sketchedLayout({ disks, holds: { sda1: ext("/"), sdb1: ext("/srv"), sdb2: { type: "swap" } } }), 16);
    checkMade(plan);
    assert.deepEqual(partitionsOf(plan), ["sda1 83 8190", "sda2 83 4000", "sda3 82 4190"]);
    assert.deepEqual(told(plan), ["disk sdb goes to the disk that sda goes to", "sdb1 becomes sda2", "sdb2 becomes sda3"]);
  });

  test("an MBR takes more than it has places for in an extended partition, its own or a new one", () => {
    const four = [part("linux", 1000), part("linux", 1000), part("linux", 1000), part("linux")];
    const disks = [mbr("sda", part("linux", 2000), part("extended", 6000), part("linux", 2900, logical)), mbr("sdb", ...four)];
    const others = { sda1: ext("/"), sdb1: ext("/b"), sdb2: ext("/c"), sdb3: ext("/d"), sdb4: ext("/e") };
    const plan = ontoOne(sketchedLayout({ disks, holds: { ...others, sda5: ext("/a") } }), 12);
    checkMade(plan);
    checkSizes(plan, { ...plan.layout, fileSystems: plan.layout.fileSystems.map((one) => ({ ...one, usedBytes: 0 })) });
    assert.deepEqual(
      plan.layout.disks[0]!.table!.partitions.map(({ id, role }) => `${id} ${role}`),
      ["sda1 primary", "sda2 extended", ...[5, 6, 7, 8, 9].map((number) => `sda${number} logical`)],
    );
    const fresh = ontoOne(sketchedLayout({ disks: [mbr("sda", part("linux")), disks[1]!], holds: others }), 20);
    assert.deepEqual(
      fresh.layout.disks[0]!.table!.partitions.map(({ id, role }) => `${id} ${role}`),
      ["sda1 primary", "sda2 extended", ...[5, 6, 7, 8].map((number) => `sda${number} logical`)],
    );
  });

  test("logical partitions become places in a GPT, which fstab finds by UUID", () => {
    const disks = [
      gpt("sda", part("bios", 1), part("linux")),
      mbr("sdb", part("linux", 1000), part("extended", 7000), part("lvm", 3000, logical), part("linux", 2000, logical)),
    ];
    const layout = sketchedLayout({ disks, holds: { sda2: ext("/"), sdb1: ext("/a"), sdb6: ext("/b") } });
    const spec = `PARTUUID=${disks[1]!.table!.partitions.find(({ id }) => id === "sdb6")!.uuid}`;
    const named = { ...layout, fstab: layout.fstab.map((entry) => (entry.path === "/b" ? { ...entry, spec } : entry)) };
    const plan = ontoOne(named, 16);
    checkMade(plan);
    assert.deepEqual(partitionsOf(plan), ["sda1 2168 1", "sda2 0fc6 8189", "sda3 0fc6 1000", "sda4 e6d6 3000", "sda5 0fc6 2000"]);
    const to = `UUID=${layout.fileSystems.find(({ device }) => device === "sdb6")?.uuid}`;
    assert.deepEqual(
      plan.steps.find(({ kind }) => kind === "write-fstab"),
      { kind: "write-fstab", changes: [{ path: "/b", from: spec, to }] },
    );
  });

  test("a GPT's partitions become an MBR's, without the place for boot code", () => {
    const disks = [mbr("sda", part("linux")), gpt("sdb", part("bios", 1), part("linux"))];
    const plan = ontoOne(sketchedLayout({ disks, holds: { sda1: ext("/"), sdb2: ext("/srv") } }), 16);
    checkMade(plan);
    assert.deepEqual(partitionsOf(plan), ["sda1 83 8190", "sda2 83 8189"]);
  });

  test("but not where a table has no place or no name for it", () => {
    const four = [part("linux", 1000), part("linux", 1000), part("linux", 1000), part("linux")];
    const second = mbr("sdb", part("linux"));
    const full = sketchedLayout({ disks: [mbr("sda", ...four), second], holds: { sda1: ext("/"), sdb1: ext("/srv") } });
    assert.throws(() => ontoOne(full, 20), { exitCode: 3, message: /cannot go to one disk: the MBR of sda has no place that is free/ });
    const early = [
      part("extended", 1000),
      part("linux", 900, logical),
      part("linux", 1000, { number: 2 }),
      part("linux", 1000, { number: 3 }),
    ];
    const inFront = sketchedLayout({
      disks: [mbr("sda", ...early), mbr("sdb", part("linux", 900), part("linux", 900))],
      holds: { sda2: ext("/"), sdb1: ext("/srv"), sdb2: ext("/tmp") },
    });
    assert.throws(() => ontoOne(inFront, 20), { exitCode: 3, message: /the extended partition sda1 is not the last of sda/ });
    const strange = mbr("sdb", { ...part("linux") });
    const table = { ...strange.table!, partitions: strange.table!.partitions.map((one) => ({ ...one, type: "a5" })) };
    const disks = [gpt("sda", part("bios", 1), part("linux")), { ...strange, table }];
    assert.throws(() => ontoOne(sketchedLayout({ disks, holds: { sda2: ext("/"), sdb1: ext("/srv") } }), 20), {
      exitCode: 3,
      message: /sdb1 is of a type that a GPT does not know/,
    });
  });
});
