import assert from "node:assert/strict";
import { test } from "node:test";
import { disk, forest, mapped, part, type Tree } from "./lsblk-for-tests.ts";
import { layoutDevices, ownDevices } from "./layout-devices.ts";
import type { FstabEntry } from "./model.ts";
import { parseFindmnt } from "./parse-findmnt.ts";

const idsOf = (...trees: readonly Tree[]) => layoutDevices(forest(...trees)).map(({ id, place }) => `${id} ${place}`);

test("layoutDevices() leaves out optical discs, floppies, loop devices, memory, and what stands on them", () => {
  assert.deepEqual(
    idsOf(disk("sda", part("sda1", "ext4")), { name: "sr0", type: "rom" }, disk("fd0"), disk("zram0"), {
      name: "loop0",
      type: "loop",
      children: [part("loop0p1", "ext4"), mapped("inside", ["dm-7", "crypt"])],
    }),
    ["sda disk", "sda1 partition"],
  );
});

test("layoutDevices() names LVM's volumes as LVM does, hyphens included, and other mapped devices as the mapper does", () => {
  assert.deepEqual(
    idsOf(
      disk("sda", mapped("my--group-my--volume", ["dm-0", "lvm"]), mapped("safe", ["dm-1", "crypt"])),
      disk("cciss!c0d0", part("cciss!c0d0p1", "ext4")),
    ),
    ["sda disk", "my-group/my-volume stacked", "safe stacked", "cciss/c0d0 disk", "cciss/c0d0p1 partition"],
  );
});

test("layoutDevices() takes a disk that is reached on several paths for one, and leaves out what the kernel shows on its paths", () => {
  const partition = (name: string, kname: string, ...children: readonly Tree[]): Tree => ({ name, kname, type: "part", children });
  const multipath = (): Tree =>
    mapped(
      "mpatha",
      ["dm-0", "mpath"],
      partition("mpatha-part1", "dm-1"),
      partition("mpatha-part2", "dm-2", mapped("vg-root", ["dm-3", "lvm"])),
    );
  assert.deepEqual(
    layoutDevices(forest(disk("sda", part("sda1", "vfat"), multipath()), disk("sdb", multipath()), disk("sdc", part("sdc1", "ext4")))).map(
      ({ id, place, on }) => [id, place, ...on].join(" "),
    ),
    [
      "mpatha disk",
      "mpatha-part1 partition mpatha",
      "mpatha-part2 partition mpatha",
      "vg/root stacked mpatha-part2",
      "sdc disk",
      "sdc1 partition sdc",
    ],
  );
});

const stick = (name: string, ...children: readonly Tree[]): Tree => ({ ...disk(name, ...children), tran: "usb", rm: true });
const entry = (spec: string, path: string, ...options: readonly string[]): FstabEntry => ({ spec, path, type: "ext4", options });

test("ownDevices() leaves out USB and removable disks unless fstab mounts them at boot or the system is on them", () => {
  const trees = forest(
    disk("sda", part("sda1", "ext4")),
    stick("sdb", part("sdb1", "ext4")),
    stick("sdc", { ...part("sdc1", "ext4"), uuid: "ABCD-1234" }),
    stick("sdd", { ...part("sdd1", "ext4"), label: "backup" }),
    stick("sde", part("sde1", "LVM2_member", mapped("usb-root", ["dm-0", "lvm"]))),
  );
  const filesystems = [
    { target: "/media/stick", source: "/dev/sdb1", fstype: "ext4" },
    { target: "/", source: "/dev/mapper/usb-root", fstype: "ext4" },
  ];
  const mounts = parseFindmnt(JSON.stringify({ filesystems }));
  const fstab = [entry("UUID=abcd-1234", "/archive", "nofail"), entry("LABEL=backup", "/backup", "noauto")];
  assert.deepEqual(
    ownDevices(layoutDevices(trees), mounts, fstab).map(({ id }) => id),
    ["sda", "sda1", "sdc", "sdc1", "sde", "sde1", "usb/root"],
  );
});
