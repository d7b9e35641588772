// The files of a set that hold images of devices: `images/sda3-0001.ntfsclone.zst`, as many as its volumes' limit makes them. Pure.

import { IMAGE_METHODS, type DeviceImage, type ImageMethod } from "../machine/device-image.ts";
import type { DeviceId } from "../machine/model.ts";
import { volumeNumber, type SetManifest } from "./set-manifest.ts";

export const IMAGES_DIRECTORY = "images";

const FILE_NAME = /^images\/([A-Za-z0-9][\w.-]*)-\d{4,}\.(ntfsclone|partclone\.\w+|raw)(?:\.zst|\.gz)?$/;
const ENDINGS: Readonly<Record<SetManifest["codec"], string>> = { zstd: ".zst", gzip: ".gz", none: "" };

/** What the names of an image's files begin with, unlike `taken`: some devices have names that files cannot have. */
export function imageFileStart(device: DeviceId, taken: readonly string[]): string {
  const name = device.replace(/[^\w.-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "device";
  const start = `${IMAGES_DIRECTORY}/${name}`;
  let candidate = start;
  for (let number = 2; taken.includes(candidate); number += 1) candidate = `${start}-${number}`;
  return candidate;
}

/** Numbers count from 1. */
export function imageFileName({ file, method }: DeviceImage, number: number, codec: SetManifest["codec"]): string {
  return `${file}-${String(number).padStart(4, "0")}.${method}${ENDINGS[codec]}`;
}

export function isImageFile(name: string): boolean {
  const word = FILE_NAME.exec(name)?.[2];
  return IMAGE_METHODS.some((method) => method === word);
}

/** Of a volume or an image of a device: what the set is for, all others tell about it. */
export function isDataFile(name: string): boolean {
  return volumeNumber(name) !== undefined || isImageFile(name);
}

/** In order. Empty: the manifest lists none. */
export function imageFilesOf(image: DeviceImage, { files, codec }: Pick<SetManifest, "files" | "codec">): SetManifest["files"] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const found: SetManifest["files"] = [];
  for (;;) {
    const file = byName.get(imageFileName(image, found.length + 1, codec));
    if (file === undefined) return found;
    found.push(file);
  }
}

export interface ListedImage {
  /** The device's, as files can be named. */
  readonly name: string;
  readonly method: ImageMethod;
  readonly storedBytes: number;
}

/** As far as the manifest alone tells. */
export function listedImages({ files }: Pick<SetManifest, "files">): readonly ListedImage[] {
  const images = new Map<string, ListedImage>();
  for (const { name: fileName, sizeBytes } of files) {
    const [, name, word] = FILE_NAME.exec(fileName) ?? [];
    const method = IMAGE_METHODS.find((one) => one === word);
    if (name === undefined || method === undefined) continue;
    const storedBytes = (images.get(name)?.storedBytes ?? 0) + sizeBytes;
    images.set(name, { name, method, storedBytes });
  }
  return [...images.values()];
}

/** All that has to be read of a set whose files are compared: frames and images. */
export function bytesToRead(manifest: Pick<SetManifest, "files" | "totals">): number {
  return manifest.totals.storedBytes + listedImages(manifest).reduce((total, { storedBytes }) => total + storedBytes, 0);
}
