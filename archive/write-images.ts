// Reads devices into a set as images: their own files, in frames that stock tools unpack one after the other.

import type { Codec } from "#os/compression";
import { startDigest, type DigestAlgorithm } from "#os/digest";
import { LifeboatError } from "#os/error";
import { startBulk } from "#os/exec";
import { makeDirectory } from "#os/files";
import { saveCommand } from "../restore/image-commands.ts";
import { IMAGES_DIRECTORY, imageFileName } from "../set/device-image-files.ts";
import type { SetManifest } from "../set/set-manifest.ts";
import type { ImagedDevice } from "./choose-images.ts";
import { startFrameWriter, type FrameWriter, type VolumeFile, type VolumeSink } from "./frame-writer.ts";

export interface ImageOptions {
  readonly directory: string;
  readonly codec: Codec;
  readonly level: number;
  readonly digestAlgorithm: DigestAlgorithm;
  readonly volumeLimitBytes: number;
  readonly volumes: VolumeSink;
  progress(image: ImagedDevice["image"], doneBytes: number): void;
}

type Files = SetManifest["files"];

/** Returns the files that it has made. Throws LifeboatError (4) when a device cannot be read, or there is no room. */
export async function writeImages(devices: readonly ImagedDevice[], options: ImageOptions): Promise<Files> {
  const files: Files = [];
  if (devices.length > 0) await makeDirectory(`${options.directory}/${IMAGES_DIRECTORY}`, 0o700);
  for (const device of devices) files.push(...(await writeImage(device, options)));
  return files;
}

async function writeImage(device: ImagedDevice, options: ImageOptions): Promise<Files> {
  const { image } = device;
  const { codec, level, digestAlgorithm, volumeLimitBytes, volumes } = options;
  const files: Files = [];
  let digest = startDigest(digestAlgorithm);
  const name = (number: number) => imageFileName(image, number, codec);
  await using frames = startFrameWriter({
    codec,
    level,
    digestAlgorithm,
    volumeLimitBytes,
    async openVolume(number) {
      digest = startDigest(digestAlgorithm);
      const file = await volumes.open(name(number));
      return digested(file, (bytes) => digest.update(bytes));
    },
    closeVolume: async (number, _, sizeBytes) => void files.push({ name: name(number), sizeBytes, digest: digest.hex() }),
  });
  await readDevice(device, frames, options);
  await frames.finish();
  return files;
}

function digested(file: VolumeFile, update: (bytes: Uint8Array) => void): VolumeFile {
  return {
    ...file,
    async write(bytes) {
      update(bytes);
      await file.write(bytes);
    },
  };
}

async function readDevice({ image, path }: ImagedDevice, frames: FrameWriter, options: ImageOptions): Promise<void> {
  const command = saveCommand(image, path);
  await using source = await startBulk(command);
  let doneBytes = 0;
  frames.begin(image.device, image.sizeBytes);
  for await (const bytes of source.output) {
    frames.append(bytes);
    await frames.room();
    doneBytes += bytes.length;
    options.progress(image, doneBytes);
  }
  const { exitCode, stderr } = await source.ended;
  if (exitCode !== 0) {
    throw new LifeboatError(
      `Cannot take an image of "${path}" as ${command[0]} must read all of it: ${lastWords(stderr) || `exit code ${exitCode ?? "none"}`}`,
      {
        exitCode: 4,
        hint: hintFor(image.method),
      },
    );
  }
  if (image.method !== "raw" || doneBytes === image.sizeBytes) return;
  throw new LifeboatError(`Cannot take an image of "${path}" as it must have ${image.sizeBytes} bytes: ${doneBytes} were read`, {
    exitCode: 4,
  });
}

function hintFor(method: ImagedDevice["image"]["method"]): string {
  if (method === "ntfsclone")
    return "Windows must have checked it and been shut down whole (shutdown /s /t 0), or it is left out with --images none";
  if (method === "raw") return "The disk may be failing; without --images the device is left out";
  return "The system that it belongs to must have checked it and let go of it; without --images the device is left out";
}

function lastWords(stderr: string): string {
  return stderr.trim().split("\n").slice(-3).join(" | ");
}
