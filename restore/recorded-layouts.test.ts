// Layouts of many machines, planned onto disks like their own, larger ones and smaller ones: what the plan makes is whole, and what was there is there again.
import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "#os/exec";
import { parseSfdisk } from "../machine/parse-sfdisk.ts";
import { RECORDED_LAYOUTS } from "../machine/recorded-layouts-for-tests.ts";
import { leastDiskBytes } from "./fit/place-partitions.ts";
import { partitionScript } from "./partition-script.ts";
import type { Plan } from "./plan.ts";
import { checkMade, checkSizes, planOnto } from "./whole-plan-for-tests.ts";

const MIB = 2 ** 20;
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-layouts-"));
after(() => rm(scratch, { recursive: true }));

/** sfdisk itself makes the table, and tells what it has made. */
async function checkWithSfdisk({ layout, matches }: Plan): Promise<void> {
  for (const { from, disk } of matches) {
    const { table } = layout.disks.find(({ id }) => id === from)!;
    // Files have sectors of 512 bytes.
    if (table === undefined || disk.logicalSectorBytes !== 512) continue;
    const image = join(scratch, disk.name);
    await writeFile(image, "");
    await truncate(image, disk.sizeBytes);
    await run(["sfdisk", "--quiet", image], { input: Buffer.from(partitionScript({ ...disk, path: image }, table)) });
    const found = parseSfdisk((await run(["sfdisk", "--json", image])).stdout.replaceAll(image, `/dev/${from}`));
    const [now, then] = [found?.partitions, table.partitions].map((list) => [...list!].sort((a, b) => a.number - b.number));
    assert.deepEqual(now, then);
    assert.deepEqual([found?.kind, found?.id], [table.kind, table.id]);
    await rm(image);
  }
}

