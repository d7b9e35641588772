// Names of the files that hold images of devices: what begins them, what they are called, and what a manifest tells of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceImage } from "../machine/device-image.ts";
import { imageFileName, imageFilesOf, imageFileStart, isImageFile, listedImages } from "./device-image-files.ts";

const IMAGE: DeviceImage = { device: "sda3", method: "ntfsclone", tool: "ntfsclone v2022", sizeBytes: 1, file: "images/sda3" };

test("imageFileStart() gives each device a name that files can have, and none twice", () => {
  const starts: string[] = [];
  for (const device of ["sda3", "vg/my lv", "vg-my-lv", "-x", "/"]) starts.push(imageFileStart(device, starts));
  assert.deepEqual(starts, ["images/sda3", "images/vg-my-lv", "images/vg-my-lv-2", "images/x", "images/device"]);
});

test("imageFileName() tells device, number, method and codec, and isImageFile() knows it again", () => {
  const names = [
    imageFileName(IMAGE, 1, "zstd"),
    imageFileName({ ...IMAGE, method: "raw" }, 2, "gzip"),
    imageFileName({ ...IMAGE, method: "raw" }, 10_000, "none"),
  ];
  assert.deepEqual(names, ["images/sda3-0001.ntfsclone.zst", "images/sda3-0002.raw.gz", "images/sda3-10000.raw"]);
  assert.ok(names.every(isImageFile));
  assert.ok(!["images/sda3", "data-0001.tar.zst", "images/../x-0001.raw", "boot/sda3-0001.raw"].some(isImageFile));
});

test("imageFilesOf() takes an image's files in order up to the first that is not there; listedImages() tells of each image once", () => {
  const file = (name: string, sizeBytes: number) => ({ name: `images/${name}`, sizeBytes });
  const own = [file("sda3-0001.ntfsclone.zst", 5), file("sda3-0002.ntfsclone.zst", 6)];
  const files = [own[1]!, file("sda3-2-0001.raw.zst", 7), own[0]!, { name: "machine.json", sizeBytes: 1 }];
  assert.deepEqual(imageFilesOf(IMAGE, { files, codec: "zstd" }), own);
  assert.deepEqual(imageFilesOf({ ...IMAGE, file: "images/sdb1" }, { files, codec: "zstd" }), []);
  assert.deepEqual(listedImages({ files }), [
    { name: "sda3", method: "ntfsclone", storedBytes: 11 },
    { name: "sda3-2", method: "raw", storedBytes: 7 },
  ]);
});
