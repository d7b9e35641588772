// A machine with one disk less: only where what is left holds what all of it held.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UEFI_MACHINE } from "../../machine/machine-for-tests.ts";
import type { Disk, FileSystem, Layout, MountPoint } from "../../machine/model.ts";
import { array, GIB, luks, part, sketchedDisk, sketchedLayout, uuidOf } from "../../machine/layouts-for-tests.ts";
import { changedFstab } from "../plan-fstab.ts";
import { testDisk } from "../present-disks-for-tests.ts";
import { planOntoDisks } from "../whole-plan-for-tests.ts";
import { withoutDisk } from "./without-disk.ts";

const [SDA] = UEFI_MACHINE.layout.disks as readonly [Disk];
const [MOUNT] = UEFI_MACHINE.layout.mounts as readonly [MountPoint];
const [FIRST] = UEFI_MACHINE.layout.fileSystems as readonly [FileSystem];

/** One btrfs on whole disks, RAID1 of data and metadata. */
function mirrored(usedBytes: number, sizes: readonly number[], profile = "raid1"): Layout {
  const disks = sizes.map((sizeBytes, index) => ({ ...SDA, id: `sd${"abc"[index]}`, sizeBytes, table: undefined }));
  const devices = disks.map(({ id }) => id);
  const profiles = { dataProfile: profile, metadataProfile: profile };
  const details = { kind: "btrfs", devices, ...profiles, sectorBytes: 4096, nodeBytes: 16_384, features: [], checksum: "crc32c" };
  const parameters = { ...details, subvolumes: [], defaultSubvolume: undefined } as unknown as FileSystem["parameters"];
  const fileSystem: FileSystem = { ...FIRST, device: "sda", type: "btrfs", sizeBytes: sizes[0] ?? 0, usedBytes, parameters };
  return { ...UEFI_MACHINE.layout, disks, stack: [], swaps: [], mounts: [{ ...MOUNT, device: "sda" }], fileSystems: [fileSystem] };
}

function without(layout: Layout, id: string): FileSystem | undefined {
  const disk = layout.disks.find((one) => one.id === id);
  assert.ok(disk !== undefined);
  return withoutDisk({ layout, replaced: new Map(), changes: [] }, disk)?.layout.fileSystems[0];
}

test("withoutDisk() does without the swap of the second disk, and its line in fstab becomes a comment", () => {
  const disks = ["sda", "sdb"].map((id) => sketchedDisk(id, { sizeMiB: 8192, parts: [part("bios", 1), part("raid", 7000), part("swap")] }));
  const stack = [array("md0", "raid1", ["sda2", "sdb2"])];
  const holds = { md0: { type: "ext4", path: "/" }, sda3: { type: "swap" }, sdb3: { type: "swap" } } as const;
  const layout = sketchedLayout({ disks, stack, holds });
  const swap = (id: string) => ({ spec: `UUID=${uuidOf(id)}`, path: "none", type: "swap", options: ["sw"] });
  const both = { ...layout, fstab: [...layout.fstab, swap("sda3"), swap("sdb3")] };
  const plan = planOntoDisks(both, [testDisk({ id: "sdz", serial: "ONE", sizeBytes: 8 * GIB })]);
  assert.deepEqual(plan.changes, [
    "disk sdb is left out: what was on it is on another disk too",
    "swap on sdb3 is left out",
    "md0 was RAID1, and becomes plain sda2",
  ]);
  const step = plan.steps.find(({ kind }) => kind === "write-fstab");
  assert.ok(step?.kind === "write-fstab");
  const line = `UUID=${uuidOf("sdb3")} none swap sw 0 0`;
  assert.equal(changedFstab(`x\n${line}\n`, step.changes), `x\n# not made again by Lifeboat: ${line}\n`);
  assert.deepEqual(step.changes, [{ path: "none", from: `UUID=${uuidOf("sdb3")}`, to: undefined }]);
});

