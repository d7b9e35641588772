import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { inspectMounts } from "./inspect-mounts.ts";
import { flattenDevices } from "./parse-lsblk.ts";

const directory = await mkdtemp(join(tmpdir(), "lifeboat-mounts-"));
after(() => rm(directory, { recursive: true }));

test("inspectMounts() sees this machine's root file system as findmnt names it", async () => {
  const { mounts } = await inspectMounts();
  const root = (await run(["findmnt", "--noheadings", "--output", "FSTYPE", "/"])).stdout.trim().split("\n").at(-1);
  assert.equal(mounts.findLast((mount) => mount.target === "/")?.fsType, root);
});

const MAKERS: readonly (readonly [fsType: string, label: string, sizeMiB: number, command: readonly [string, ...string[]]])[] = [
  ["ext4", "root disk", 8, ["mkfs.ext4", "-q", "-L", "root disk"]],
  ["xfs", "data", 320, ["mkfs.xfs", "-q", "-L", "data"]],
  ["btrfs", "pool", 128, ["mkfs.btrfs", "-q", "-L", "pool"]],
  ["vfat", "ESP", 8, ["mkfs.vfat", "-n", "ESP"]],
  ["swap", "swap1", 8, ["mkswap", "-L", "swap1"]],
];

for (const [fsType, label, sizeMiB, command] of MAKERS) {
  test(`inspectMounts() knows what is on a device with ${fsType}, its label and UUID, with udev or without`, async (context) => {
    const image = join(directory, fsType);
    await writeFile(image, "");
    await truncate(image, sizeMiB << 20);
    await run([...command, image]);
    const attached = await run(["losetup", "--find", "--show", image], { okCodes: [0, 1, 127] });
    if (attached.exitCode !== 0) return context.skip(`losetup cannot attach a file here: ${attached.stderr.trim()}`);
    const path = attached.stdout.trim();
    try {
      const { devices } = await inspectMounts();
      const device = flattenDevices(devices).find((device) => device.path === path);
      const uuid = (await run(["blkid", "-p", "-s", "UUID", "-o", "value", path])).stdout.trim();
      assert.deepEqual([device?.fsType, device?.label, device?.uuid, device?.sizeBytes], [fsType, label, uuid, sizeMiB << 20]);
    } finally {
      await run(["losetup", "--detach", path]);
    }
  });
}
