import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { run } from "#os/exec";
import { readBytes, writeFile } from "#os/files";
import { readMbr } from "../formats/mbr.ts";
import { EPOCH, MENU, type Workshop, makeWorkshop, missingTools } from "./fixtures-for-tests.ts";
import { assembleUsbImage } from "./usb-image.ts";

const START = 2048;
const skip = (await missingTools("syslinux", "mkfs.vfat", "mcopy", "sfdisk", "grub-mkimage", "/usr/lib/syslinux/mbr/mbr.bin")) ?? false;
let workshop: Workshop;
let imagePath = "";
let image: Uint8Array = new Uint8Array();

before(async () => {
  workshop = await makeWorkshop();
  if (skip !== false) return;
  imagePath = `${workshop.path}/usb.img`;
  await assembleUsbImage(workshop.files, MENU, { outputPath: imagePath, sourceDateEpoch: EPOCH, secureBoot: "unsigned" });
  image = await readBytes(imagePath);
});
after(() => workshop[Symbol.asyncDispose]());

test("the USB image has one active FAT32 partition that fills it, and SYSLINUX's boot code", { skip }, async () => {
  const mbr = readMbr(image);
  const empty = { active: false, type: 0, startLba: 0, sectorCount: 0 };
  const partition = { active: true, type: 0x0c, startLba: START, sectorCount: image.length / 512 - START };
  assert.deepEqual([mbr.hasSignature, mbr.partitions], [true, [partition, empty, empty, empty]]);
  assert.deepEqual(image.subarray(0, 440), (await readBytes("/usr/lib/syslinux/mbr/mbr.bin")).subarray(0, 440));
  assert.notEqual(mbr.diskSignature, 0);
});

test("the boot sector is SYSLINUX's, for a FAT32 that knows where its partition starts", { skip }, () => {
  const sector = image.subarray(START * 512, START * 512 + 512);
  const view = new DataView(sector.buffer, sector.byteOffset, 512);
  const text = (offset: number, length: number) => new TextDecoder().decode(sector.subarray(offset, offset + length));
  assert.equal(text(3, 8), "SYSLINUX");
  assert.equal(text(82, 8), "FAT32   ");
  assert.equal(text(71, 11), "LIFEBOAT   ");
  assert.equal(view.getUint32(28, true), START, "hidden sectors");
  const clusters = (view.getUint32(32, true) - view.getUint16(14, true) - 2 * view.getUint32(36, true)) / view.getUint8(13);
  assert.ok(clusters >= 65_525, `${clusters} clusters would be FAT16 to a reader`);
});

test("the partition is clean and holds the rescue image and both loaders", { skip }, async () => {
  const partitionPath = `${workshop.path}/partition`;
  await writeFile(partitionPath, image.subarray(START * 512));
  await run(["fsck.vfat", "-n", partitionPath]);
  const listing = (await run(["mdir", "-a", "-/", "-b", "-i", partitionPath, "::"])).stdout.trim().split("\n");
  assert.deepEqual(
    listing.filter((path) => !path.endsWith("/")).sort(),
    [
      "EFI/BOOT/BOOTX64.EFI",
      "boot/grub/grub.cfg",
      "lifeboat/build-id",
      "lifeboat/id-20261121-0a1b2c",
      "lifeboat/initramfs.img",
      "lifeboat/tools.squashfs",
      "lifeboat/vmlinuz",
      "syslinux/boot.msg",
      "syslinux/ldlinux.c32",
      "syslinux/ldlinux.sys",
      "syslinux/syslinux.cfg",
    ].map((path) => `::/${path}`),
  );
});

test("assembleUsbImage() gives the same bytes two seconds later, and other ids for another build", { skip }, async () => {
  // FAT counts time in steps of two seconds.
  await run(["sleep", "2"]);
  const outputPath = `${workshop.path}/again.img`;
  const options = { outputPath, sourceDateEpoch: EPOCH, secureBoot: "unsigned" } as const;
  await assembleUsbImage(workshop.files, MENU, options);
  assert.equal(Buffer.compare(await readBytes(outputPath), image), 0);
  await assembleUsbImage({ ...workshop.files, buildId: "another" }, MENU, { ...options, force: true });
  const other = await readBytes(outputPath);
  assert.notEqual(readMbr(other).diskSignature, readMbr(image).diskSignature);
  assert.notDeepEqual(other.subarray(START * 512 + 67, START * 512 + 71), image.subarray(START * 512 + 67, START * 512 + 71));
});

test("assembleUsbImage() leaves the room asked for, and refuses what FAT32 cannot hold or what exists", { skip }, async () => {
  const outputPath = `${workshop.path}/large.img`;
  const options = { outputPath, sourceDateEpoch: EPOCH, secureBoot: "unsigned" } as const;
  await assembleUsbImage(workshop.files, MENU, { ...options, roomMib: 300 });
  const free = /([\d ]+) bytes free/.exec((await run(["mdir", "-i", `${outputPath}@@1M`, "::"])).stdout)?.[1];
  const freeMb = Number(free?.replace(/ /g, "")) / 2 ** 20;
  assert.ok(freeMb >= 300 && freeMb < 310, `${freeMb} MiB are free`);
  await assert.rejects(assembleUsbImage(workshop.files, MENU, options), /as existing files are kept/);
  await assert.rejects(assembleUsbImage(workshop.files, MENU, { ...options, roomMib: 70_000 }), /64 GiB at most/);
  const huge = `${workshop.path}/huge`;
  await run(["truncate", "-s", "4G", huge]);
  await assert.rejects(
    assembleUsbImage({ ...workshop.files, toolsPath: huge }, MENU, options),
    /as FAT32 keeps files below 4 GiB: 4294967296 bytes/,
  );
});