test("a disk that held nothing but swap is done without where none is large enough for it, though there are as many", () => {
  const [system, swap] = [
    sketchedDisk("sda", { sizeMiB: 8192, parts: [part("bios", 1), part("linux")] }),
    sketchedDisk("sdb", { sizeMiB: 4096, parts: [part("swap")] }),
  ];
  const layout = sketchedLayout({ disks: [system, swap], stack: [], holds: { sda2: { type: "ext4", path: "/" }, sdb1: { type: "swap" } } });
  const plan = planOntoDisks(layout, [
    testDisk({ id: "sdx", serial: "LARGE", sizeBytes: 8 * GIB }),
    testDisk({ id: "sdy", serial: "SMALL", sizeBytes: 4 * GIB - 64 * 1024 ** 2 }),
  ]);
  assert.deepEqual(plan.changes, ["disk sdb is left out: what was on it is on another disk too", "swap on sdb1 is left out"]);
});

test("of a mirror one half is done without where only one disk is large enough, and the third disk keeps its place", () => {
  const halves = ["sda", "sdb"].map((id) => sketchedDisk(id, { sizeMiB: 8192, parts: [part("bios", 1), part("raid")] }));
  const small = sketchedDisk("sdc", { sizeMiB: 1024, parts: [part("swap")] });
  const holds = { md0: { type: "ext4", path: "/", usedMiB: 6000 }, sdc1: { type: "swap" } } as const;
  const layout = sketchedLayout({ disks: [...halves, small], stack: [array("md0", "raid1", ["sda2", "sdb2"])], holds });
  const plan = planOntoDisks(layout, [
    testDisk({ id: "sdx", serial: "LARGE", sizeBytes: 8 * GIB }),
    testDisk({ id: "sdy", serial: "HALF", sizeBytes: 4 * GIB }),
    testDisk({ id: "sdz", serial: "SMALL", sizeBytes: GIB }),
  ]);
  assert.deepEqual(plan.changes, ["disk sdb is left out: what was on it is on another disk too", "md0 was RAID1, and becomes plain sda2"]);
  assert.equal(plan.steps.filter(({ kind }) => kind === "make-swap").length, 1);
});

test("withoutDisk() knows an array that ends by all of its names, wherever fstab, crypttab or the kernel's command line has them", () => {
  const disks = ["sda", "sdb"].map((id) => sketchedDisk(id, { sizeMiB: 8192, parts: [part("bios", 1), part("raid", 4000), part("raid")] }));
  const stack = [array("md0", "raid1", ["sda2", "sdb2"]), array("md1", "raid1", ["sda3", "sdb3"]), luks("safe", "md1")];
  const holds = { md0: { type: "ext4", path: "/" }, safe: { type: "ext4", path: "/safe" } } as const;
  const layout = sketchedLayout({ disks, stack, holds });
  const [first] = layout.stack;
  assert.ok(first?.kind === "array" && first.uuid !== undefined);
  const colons = first.uuid.replace(/-/g, "").match(/.{8}/g)!.join(":");
  for (const spec of [
    "/dev/md0",
    "/dev/md/md0",
    "/dev/md/box:md0",
    "/dev/disk/by-id/md-name-box:md0",
    `/dev/disk/by-id/md-uuid-${colons}`,
  ]) {
    const named = { ...layout, fstab: layout.fstab.map((entry) => (entry.path === "/" ? { ...entry, spec } : entry)) };
    const { steps } = planOntoDisks(named, [testDisk({ id: "sda", serial: "S-sda", sizeBytes: 8 * GIB })]);
    const fstab = steps.find(({ kind }) => kind === "write-fstab");
    assert.deepEqual(fstab, { kind: "write-fstab", changes: [{ path: "/", from: spec, to: `UUID=${uuidOf("md0")}` }] });
    const line = steps.find(({ kind }) => kind === "write-command-line");
    assert.ok(line?.kind === "write-command-line" && line.changes.some(({ from, to }) => from === spec && to === `UUID=${uuidOf("md0")}`));
    assert.deepEqual(
      steps.find(({ kind }) => kind === "write-crypttab"),
      { kind: "write-crypttab", volumes: [{ name: "safe", uuid: uuidOf("safe") }], unmade: [] },
    );
  }
});

