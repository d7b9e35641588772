// What `--exclude /dev/…` means, on a machine with partitions, LVM over two disks, and swap.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { MountedSystem } from "../machine/inspect-mounts.ts";
import { parseFindmnt } from "../machine/parse-findmnt.ts";
import { parseLsblk } from "../machine/parse-lsblk.ts";
import { excludedDevices } from "./excluded-devices.ts";

const LV = {
  name: "vg-my--lv",
  kname: "dm-0",
  path: "/dev/mapper/vg-my--lv",
  type: "lvm",
  "maj:min": "253:0",
  fstype: "xfs",
  label: "a b",
};
const part = (name: string, minor: string, more = {}) => ({ name, type: "part", "maj:min": `8:${minor}`, ...more });
const LSBLK = JSON.stringify({
  blockdevices: [
    { name: "sdx", type: "disk", "maj:min": "8:0", children: [part("sdx1", "1", { uuid: "AB-1" }), part("sdx2", "2", { children: [LV] })] },
    {
      name: "sdy",
      type: "disk",
      "maj:min": "8:16",
      children: [part("sdy1", "17", { children: [LV] }), part("sdy2", "18", { fstype: "swap" })],
    },
    { name: "sdz", type: "disk", "maj:min": "8:32", children: [part("sdz1", "33")] },
  ],
});
const mount = (target: string, source: string, majorMinor: string) => ({
  target,
  source,
  fstype: "ext4",
  fsroot: "/",
  "maj:min": majorMinor,
});
const FINDMNT = JSON.stringify({
  filesystems: [mount("/", "/dev/sdx1", "8:1"), mount("/data", "/dev/mapper/vg-my--lv", "253:0"), mount("/btrfs", "/dev/sdy1", "0:40")],
});
const SYSTEM: MountedSystem = {
  devices: parseLsblk(LSBLK),
  mounts: parseFindmnt(FINDMNT),
  swaps: [{ path: "/dev/sdy2", type: "partition", sizeBytes: 0, usedBytes: 0, priority: -2 }],
};

async function leftOutBy(word: string): Promise<readonly string[]> {
  const { wordFor } = await excludedDevices([word], SYSTEM);
  return SYSTEM.mounts.filter((one) => wordFor(one) === word).map(({ target }) => target);
}

describe("excludedDevices() leaves out by", () => {
  const cases: readonly (readonly [word: string, targets: readonly string[]])[] = [
    ["/dev/sdx1", ["/"]],
    ["/dev/sdx", ["/", "/data"]],
    ["/dev/sdy", ["/data", "/btrfs"]],
    ["/dev/sdx2", ["/data"]],
    ["/dev/vg/my-lv", ["/data"]],
    ["/dev/mapper/vg-my--lv", ["/data"]],
    ["/dev/dm-0", ["/data"]],
    ["/dev/disk/by-label/a\\x20b", ["/data"]],
    ["/dev/disk/by-uuid/ab-1", ["/"]],
    ["/dev/sdy2", []],
  ];
  for (const [word, targets] of cases) test(word, async () => assert.deepEqual(await leftOutBy(word), targets));
});

test("excludedDevices() knows what stands on a device, swap too, by any of its names", async () => {
  const { isExcluded } = await excludedDevices(["/dev/sdy"], SYSTEM);
  const nodes = ["/dev/sdy", "/dev/sdy2", "/dev/vg/my-lv", "/dev/sdx2", "/dev/sdy3"];
  assert.deepEqual(nodes.map(isExcluded), [true, true, true, false, false]);
});

test("excludedDevices() tells of which devices nothing is in use", async () => {
  assert.deepEqual((await excludedDevices(["/dev/sdx1", "/dev/sdz"], SYSTEM)).idleWords, ["/dev/sdz"]);
});

test("excludedDevices() refuses what is no device", async () => {
  const refused = (word: string, message: RegExp) => assert.rejects(excludedDevices(["/dev/sdx1", word], SYSTEM), { exitCode: 2, message });
  for (const word of ["/dev/sdq", "/dev/sdx*", "/dev/disk/by-label/none", "/dev/vg/none"])
    await refused(word, /there is none of that name$/);
});
