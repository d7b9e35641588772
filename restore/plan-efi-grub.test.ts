// GRUB on EFI system partitions is looked at where what it had its files on ends, and nowhere else.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hexDigits } from "../machine/array-names.ts";
import { array, GIB, part, sketchedDisk, sketchedLayout } from "../machine/layouts-for-tests.ts";
import type { Layout } from "../machine/model.ts";
import { RECORDED_LAYOUTS } from "../machine/recorded-layouts-for-tests.ts";
import { describeStep } from "./describe-step.ts";
import type { Plan } from "./plan.ts";
import { testDisk } from "./present-disks-for-tests.ts";
import { planOntoDisks } from "./whole-plan-for-tests.ts";

const ESP = { type: "vfat", path: "/boot/efi" } as const;
const ROOT = { type: "ext4", path: "/" } as const;
const disks = (...parts: Parameters<typeof sketchedDisk>[1]["parts"] & {}) =>
  ["sda", "sdb"].map((id) => sketchedDisk(id, { sizeMiB: 8192, parts }));

function onto(layout: Layout, count: number, map: ReadonlyMap<string, string> = new Map()): Plan {
  const present = ["sda", "sdb"].slice(0, count).map((id) => testDisk({ id, serial: `S-${id}`, sizeBytes: 40 * GIB }));
  return planOntoDisks(layout, present, { map });
}

const stepOf = ({ steps }: Plan) => steps.find((step) => step.kind === "install-efi-grub");

describe("planEfiGrub()", () => {
  const mirrored = new Map(RECORDED_LAYOUTS).get("RAID1 for /boot, and for LVM, two EFI system partitions")!;

  test("names the array that /boot was on, and not one that it was not on, before the firmware's entry is written", () => {
    const plan = onto(mirrored, 1);
    const [boot] = mirrored.stack;
    assert.ok(boot?.kind === "array" && boot.uuid !== undefined);
    const step = stepOf(plan);
    const names = [`mduuid/${hexDigits(boot.uuid)}`, `md/${boot.shape?.name}`, "md/md0", "md0"];
    assert.deepEqual(step, { kind: "install-efi-grub", directory: "/boot/grub", mountPoints: ["/boot/efi"], gone: ["md0"], names });
    const kinds = plan.steps.map(({ kind }) => kind);
    assert.ok(kinds.indexOf("install-efi-grub") < kinds.indexOf("write-boot-entry"));
    assert.ok(kinds.indexOf("write-command-line") < kinds.indexOf("install-efi-grub"));
    assert.equal(
      describeStep(step),
      "see that GRUB in /boot/efi does not look for its files on md0, and make it again where it does (a signed one is only replaced by the distribution's own)",
    );
  });

  test("has nothing to do where the array is made again, or GRUB's files are elsewhere", () => {
    assert.equal(stepOf(onto(mirrored, 2)), undefined);
    const plain = sketchedLayout({
      disks: disks(part("esp", 512), part("linux", 2000), part("raid", 3000)),
      stack: [array("md0", "raid1", ["sda3", "sdb3"])],
      holds: { sda1: ESP, sda2: ROOT, md0: { type: "ext4", path: "/srv" } },
    });
    assert.equal(
      stepOf(
        onto(
          {
            ...plain,
            disks: [
              plain.disks[0]!,
              { ...plain.disks[1]!, table: { ...plain.disks[1]!.table!, partitions: plain.disks[1]!.table!.partitions.slice(2) } },
            ],
          },
          1,
        ),
      ),
      undefined,
    );
  });

  test("knows a partition by its old number, when it goes to another disk's end", () => {
    const [first, second] = [
      sketchedDisk("sda", { sizeMiB: 8192, parts: [part("linux", 4000)] }),
      sketchedDisk("sdb", { sizeMiB: 8192, parts: [part("esp", 512), part("linux", 4000)] }),
    ];
    const layout = sketchedLayout({ disks: [first, second], holds: { sdb1: ESP, sdb2: ROOT, sda1: { type: "ext4", path: "/srv" } } });
    const map = new Map([
      ["sda", "sda"],
      ["sdb", "sda"],
    ]);
    const step = stepOf(onto(layout, 1, map));
    assert.ok(step?.kind === "install-efi-grub");
    assert.deepEqual([step.gone, step.names, step.mountPoints], [["sdb2"], [",gpt2"], ["/boot/efi"]]);
  });
});
