// For tests: how machines are laid out, by installers' defaults and by their administrators, ordinary and odd.

import assert from "node:assert/strict";
import { array, formed, group, luks, part, sketchedDisk, sketchedLayout, volume, type LayoutSketch } from "./layouts-for-tests.ts";
import type { Layout } from "./model.ts";
import type { VolumeForm } from "./stacked-device.ts";

const root = (usedMiB = 2000) => ({ type: "ext4", path: "/", usedMiB }) as const;
const ext = (path: string, usedMiB = 500) => ({ type: "ext4", path, usedMiB }) as const;
const xfs = (path: string, usedMiB = 500) => ({ type: "xfs", path, usedMiB }) as const;
const SWAP = { type: "swap" } as const;
const ESP = { type: "vfat", path: "/boot/efi" } as const;
const logical = { isLogical: true } as const;

/** Two disks of the same size with the same partitions. */
const twins = (sizeMiB: number, ...parts: readonly ReturnType<typeof part>[]) => disksOf(["sda", "sdb"], sizeMiB, parts);
const disksOf = (ids: readonly string[], sizeMiB: number, parts: readonly ReturnType<typeof part>[]) =>
  ids.map((id) => sketchedDisk(id, { sizeMiB, parts }));

const raid = (level: string, dataStripes: number, copies: number, ...on: readonly string[]): VolumeForm => {
  return { type: "raid", level, dataStripes, copies, stripeBytes: dataStripes > 1 ? 65536 : undefined, regionBytes: 2 * 2 ** 20, on };
};
const pool = (...on: readonly string[]): VolumeForm => {
  return { type: "thin-pool", chunkBytes: 65536, metadataBytes: 8 * 2 ** 20, zero: true, discards: "passdown", on };
};
const thin = (name: string): VolumeForm => ({ type: "thin", pool: name, origin: undefined });