/** Onto disks of twice the size: what becomes larger, and all else stays as large as it is. */
const GROWN: Readonly<Record<string, readonly string[]>> = {
  "Debian, UEFI": ["sda2: 18.5 GiB becomes 38.5 GiB"],
  "Debian, BIOS, swap in a logical partition": ["sda1: 19.0 GiB becomes 39.0 GiB"],
  "Debian, BIOS, /var and /home in logical partitions": [
    "sda1: 9.8 GiB becomes 19.8 GiB",
    "sda5: 7.8 GiB becomes 15.8 GiB",
    "sda7: 21.4 GiB becomes 43.4 GiB",
  ],
  "Debian, BIOS with a GPT": ["vda2: 18.6 GiB becomes 38.6 GiB"],
  "Debian, encrypted, LVM on LUKS": [
    "sda3: 29.0 GiB becomes 59.0 GiB",
    "sda3_crypt: 29.0 GiB becomes 59.0 GiB",
    "box-vg/root: 23.4 GiB becomes 48.5 GiB",
  ],
  "Ubuntu Server, half of the group free": ["sda3: 48.0 GiB becomes 98.0 GiB", "ubuntu-vg/ubuntu-lv: 24.0 GiB becomes 49.0 GiB"],
  "Ubuntu's cloud image: the root is the first by number and the last by place": ["vda1: 9.9 GiB becomes 19.9 GiB"],
  "Rocky Linux, UEFI, LVM": [
    "sda3: 98.4 GiB becomes 198.4 GiB",
    "rl/root: 60.0 GiB becomes 126.3 GiB",
    "rl/home: 29.3 GiB becomes 61.7 GiB",
  ],
  "CentOS, BIOS, LVM on an MBR": ["sda2: 39.0 GiB becomes 79.0 GiB", "centos/root: 35.0 GiB becomes 75.0 GiB"],
  "Fedora, btrfs": ["nvme0n1p3: 48.4 GiB becomes 98.4 GiB"],
  "openSUSE, btrfs and swap": ["sda2: 37.1 GiB becomes 77.1 GiB"],
  "a virtual server: one file system, no swap": ["xvda1: 8.0 GiB becomes 16.0 GiB"],
  "an SD card with a gap before the first partition": ["mmcblk0p2: 14.6 GiB becomes 29.5 GiB"],
  F2FS: ["nvme0n1p2: 15.5 GiB becomes 31.5 GiB"],
  "sectors of 4 KiB": ["sda2: 17.6 GiB becomes 37.6 GiB"],
  "gaps between partitions": ["sda2: 9.8 GiB becomes 19.7 GiB", "sda3: 9.8 GiB becomes 19.7 GiB"],
  "half of the disk free": ["sda2: 19.5 GiB becomes 39.2 GiB"],
  "logical partitions, after a primary one at the end": [
    "sda2: 7.8 GiB becomes 16.5 GiB",
    "sda5: 3.9 GiB becomes 8.2 GiB",
    "sda6: 4.9 GiB becomes 10.3 GiB",
  ],
  "a data disk with a file system and no table": ["sda2: 9.5 GiB becomes 19.5 GiB"],
  "a physical volume over a whole disk": ["sda2: 9.5 GiB becomes 19.5 GiB", "data/files: 39.1 GiB becomes 78.1 GiB"],
  "a volume over three physical volumes": [
    "sda2: 7.8 GiB becomes 15.8 GiB",
    "sda3: 11.7 GiB becomes 23.7 GiB",
    "sdb1: 10.0 GiB becomes 20.0 GiB",
  ],
  "names with hyphens": ["sda2: 19.5 GiB becomes 39.5 GiB", "web-1-vg/lv--root: 9.8 GiB becomes 20.3 GiB"],
  "two groups on two disks": [
    "sda2: 19.5 GiB becomes 39.5 GiB",
    "sdb2: 19.5 GiB becomes 39.5 GiB",
    "system/root: 14.6 GiB becomes 29.7 GiB",
    "data/srv: 14.6 GiB becomes 29.7 GiB",
  ],
  "a striped volume": ["sda2: 19.5 GiB becomes 39.5 GiB", "sdb2: 19.5 GiB becomes 39.5 GiB"],
  "LVM's own mirror": ["sda2: 19.5 GiB becomes 39.5 GiB", "sdb2: 19.5 GiB becomes 39.5 GiB"],
  "LVM's own RAID5": ["sda2: 19.5 GiB becomes 39.5 GiB", "sdb2: 19.5 GiB becomes 39.5 GiB", "sdc2: 19.5 GiB becomes 39.5 GiB"],
  "thin volumes that promise more than there is": ["sda3: 19.0 GiB becomes 39.0 GiB", "vg/pool: 15.6 GiB becomes 32.1 GiB"],
  "RAID1 of two disks": ["sda2: 20.0 GiB becomes 40.0 GiB", "sdb2: 20.0 GiB becomes 40.0 GiB", "md0: 20.0 GiB becomes 40.0 GiB"],
  "RAID1 for /boot, and for LVM, two EFI system partitions": [
    "sda3: 18.5 GiB becomes 38.5 GiB",
    "sdb3: 18.5 GiB becomes 38.5 GiB",
    "md1: 18.5 GiB becomes 38.5 GiB",
    "vg0/root: 11.7 GiB becomes 25.9 GiB",
  ],
  "RAID0 for data": [
    "sda2: 7.8 GiB becomes 15.8 GiB",
    "sda3: 11.7 GiB becomes 23.7 GiB",
    "sdb3: 11.7 GiB becomes 31.7 GiB",
    "md0: 23.4 GiB becomes 55.4 GiB",
  ],
  "RAID5 of three disks": [
    "sda2: 4.9 GiB becomes 9.9 GiB",
    "sda3: 14.6 GiB becomes 29.6 GiB",
    "sdb3: 14.6 GiB becomes 34.6 GiB",
    "sdc3: 14.6 GiB becomes 34.6 GiB",
    "md0: 29.2 GiB becomes 59.2 GiB",
  ],
  "RAID6 of four disks and a spare": [
    "sda2: 2.9 GiB becomes 5.9 GiB",
    "sda3: 7.1 GiB becomes 14.1 GiB",
    "sdb3: 7.1 GiB becomes 17.1 GiB",
    "sdc3: 7.1 GiB becomes 17.1 GiB",
    "sdd3: 7.1 GiB becomes 17.1 GiB",
    "sde3: 7.1 GiB becomes 17.1 GiB",
    "md0: 14.1 GiB becomes 28.3 GiB",
  ],
  "RAID10 of four disks": [
    "sda2: 10.0 GiB becomes 20.0 GiB",
    "sdb2: 10.0 GiB becomes 20.0 GiB",
    "sdc2: 10.0 GiB becomes 20.0 GiB",
    "sdd2: 10.0 GiB becomes 20.0 GiB",
    "md0: 20.0 GiB becomes 40.0 GiB",
  ],
  "RAID1 over whole disks, with LUKS": [
    "sda2: 9.5 GiB becomes 19.5 GiB",
    "md0: 20.0 GiB becomes 40.0 GiB",
    "vault: 20.0 GiB becomes 40.0 GiB",
  ],
  "LVM on LUKS on RAID1": [
    "sda3: 18.5 GiB becomes 38.5 GiB",
    "sdb3: 18.5 GiB becomes 38.5 GiB",
    "md0: 18.5 GiB becomes 38.5 GiB",
    "crypt: 18.5 GiB becomes 38.5 GiB",
    "vg/root: 11.7 GiB becomes 24.4 GiB",
  ],
  "LUKS on a volume": [
    "sda2: 19.5 GiB becomes 39.5 GiB",
    "vg/root: 7.8 GiB becomes 15.8 GiB",
    "vg/secret: 5.9 GiB becomes 11.9 GiB",
    "secret: 5.8 GiB becomes 11.9 GiB",
  ],
  "a disk for swap alone": ["sda2: 9.5 GiB becomes 19.5 GiB"],
};

test("there are many layouts, each of another kind", () => assert.ok(RECORDED_LAYOUTS.length >= 30, `${RECORDED_LAYOUTS.length}`));

for (const [what, layout] of RECORDED_LAYOUTS) {
  describe(what, () => {
    test("comes back as it was onto disks of the same sizes", async () => {
      const plan = planOnto(layout, ({ sizeBytes }) => sizeBytes);
      assert.deepEqual([plan.layout, plan.changes], [layout, []]);
      checkMade(plan);
      checkSizes(plan, layout);
      await checkWithSfdisk(plan);
    });

    test("grows with disks of twice the size, and then stays as it is", async () => {
      const plan = planOnto(layout, ({ sizeBytes }) => sizeBytes * 2);
      assert.deepEqual(plan.changes, GROWN[what]);
      checkMade(plan);
      checkSizes(plan, layout);
      await checkWithSfdisk(plan);
      const again = planOnto(plan.layout, ({ id }) => 2 * layout.disks.find((disk) => disk.id === id)!.sizeBytes);
      assert.deepEqual([again.layout, again.changes], [plan.layout, []]);
    });

    test("fits on the least disks that are said to hold it", async () => {
      const plan = planOnto(layout, (disk) => Math.ceil(leastDiskBytes(layout, disk) / MIB) * MIB);
      checkMade(plan);
      checkSizes(plan, layout);
      await checkWithSfdisk(plan);
    });

    test("goes onto disks whose sectors have 4 KiB", () => {
      const plan = planOnto(layout, ({ sizeBytes }) => sizeBytes, 4096);
      checkMade(plan);
      checkSizes(plan, layout);
    });
  });
}
