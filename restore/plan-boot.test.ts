// Where the boot loader goes when the disk that started the machine is none of the plan's any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { part, sketchedDisk, sketchedLayout } from "../machine/layouts-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { BootLoader, Machine } from "../machine/model.ts";
import { planBoot } from "./plan-boot.ts";
import type { DiskMatch } from "./plan.ts";
import { testDisk } from "./present-disks-for-tests.ts";

const LAYOUT = sketchedLayout({
  disks: ["sda", "sdb"].map((id) => sketchedDisk(id, { sizeMiB: 8192, parts: [part("linux", 5000)] })),
  holds: { sda1: { type: "ext4", path: "/data" }, sdb1: { type: "ext4", path: "/" } },
});

/** `gone` started the machine, and sda holds data alone. */
function disksThatStart(bootLoader: BootLoader): readonly string[] {
  const machine: Machine = { ...BIOS_MACHINE, layout: LAYOUT, bootLoader };
  const matches = LAYOUT.disks.map(({ id }): DiskMatch => {
    const { identity, ...disk } = testDisk({ id });
    return { from: id, reason: "same size", disk: { ...identity, ...disk, name: id, path: `/dev/${id}` } };
  });
  return planBoot(machine, matches, { before: LAYOUT, replaced: new Map() }).flatMap((step) => {
    if (step.kind === "install-boot-loader") return step.disks.map(({ name }) => name);
    return step.kind === "install-extlinux" ? [step.disk.name] : [];
  });
}

test("GRUB goes onto the disk that its directory is on", () => {
  const { bootLoader } = BIOS_MACHINE;
  assert.ok(bootLoader.kind === "grub");
  assert.deepEqual(
    [["gone"], ["sda"], []].map((biosDisks) => disksThatStart({ ...bootLoader, biosDisks })),
    [["sdb"], ["sda"], []],
  );
});

test("extlinux goes onto the disk that its directory is on", () => {
  const loader = { kind: "extlinux", directory: "/boot/extlinux", installer: "/usr/bin/extlinux", bootCode: "/usr/lib/mbr.bin" } as const;
  assert.deepEqual(
    ["gone", "sda"].map((disk) => disksThatStart({ ...loader, disk })),
    [["sdb"], ["sda"]],
  );
});
