// A machine on multipath disks: onto the same disk, another one on several paths, a plain one; and what named them follows.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { group, luks, part, sketchedDisk, sketchedLayout, volume } from "../machine/layouts-for-tests.ts";
import type { Disk, Layout } from "../machine/model.ts";
import type { Plan } from "./plan.ts";
import { GIB, testDisk } from "./present-disks-for-tests.ts";
import { checkMade, planOntoDisks } from "./whole-plan-for-tests.ts";

const HEX = "600508b400105df70000e00000ac0000";
const OTHER_HEX = "6001405f0e1d2c3b4a5968778695a4b3";

/** As Debian and Ubuntu name partitions of multipath disks. */
function multipathDisk(id: string, disk: Disk): Disk {
  const partitions = disk.table!.partitions.map((partition) => ({ ...partition, id: `${id}-part${partition.number}` }));
  const identity = { ...disk.identity, wwid: `naa.${HEX}` };
  return { ...disk, id, identity, table: { ...disk.table!, partitions }, multipath: { wwid: `3${HEX}`, paths: ["sda", "sdb"] } };
}

function layoutOn(id: string): Layout {
  const parts = [part("bios", 1), part("linux", 4000), part("swap", 1000), part("linux", 2000), part("lvm")];
  const layout = sketchedLayout({
    disks: [multipathDisk(id, sketchedDisk("sda", { sizeMiB: 20480, parts }))],
    stack: [luks("safe", `${id}-part4`), group("vg", [`${id}-part5`]), volume("vg/srv", [4000, `${id}-part5`])],
    holds: {
      [`${id}-part2`]: { type: "ext4", path: "/" },
      [`${id}-part3`]: { type: "swap" },
      safe: { type: "ext4", path: "/safe" },
      "vg/srv": { type: "xfs", path: "/srv" },
    },
  });
  const swap = { spec: `/dev/disk/by-id/dm-name-${id}-part3`, path: "none", type: "swap", options: ["sw"] };
  const named = layout.fstab.map((entry) => (entry.path === "/" ? { ...entry, spec: `/dev/mapper/${id}-part2` } : entry));
  return { ...layout, fstab: [...named, swap] };
}

const uuidIn = ({ fileSystems, swaps }: Layout, device: string) =>
  `UUID=${fileSystems.find((one) => one.device === device)?.uuid ?? swaps.find(({ place }) => place === device)?.uuid}`;
const step = <K extends Plan["steps"][number]["kind"]>({ steps }: Plan, kind: K) =>
  steps.find((one): one is Extract<typeof one, { kind: K }> => one.kind === kind);

interface Target {
  readonly hex: string;
  readonly paths?: readonly string[];
}

function planned(layout: Layout, { hex, paths }: Target): Plan {
  const disk = testDisk({ id: "sdc", serial: "NEW", wwid: `naa.${hex}`, sizeBytes: 20 * GIB });
  const plan = planOntoDisks(layout, [paths === undefined ? disk : { ...disk, multipath: { wwid: `3${hex}`, paths } }]);
  checkMade(plan);
  return plan;
}

/** What of multipath's in the initramfs is out of date. */
function copiesIn(plan: Plan): readonly string[] {
  return (step(plan, "check-initramfs")?.copies ?? []).map(({ what }) => what).filter((what) => what.includes("multipath"));
}

describe("a multipath disk", () => {
  const layout = layoutOn("mpatha");

  test("comes back on itself: what is named by the mapper keeps its names, whatever paths there are today", () => {
    for (const paths of [["sdc", "sdd"], undefined]) {
      const plan = planned(layout, { hex: HEX, ...(paths === undefined ? {} : { paths }) });
      assert.deepEqual(plan.changes, []);
      assert.ok(!plan.warnings.some((line) => /rebuilt|on no disk/.test(line)), plan.warnings.join());
      assert.deepEqual(
        plan.matches.map(({ from, disk, reason }) => [from, disk.path, reason]),
        [["mpatha", "/dev/sdc", "same wwid"]],
      );
      assert.equal(step(plan, "write-multipath"), undefined);
      assert.deepEqual(copiesIn(plan), paths === undefined ? ["the multipath settings"] : []);
      const from = new Set(
        [...(step(plan, "write-fstab")?.changes ?? []), ...(step(plan, "write-command-line")?.changes ?? [])].map((one) => one.from),
      );
      assert.ok(![...from].some((name) => name.startsWith("/dev/mapper/")), [...from].join());
    }
  });

  test("goes to another disk on several paths, which gets its alias", () => {
    const plan = planned(layout, { hex: OTHER_HEX, paths: ["sdc", "sdd"] });
    assert.deepEqual(plan.changes, [`mpatha: multipath knew it as 3${HEX}, and will know it as 3${OTHER_HEX}`]);
    assert.deepEqual(step(plan, "write-multipath")?.changes, [{ from: `3${HEX}`, to: `3${OTHER_HEX}` }]);
    assert.deepEqual(copiesIn(plan), ["multipath's files"]);
    // The link is made of the name, by way of /dev/disk/by-id, which is never trusted on another disk.
    const to = uuidIn(layout, "mpatha-part3");
    assert.deepEqual(step(plan, "write-fstab")?.changes, [{ path: "none", from: "/dev/disk/by-id/dm-name-mpatha-part3", to }]);
  });

  test("goes to a plain disk: UUIDs take the place of the mapper's names", () => {
    const plan = planned(layout, { hex: OTHER_HEX });
    assert.deepEqual(plan.changes, ["mpatha was a multipath disk, and becomes plain sdc"]);
    assert.equal(step(plan, "write-multipath"), undefined);
    const [root, swap] = ["mpatha-part2", "mpatha-part3"].map((id) => uuidIn(layout, id));
    assert.deepEqual(step(plan, "write-fstab")?.changes, [
      { path: "/", from: "/dev/mapper/mpatha-part2", to: root },
      { path: "none", from: "/dev/disk/by-id/dm-name-mpatha-part3", to: swap },
    ]);
    const words = new Map(step(plan, "write-command-line")?.changes.map((change) => [change.from, change.to]));
    assert.deepEqual([words.get("/dev/mapper/mpatha-part2"), words.get("/dev/mapper/mpatha-part3")], [root, swap]);
    assert.deepEqual(
      step(plan, "write-crypttab")?.volumes.flatMap(({ gone }) => gone ?? []),
      ["/dev/mapper/mpatha-part4"],
    );
  });

  test("without an alias is named by its WWID, which another disk does not have", () => {
    const plan = planned(layoutOn(`3${HEX}`), { hex: OTHER_HEX, paths: ["sdc", "sdd"] });
    assert.deepEqual(
      step(plan, "write-fstab")?.changes.map(({ from }) => from),
      [`/dev/mapper/3${HEX}-part2`, `/dev/disk/by-id/dm-name-3${HEX}-part3`],
    );
    assert.deepEqual(step(plan, "write-multipath")?.changes.length, 1);
  });
});

test("a plain disk that goes to one on several paths: the plan warns", () => {
  const disks = [sketchedDisk("sda", { sizeMiB: 20480, parts: [part("bios", 1), part("linux")] })];
  const plan = planned(sketchedLayout({ disks, holds: { sda2: { type: "ext4", path: "/" } } }), { hex: HEX, paths: ["sdc", "sdd"] });
  assert.ok(plan.warnings.some((line) => line.startsWith("sdc is reached on 2 paths (sdc, sdd), and the machine had no multipath")));
});
