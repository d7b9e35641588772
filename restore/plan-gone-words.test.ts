// Which words of the kernel's command line have to go: those that name what is not made, and no others.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { colonUuid, hexDigits } from "../machine/array-names.ts";
import { array, GIB, group, luks, part, sketchedDisk, sketchedLayout, uuidOf, volume } from "../machine/layouts-for-tests.ts";
import { BIOS_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import type { Layout, Machine } from "../machine/model.ts";
import { OTHER } from "../machine/stack-for-tests.ts";
import { commandLineProblems } from "./plan-command-line.ts";
import { goneNames, NOTHING_GONE } from "./plan-gone-words.ts";
import { planRestore } from "./plan-restore.ts";
import { devicePaths } from "./plan-stack.ts";
import { testDisk } from "./present-disks-for-tests.ts";
import { refuseUnattended } from "./unattended.ts";
import { planOntoDisks } from "./whole-plan-for-tests.ts";

/** / on RAID1, LVM with swap on RAID1, and swap beside them on each of two disks. */
const PARTS = [part("bios", 1), part("raid", 4000), part("raid", 2000), part("swap", 512)];
const LAYOUT = sketchedLayout({
  disks: ["sda", "sdb"].map((id) => sketchedDisk(id, { sizeMiB: 8192, parts: PARTS })),
  stack: [
    array("md0", "raid1", ["sda2", "sdb2"]),
    array("md1", "raid1", ["sda3", "sdb3"]),
    luks("safe", "md1"),
    group("vg0", ["safe"]),
    volume("vg0/srv", [1000, "safe"]),
  ],
  holds: { md0: { type: "ext4", path: "/" }, "vg0/srv": { type: "ext4", path: "/srv" }, sda4: { type: "swap" }, sdb4: { type: "swap" } },
});
const ARRAYS = LAYOUT.stack.flatMap((one) => (one.kind === "array" ? [hexDigits(one.uuid!)] : []));

function gone(commandLine: string, { layout = LAYOUT, disks = 1 } = {}) {
  const present = ["sda", "sdb"].slice(0, disks).map((id) => testDisk({ id, serial: `S-${id}`, sizeBytes: 8 * GIB }));
  const plan = planOntoDisks(layout, present);
  return goneNames({ before: layout, now: plan.layout, replaced: new Map(plan.replaced) }, commandLine);
}

describe("goneNames() finds", () => {
  test("nothing where all is made again, whatever names it", () => {
    const words = [
      ...LAYOUT.stack.flatMap((one) => (one.kind === "array" ? [`rd.md.uuid=${colonUuid(one.uuid!)}`] : [])),
      `rd.luks.uuid=luks-${uuidOf("safe")}`,
      `rd.luks.uuid=${uuidOf("safe").slice(0, 8)}`,
      `luks.name=${uuidOf("safe").toUpperCase()}=safe`,
      "rd.lvm.vg=vg0",
      "rd.lvm.lv=vg0/srv",
      `resume=UUID=${uuidOf("sdb4").toUpperCase()}`,
      "resume=/dev/disk/by-id/ata-B-part4",
      `resume=UUID=${uuidOf("md0")} resume_offset=34816`,
    ];
    assert.deepEqual(gone(words.join(" "), { disks: 2 }), NOTHING_GONE);
  });

  test("arrays that end, and the second disk's swap by all of its names; what was on the arrays is made", () => {
    const found = gone("rd.lvm.lv=vg0/srv");
    assert.deepEqual({ ...found, swaps: [] }, { ...NOTHING_GONE, arrays: ARRAYS });
    const uuid = uuidOf("sdb4");
    assert.deepEqual(found.swaps.slice(0, 3), ["/dev/sdb4", `UUID=${uuid}`, `/dev/disk/by-uuid/${uuid}`]);
    assert.ok(found.swaps.some((name) => name.startsWith("PARTUUID=")));
  });

  test("swap on an array that ends is none of it: it is there under its UUID", () => {
    const layout: Layout = {
      ...LAYOUT,
      fileSystems: LAYOUT.fileSystems.filter(({ device }) => device !== "vg0/srv"),
      mounts: LAYOUT.mounts.filter(({ path }) => path === "/"),
      stack: LAYOUT.stack.slice(0, 2),
      swaps: [...LAYOUT.swaps, { ...LAYOUT.swaps[0]!, place: "md1", uuid: uuidOf("md1") }],
    };
    const found = gone(`resume=UUID=${uuidOf("md1")}`, { layout }).swaps;
    assert.ok(found.includes("/dev/sdb4") && !found.includes("/dev/md1") && !found.includes(`UUID=${uuidOf("md1")}`), found.join());
  });

  test("a link to the swap that is left out, where nothing else fits it", () => {
    const link = "/dev/disk/by-id/ata-B-part4";
    const layout: Layout = { ...LAYOUT, swaps: LAYOUT.swaps.filter(({ place }) => place === "sdb4") };
    assert.ok(gone(`resume=${link}`, { layout }).swaps.includes(link));
    assert.ok(!gone(`resume=${link}`).swaps.includes(link));
  });

  test("what the kernel was told to wait for and no set describes", () => {
    const words =
      "rd.md.uuid=11111111:22222222:33333333:44444444 rd_LVM_VG=old rd.lvm.lv=vg0/gone rd.luks.uuid=luks-abcdef01-2345 resume=LABEL=hibernate";
    assert.deepEqual(gone(`${words} resume=/dev/dm-3 rd.luks.uuid=keysource:cccc root=UUID=x`, { disks: 2 }), {
      arrays: ["11111111222222223333333344444444"],
      volumes: ["old", "vg0/gone"],
      containers: ["abcdef012345"],
      swaps: ["LABEL=hibernate"],
    });
  });

  test("no array that it does not know where some stand in firmware's containers", () => {
    const layout: Layout = { ...LAYOUT, stack: [...LAYOUT.stack, OTHER] };
    const layouts = { before: layout, now: layout, replaced: new Map() };
    assert.deepEqual(goneNames(layouts, "rd.md.uuid=11111111:22222222:33333333:44444444"), NOTHING_GONE);
  });
});

test("commandLineProblems() names such a word where no boot loader can be changed, and one to resume from nowhere stops no machine", () => {
  const commandLine = "rd.lvm.vg=old resume=UUID=x";
  const machine = { ...BIOS_MACHINE, system: { ...BIOS_MACHINE.system, kernelCommandLine: commandLine } };
  const moves = { devices: devicePaths(machine.layout, []), matches: [], replaced: new Map() };
  assert.deepEqual(commandLineProblems(machine, moves), []);
  const foreign = { ...withLayout(machine, {}), bootLoader: { kind: "unknown", detail: "LILO" } } as const;
  assert.deepEqual(commandLineProblems(foreign, moves), [
    "the kernel was started with rd.lvm.vg=old, which is not made, and its boot loader is none that can be changed here: take it out in the boot loader by hand, or the machine may not start",
  ]);
});

test("a restore that nobody watches is refused for an array that ends, where no boot loader can be changed", () => {
  const present = [{ disk: testDisk({ id: "sda", serial: "S-sda", sizeBytes: 8 * GIB }), contents: [], lockedBecause: undefined }];
  const totals = { paths: 1, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 };
  const [array] = ARRAYS;
  const machine: Machine = {
    ...withLayout(BIOS_MACHINE, LAYOUT),
    system: { ...BIOS_MACHINE.system, kernelCommandLine: `root=UUID=${uuidOf("md0")} rd.md.uuid=${array}` },
    bootLoader: { kind: "unknown", detail: "LILO" },
  };
  const options = { map: new Map(), excluded: [], wipe: [] };
  const plan = planRestore({ machine, manifest: { id: "set", totals }, present, firmware: "bios", options });
  const line = new RegExp(`the kernel was started with rd\\.md\\.uuid=${array}, which is not made,`);
  assert.ok(
    plan.warnings.some((warning) => line.test(warning)),
    plan.warnings.join("\n"),
  );
  assert.throws(() => refuseUnattended({ machine, plan }), line);
});
