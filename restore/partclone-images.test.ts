// File systems that nothing here makes, by partclone itself: used blocks alone go into the set, and come back as they were.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { isRoot } from "#os/user";
import type { ImagedDevice } from "../archive/choose-images.ts";
import { archiveTree } from "../archive/set-for-tests.ts";
import { withImages, type DeviceImage } from "../machine/device-image.ts";
import { BIOS_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import { isImageFile, listedImages } from "../set/device-image-files.ts";
import { differingImages, writeImage } from "./device-images.ts";
import { attachDisk, detachDisk } from "./disk-for-tests.ts";
import { quietEnvironment } from "./environment-for-tests.ts";

const MIB = 2 ** 20;
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-partclone-"));
const devices: string[] = [];
after(async () => {
  for (const device of devices) await detachDisk(device);
  await rm(scratch, { recursive: true });
});

async function newDevice(name: string, sizeMiB: number): Promise<string | undefined> {
  const device = isRoot() ? await attachDisk(join(scratch, name), sizeMiB) : undefined;
  if (device !== undefined) devices.push(device);
  return device;
}

test("a file system of partclone's goes into a set and onto a larger device that held something else", async (context) => {
  const there = await run(["partclone.minix", "--version"]).catch(() => undefined);
  if (there === undefined) return context.skip("there is no partclone here");
  const [source, target] = [await newDevice("old", 48), await newDevice("new", 50)];
  if (source === undefined || target === undefined) return context.skip("no loop device can be made here");
  await writeFile(source, randomBytes(48 * MIB));
  await run(["mkfs.minix", source]);
  await writeFile(target, randomBytes(50 * MIB));
  const image: DeviceImage = { device: "sda5", method: "partclone.minix", tool: "a tool", sizeBytes: 48 * MIB, file: "images/sda5" };
  const imaged: ImagedDevice = { image, path: source };
  const tree = join(scratch, "tree");
  await mkdir(tree);
  const machine = withLayout(BIOS_MACHINE, withImages(BIOS_MACHINE.layout, [image]));
  const set = await archiveTree(tree, join(scratch, "set"), { machine, images: [imaged] });
  const [listed] = listedImages(set.manifest);
  assert.deepEqual([listed?.name, listed?.method], ["sda5", "partclone.minix"]);
  assert.ok(listed!.storedBytes < 4 * MIB, `${listed!.storedBytes} bytes, and the device is full of what nothing uses`);

  const step = { kind: "restore-image", device: target, image } as const;
  const written = await writeImage(step, set, quietEnvironment(join(scratch, "root")));
  assert.deepEqual(await differingImages([step], set, new Map([[target, written]])), []);
  assert.deepEqual(await differingImages([step], set, new Map()), []);
  await run(["fsck.minix", target]);
  // The superblock is a used block.
  await run(["dd", "if=/dev/urandom", `of=${target}`, "bs=1", "seek=3072", "count=4", "conv=notrunc", "status=none"]);
  assert.deepEqual(await differingImages([step], set, new Map([[target, written]])), [target]);

  const small = (await newDevice("small", 20))!;
  await assert.rejects(writeImage({ ...step, device: small }, set, quietEnvironment(join(scratch, "root"))), { exitCode: 4 });
});

test("files of images are known by the programs that made them, and by no others", () => {
  const names = [
    "sda5-0001.partclone.exfat.zst",
    "sda5-0001.partclone.sh.zst",
    "sda5-0001.partclone.exfat",
    "sda5-0001.ntfsclone.gz",
    "sda5-0001.dd",
  ];
  assert.deepEqual(
    names.map((name) => isImageFile(`images/${name}`)),
    [true, false, true, true, false],
  );
});