test("a mirror's disk that is here stays, and the one that is gone is left out, whichever it was", () => {
  const disks = ["sda", "sdb"].map((id) => sketchedDisk(id, { sizeMiB: 8192, parts: [part("bios", 1), part("raid")] }));
  const layout = sketchedLayout({ disks, stack: [array("md0", "raid1", ["sda2", "sdb2"])], holds: { md0: { type: "ext4", path: "/" } } });
  for (const [here, gone] of [
    ["sda", "sdb"],
    ["sdb", "sda"],
  ] as const) {
    const { changes, matches } = planOntoDisks(layout, [testDisk({ serial: `S-${here}`, sizeBytes: 8 * GIB })]);
    assert.deepEqual(changes, [
      `disk ${gone} is left out: what was on it is on another disk too`,
      `md0 was RAID1, and becomes plain ${here}2`,
    ]);
    assert.deepEqual(
      matches.map(({ from, reason }) => [from, reason]),
      [[here, "same serial"]],
    );
  }
});

describe("withoutDisk() of a btrfs RAID1", () => {
  test("of two becomes one that is not mirrored, on the disk that is left", () => {
    const fileSystem = without(mirrored(3 * GIB, [4 * GIB, 4 * GIB]), "sda");
    assert.equal(fileSystem?.device, "sdb");
    assert.ok(fileSystem?.parameters.kind === "btrfs");
    const { devices, dataProfile, metadataProfile } = fileSystem.parameters;
    assert.deepEqual([devices, dataProfile, metadataProfile], [["sdb"], "single", "dup"]);
  });

  for (const [what, usedBytes, gone, holds] of [
    ["of three stays one of two while its data fits", 3 * GIB, "sdc", true],
    ["of three keeps all disks when two of them are too small", 5 * GIB, "sdc", false],
  ] as const) {
    test(what, () => assert.equal(without(mirrored(usedBytes, [4 * GIB, 4 * GIB, 4 * GIB]), gone) !== undefined, holds));
  }

  test("is mounted by its next device, and what was named after the first is named after that", () => {
    const layout = mirrored(3 * GIB, [4 * GIB, 4 * GIB]);
    const reduced = withoutDisk({ layout, replaced: new Map(), changes: [] }, layout.disks[0]!);
    assert.deepEqual([reduced?.layout.mounts.map(({ device }) => device), reduced?.replaced], [["sdb"], new Map([["sda", "sdb"]])]);
  });

  test("is known by all names of the partition that is gone, wherever fstab or the kernel's command line has them", () => {
    const own = [part("linux", 5000)];
    const disks = [
      sketchedDisk("sda", { sizeMiB: 8192, parts: own }),
      sketchedDisk("sdb", { sizeMiB: 8192, parts: [...own, part("linux", 3000)] }),
    ];
    // The second disk cannot be left out: /data is on it alone.
    const sketch = sketchedLayout({ disks, holds: { sda1: { type: "btrfs", path: "/" }, sdb2: { type: "ext4", path: "/data" } } });
    const profiles = { devices: ["sda1", "sdb1"], dataProfile: "raid1", metadataProfile: "raid1" };
    const fileSystems = sketch.fileSystems.map((one) =>
      one.parameters.kind === "btrfs" ? { ...one, parameters: { ...one.parameters, ...profiles } } : one,
    );
    const uuid = disks[0]!.table!.partitions[0]!.uuid!;
    for (const spec of ["/dev/sda1", `PARTUUID=${uuid}`, `/dev/disk/by-partuuid/${uuid}`]) {
      const fstab = sketch.fstab.map((entry) => (entry.path === "/" ? { ...entry, spec } : entry));
      const { steps } = planOntoDisks({ ...sketch, fileSystems, fstab }, [testDisk({ serial: "S-sdb", sizeBytes: 8 * GIB })]);
      const written = steps.find(({ kind }) => kind === "write-fstab");
      assert.deepEqual(written, { kind: "write-fstab", changes: [{ path: "/", from: spec, to: `UUID=${uuidOf("sda1")}` }] });
      const line = steps.find(({ kind }) => kind === "write-command-line");
      assert.ok(
        line?.kind === "write-command-line" && line.changes.some(({ from, to }) => from === spec && to === `UUID=${uuidOf("sda1")}`),
      );
    }
  });

  test("with three copies needs three disks", () => {
    assert.equal(without(mirrored(GIB, [4 * GIB, 4 * GIB, 4 * GIB], "raid1c3"), "sdc"), undefined);
  });

  test("keeps the larger of two when the smaller would not hold it", () => {
    const layout = mirrored(3 * GIB, [8 * GIB, 2 * GIB]);
    assert.equal(without(layout, "sda"), undefined);
    assert.notEqual(without(layout, "sdb"), undefined);
  });
});