const SKETCHES: Readonly<Record<string, LayoutSketch>> = {
  "Debian, UEFI": {
    disks: [sketchedDisk("sda", { sizeMiB: 20480, parts: [part("esp", 512), part("linux", 18990), part("swap", 975)] })],
    holds: { sda1: ESP, sda2: root(), sda3: SWAP },
  },
  "Debian, BIOS, swap in a logical partition": {
    disks: [
      sketchedDisk("sda", {
        sizeMiB: 20480,
        kind: "mbr",
        parts: [part("linux", 19500), part("extended", 976), part("swap", 975, logical)],
      }),
    ],
    holds: { sda1: root(), sda5: SWAP },
  },
  "Debian, BIOS, /var and /home in logical partitions": {
    disks: [
      sketchedDisk("sda", {
        sizeMiB: 40960,
        kind: "mbr",
        parts: [
          part("linux", 10000),
          part("extended", 30950),
          part("linux", 8000, logical),
          part("swap", 1000, logical),
          part("linux", 21900, logical),
        ],
      }),
    ],
    holds: { sda1: root(), sda5: ext("/var"), sda6: SWAP, sda7: ext("/home") },
  },
  "Debian, BIOS with a GPT": {
    disks: [sketchedDisk("vda", { sizeMiB: 20480, parts: [part("bios", 1), part("linux", 19000), part("swap")] })],
    holds: { vda2: root(), vda3: SWAP },
  },
  "Debian, encrypted, LVM on LUKS": {
    disks: [sketchedDisk("sda", { sizeMiB: 30720, parts: [part("esp", 512), part("linux", 488), part("linux")] })],
    stack: [
      luks("sda3_crypt", "sda3"),
      group("box-vg", ["sda3_crypt"]),
      volume("box-vg/root", [24000, "sda3_crypt"]),
      volume("box-vg/swap_1", [976, "sda3_crypt"]),
    ],
    holds: { sda1: ESP, sda2: ext("/boot", 100), "box-vg/root": root(), "box-vg/swap_1": SWAP },
  },
  "Ubuntu Server, half of the group free": {
    disks: [sketchedDisk("sda", { sizeMiB: 51200, parts: [part("bios", 1), part("linux", 2048), part("linux")] })],
    stack: [group("ubuntu-vg", ["sda3"]), volume("ubuntu-vg/ubuntu-lv", [24576, "sda3"])],
    holds: { sda2: ext("/boot", 200), "ubuntu-vg/ubuntu-lv": root() },
  },
  "Ubuntu's cloud image: the root is the first by number and the last by place": {
    disks: [
      sketchedDisk("vda", {
        sizeMiB: 10240,
        parts: [part("bios", 4, { number: 14 }), part("esp", 106, { number: 15 }), part("linux", undefined, { number: 1 })],
      }),
    ],
    holds: { vda15: ESP, vda1: root() },
  },
  "Rocky Linux, UEFI, LVM": {
    disks: [sketchedDisk("sda", { sizeMiB: 102400, parts: [part("esp", 600), part("linux", 1024), part("lvm")] })],
    stack: [
      group("rl", ["sda3"]),
      volume("rl/root", [61440, "sda3"]),
      volume("rl/home", [30000, "sda3"]),
      volume("rl/swap", [8064, "sda3"]),
    ],
    holds: { sda1: ESP, sda2: xfs("/boot", 300), "rl/root": { ...xfs("/"), usedMiB: 3000 }, "rl/home": xfs("/home"), "rl/swap": SWAP },
  },
  "CentOS, BIOS, LVM on an MBR": {
    disks: [sketchedDisk("sda", { sizeMiB: 40960, kind: "mbr", parts: [part("linux", 1024), part("lvm")] })],
    stack: [group("centos", ["sda2"]), volume("centos/root", [35836, "sda2"]), volume("centos/swap", [4096, "sda2"])],
    holds: { sda1: xfs("/boot", 200), "centos/root": { ...xfs("/"), usedMiB: 3000 }, "centos/swap": SWAP },
  },
  "Fedora, btrfs": {
    disks: [sketchedDisk("nvme0n1", { sizeMiB: 51200, parts: [part("esp", 600), part("linux", 1024), part("linux")] })],
    holds: { nvme0n1p1: ESP, nvme0n1p2: ext("/boot", 300), nvme0n1p3: { type: "btrfs", path: "/", usedMiB: 4000 } },
  },
  "openSUSE, btrfs and swap": {
    disks: [sketchedDisk("sda", { sizeMiB: 40960, parts: [part("bios", 8), part("linux", 38000), part("swap")] })],
    holds: { sda2: { type: "btrfs", path: "/", usedMiB: 6000 }, sda3: SWAP },
  },
  "a virtual server: one file system, no swap": {
    disks: [sketchedDisk("xvda", { sizeMiB: 8192, kind: "mbr", parts: [part("linux")] })],
    holds: { xvda1: root(1500) },
  },
  "an SD card with a gap before the first partition": {
    disks: [sketchedDisk("mmcblk0", { sizeMiB: 16384, kind: "mbr", parts: [part("esp", 256, { gapMiB: 3 }), part("linux", 15000)] })],
    holds: { mmcblk0p1: { type: "vfat", path: "/boot/efi" }, mmcblk0p2: root() },
  },
  F2FS: {
    disks: [sketchedDisk("nvme0n1", { sizeMiB: 16384, parts: [part("esp", 512), part("linux")] })],
    holds: { nvme0n1p1: ESP, nvme0n1p2: { type: "f2fs", path: "/", usedMiB: 2000 } },
  },
  "sectors of 4 KiB": {
    disks: [sketchedDisk("sda", { sizeMiB: 20480, sectorBytes: 4096, parts: [part("esp", 512), part("linux", 18000), part("swap")] })],
    holds: { sda1: ESP, sda2: root(), sda3: SWAP },
  },
  "gaps between partitions": {
    disks: [
      sketchedDisk("sda", {
        sizeMiB: 40960,
        parts: [part("esp", 512), part("linux", 10000, { gapMiB: 5000 }), part("linux", 10000, { gapMiB: 7 })],
      }),
    ],
    holds: { sda1: ESP, sda2: root(), sda3: xfs("/srv") },
  },
  "half of the disk free": {
    disks: [sketchedDisk("sda", { sizeMiB: 40960, parts: [part("esp", 512), part("linux", 19968)] })],
    holds: { sda1: ESP, sda2: root() },
  },
  "logical partitions, after a primary one at the end": {
    disks: [
      sketchedDisk("sda", {
        sizeMiB: 20480,
        kind: "mbr",
        parts: [
          part("linux", 8000, { number: 2 }),
          part("extended", 9002, { number: 3 }),
          part("linux", 4000, { ...logical }),
          part("linux", 5000, { ...logical }),
          part("swap", 2000, { number: 1 }),
        ],
      }),
    ],
    holds: { sda2: root(), sda5: ext("/var"), sda6: ext("/home"), sda1: SWAP },
  },
  "a data disk with a file system and no table": {
    disks: [sketchedDisk("sda", { sizeMiB: 10240, parts: [part("esp", 512), part("linux")] }), sketchedDisk("sdb", { sizeMiB: 51200 })],
    holds: { sda1: ESP, sda2: root(), sdb: xfs("/data", 9000) },
  },
  "a physical volume over a whole disk": {
    disks: [sketchedDisk("sda", { sizeMiB: 10240, parts: [part("esp", 512), part("linux")] }), sketchedDisk("sdb", { sizeMiB: 51200 })],
    stack: [group("data", ["sdb"]), volume("data/files", [40000, "sdb"])],
    holds: { sda1: ESP, sda2: root(), "data/files": xfs("/data", 9000) },
  },
  "a volume over three physical volumes": {
    disks: [
      sketchedDisk("sda", { sizeMiB: 20480, parts: [part("esp", 512), part("linux", 8000), part("lvm")] }),
      sketchedDisk("sdb", { sizeMiB: 10240, parts: [part("lvm")] }),
      sketchedDisk("sdc", { sizeMiB: 10240 }),
    ],
    stack: [group("vg", ["sda3", "sdb1", "sdc"]), volume("vg/data", [8000, "sda3"], [10000, "sdb1"], [4000, "sdc"])],
    holds: { sda1: ESP, sda2: root(), "vg/data": ext("/data") },
  },
  "names with hyphens": {
    disks: [sketchedDisk("sda", { sizeMiB: 20480, parts: [part("esp", 512), part("lvm")] })],
    stack: [group("web-1-vg", ["sda2"]), volume("web-1-vg/lv--root", [10000, "sda2"]), volume("web-1-vg/s-w-a-p", [1000, "sda2"])],
    holds: { sda1: ESP, "web-1-vg/lv--root": root(), "web-1-vg/s-w-a-p": SWAP },
  },
  "two groups on two disks": {
    disks: twins(20480, part("esp", 512), part("lvm")),
    stack: [
      group("system", ["sda2"]),
      volume("system/root", [15000, "sda2"]),
      group("data", ["sdb2"]),
      volume("data/srv", [15000, "sdb2"]),
    ],
    holds: { sda1: ESP, "system/root": root(), "data/srv": xfs("/srv") },
  },
  "a striped volume": {
    disks: twins(20480, part("esp", 512), part("lvm")),
    stack: [group("vg", ["sda2", "sdb2"]), volume("vg/root", [10000, "sda2"]), volume("vg/fast", [16000, "sda2", "sdb2"])],
    holds: { sda1: ESP, "vg/root": root(), "vg/fast": xfs("/fast") },
  },
  "LVM's own mirror": {
    disks: twins(20480, part("esp", 512), part("lvm")),
    stack: [group("vg", ["sda2", "sdb2"]), formed("vg/root", 12000, raid("raid1", 1, 2, "sda2", "sdb2"))],
    holds: { sda1: ESP, "vg/root": root() },
  },
  "LVM's own RAID5": {
    disks: disksOf(["sda", "sdb", "sdc"], 20480, [part("esp", 512), part("lvm")]),
    stack: [group("vg", ["sda2", "sdb2", "sdc2"]), formed("vg/root", 24000, raid("raid5_ls", 2, 1, "sda2", "sdb2", "sdc2"))],
    holds: { sda1: ESP, "vg/root": root() },
  },
  "thin volumes that promise more than there is": {
    disks: [sketchedDisk("sda", { sizeMiB: 20480, parts: [part("esp", 512), part("linux", 488), part("lvm")] })],
    stack: [
      group("vg", ["sda3"]),
      formed("vg/pool", 16000, pool("sda3")),
      formed("vg/root", 20000, thin("vg/pool")),
      formed("vg/srv", 40000, thin("vg/pool")),
    ],
    holds: { sda1: ESP, sda2: ext("/boot", 100), "vg/root": root(), "vg/srv": xfs("/srv") },
  },
  "RAID1 of two disks": {
    disks: twins(20480, part("bios", 1), part("raid")),
    stack: [array("md0", "raid1", ["sda2", "sdb2"])],
    holds: { md0: root() },
  },
  "RAID1 for /boot, and for LVM, two EFI system partitions": {
    disks: twins(20480, part("esp", 512), part("raid", 1024), part("raid")),
    stack: [
      array("md0", "raid1", ["sda2", "sdb2"]),
      array("md1", "raid1", ["sda3", "sdb3"]),
      group("vg0", ["md1"]),
      volume("vg0/root", [12000, "md1"]),
      volume("vg0/swap", [2000, "md1"]),
    ],
    holds: { sda1: ESP, sdb1: { type: "vfat" }, md0: ext("/boot", 200), "vg0/root": root(), "vg0/swap": SWAP },
  },
  "RAID0 for data": {
    disks: twins(20480, part("esp", 512), part("linux", 8000), part("raid")),
    stack: [array("md0", "raid0", ["sda3", "sdb3"])],
    holds: { sda1: ESP, sda2: root(), md0: xfs("/fast") },
  },
  "RAID5 of three disks": {
    disks: disksOf(["sda", "sdb", "sdc"], 20480, [part("esp", 512), part("linux", 5000), part("raid")]),
    stack: [array("md0", "raid5", ["sda3", "sdb3", "sdc3"])],
    holds: { sda1: ESP, sda2: root(), md0: ext("/data", 9000) },
  },
  "RAID6 of four disks and a spare": {
    disks: disksOf(["sda", "sdb", "sdc", "sdd", "sde"], 10240, [part("bios", 1), part("linux", 3000), part("raid")]),
    stack: [array("md0", "raid6", ["sda3", "sdb3", "sdc3", "sdd3"], { spares: ["sde3"] })],
    holds: { sda2: root(), md0: ext("/data", 5000) },
  },
  "RAID10 of four disks": {
    disks: disksOf(["sda", "sdb", "sdc", "sdd"], 10240, [part("bios", 1), part("raid")]),
    stack: [array("md0", "raid10", ["sda2", "sdb2", "sdc2", "sdd2"])],
    holds: { md0: root() },
  },
  "RAID1 over whole disks, with LUKS": {
    disks: [
      sketchedDisk("sda", { sizeMiB: 10240, parts: [part("esp", 512), part("linux")] }),
      sketchedDisk("sdb", { sizeMiB: 20480 }),
      sketchedDisk("sdc", { sizeMiB: 20480 }),
    ],
    stack: [array("md0", "raid1", ["sdb", "sdc"]), luks("vault", "md0")],
    holds: { sda1: ESP, sda2: root(), vault: ext("/vault", 3000) },
  },
  "LVM on LUKS on RAID1": {
    disks: twins(20480, part("esp", 512), part("linux", 1024), part("raid")),
    stack: [array("md0", "raid1", ["sda3", "sdb3"]), luks("crypt", "md0"), group("vg", ["crypt"]), volume("vg/root", [12000, "crypt"])],
    holds: { sda1: ESP, sda2: ext("/boot", 200), "vg/root": root() },
  },
  "LUKS on a volume": {
    disks: [sketchedDisk("sda", { sizeMiB: 20480, parts: [part("esp", 512), part("lvm")] })],
    stack: [group("vg", ["sda2"]), volume("vg/root", [8000, "sda2"]), volume("vg/secret", [6000, "sda2"]), luks("secret", "vg/secret")],
    holds: { sda1: ESP, "vg/root": root(), secret: ext("/secret") },
  },
  "a disk for swap alone": {
    disks: [
      sketchedDisk("sda", { sizeMiB: 10240, parts: [part("esp", 512), part("linux")] }),
      sketchedDisk("sdb", { sizeMiB: 4096, kind: "mbr", parts: [part("swap")] }),
    ],
    holds: { sda1: ESP, sda2: root(), sdb1: SWAP },
  },
};

export const RECORDED_LAYOUTS: readonly (readonly [what: string, layout: Layout])[] = Object.entries(SKETCHES).map(([what, sketch]) => [
  what,
  sketchedLayout(sketch),
]);

export function recordedLayout(name: string): Layout {
  return RECORDED_LAYOUTS.find(([what]) => what === name)?.[1] ?? assert.fail(name);
}
