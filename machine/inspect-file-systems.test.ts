import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { inspectFileSystems } from "./inspect-file-systems.ts";
import { layoutDevices } from "./layout-devices.ts";
import type { MountPoint } from "./model.ts";
import { parseLsblk } from "./parse-lsblk.ts";

const directory = await mkdtemp(join(tmpdir(), "lifeboat-file-systems-"));
after(() => rm(directory, { recursive: true }));

const MAKERS: readonly (readonly [type: string, sizeMiB: number, command: readonly [string, ...string[]], kind: string])[] = [
  ["ext4", 16, ["mkfs.ext4", "-q"], "ext"],
  ["ext2", 8, ["mkfs.ext2", "-q"], "ext"],
  ["xfs", 320, ["mkfs.xfs", "-q"], "xfs"],
  ["vfat", 8, ["mkfs.vfat"], "vfat"],
  ["btrfs", 128, ["mkfs.btrfs", "-q"], "btrfs"],
];

for (const [type, sizeMiB, command, kind] of MAKERS) {
  test(`inspectFileSystems() knows how ${type} was made, mounted or not, and how full it is when it is mounted`, async (context) => {
    const image = join(directory, type);
    await writeFile(image, "");
    await truncate(image, sizeMiB << 20);
    await run([...command, image]);
    const attached = await run(["losetup", "--find", "--show", image], { okCodes: [0, 1, 127] });
    if (attached.exitCode !== 0) return context.skip(`losetup cannot attach a file here: ${attached.stderr.trim()}`);
    const path = attached.stdout.trim();
    const prefix = join(directory, "root");
    // A loop device is none of a machine's own: the tree calls it a disk.
    const uuid = (await run(["blkid", "-c", "/dev/null", "-o", "value", "-s", "UUID", path])).stdout.trim();
    const devices = layoutDevices(parseLsblk(JSON.stringify({ blockdevices: [{ name: "sdx", path, type: "disk", fstype: type, uuid }] })));
    try {
      const unmounted = (await inspectFileSystems(devices, [], prefix)).get("sdx");
      assert.deepEqual(
        [unmounted?.parameters?.kind ?? "unknown", unmounted?.usedBytes, unmounted?.usedInodes],
        [kind, undefined, undefined],
      );
      await mkdir(join(prefix, "here"), { recursive: true });
      const { exitCode, stderr } = await run(["mount", path, join(prefix, "here")], { okCodes: [0, 32] });
      if (exitCode !== 0) return context.skip(`it cannot be mounted here, and is known unmounted: ${stderr.trim().split("\n")[0]}`);
      await writeFile(join(prefix, "here/file"), "x".repeat(1 << 20));
      await run(["sync", "-f", join(prefix, "here")]);
      const mount: MountPoint = { path: "/here", device: "sdx", type, options: [], fsRoot: "/" };
      const mounted = (await inspectFileSystems(devices, [mount], prefix)).get("sdx");
      // Only a mounted btrfs tells of its subvolumes and profiles.
      if (type === "btrfs") {
        const { parameters } = mounted ?? {};
        assert.deepEqual(parameters, { ...unmounted?.parameters, subvolumes: [], dataProfile: "single", metadataProfile: "dup" });
      } else assert.deepEqual(mounted?.parameters, unmounted?.parameters);
      assert.ok((mounted?.usedBytes ?? 0) >= 1 << 20, String(mounted?.usedBytes));
      assert.equal(mounted?.usedInodes === undefined, ["vfat", "btrfs"].includes(type), String(mounted?.usedInodes));
    } finally {
      await run(["umount", join(prefix, "here")], { okCodes: [0, 1, 32] });
      await run(["losetup", "--detach", path]);
    }
  });
}

test("inspectFileSystems() measures what is mounted on a device that nobody knows", async () => {
  const stray: MountPoint = { path: "/", device: "mpathb", type: "xfs", options: [], fsRoot: "/" };
  const found = (await inspectFileSystems([], [stray], "")).get("mpathb");
  assert.deepEqual([found?.parameters, (found?.usedBytes ?? 0) > 0], [undefined, true]);
});
