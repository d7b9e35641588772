// The rescue image that goes with a set: made once, then put on an ISO, alone or with the set.

import { makeRescueImage, type RescueImage, type RescueImageOptions } from "../builder/build.ts";
import type { FoundKernel } from "../builder/find-kernel.ts";
import type { ImageContents } from "../builder/gather-image.ts";
import { makeMedium, measureIsoMedium, type MediumOptions } from "../builder/make-medium.ts";
import { imageFiles, type MediumFile } from "../bootloaders/medium-files.ts";
import type { ImageSet } from "../set/image-manifest.ts";

/** What the command line says about it. */
export interface ArchiveImage {
  chooseKernel(): Promise<FoundKernel>;
  imageOptions(): Promise<Omit<RescueImageOptions, "set">>;
  readonly mediumOptions: Omit<MediumOptions, "format" | "outputPath" | "force" | "mediumUrl" | "extraFiles">;
}

export interface MadeImage extends AsyncDisposable {
  /** What the user must know of it. */
  readonly warnings: readonly string[];
  readonly buildId: string;
  /** Programs that are not in it by name, and why. */
  readonly missingPrograms: ReadonlyMap<string, string>;
  /** Kernel, initramfs and tools layer, as they lie on every medium. */
  readonly files: readonly MediumFile[];
  /** Returns the size in bytes. */
  writeIso(outputPath: string, extraFiles: readonly MediumFile[]): Promise<number>;
  /** As a USB image, a new file. Returns the size in bytes. */
  writeUsb(outputPath: string): Promise<number>;
  /** How large it would be. */
  measureIso(extraFiles: readonly MediumFile[]): Promise<number>;
  /** Seconds; the date of everything on its medium. */
  readonly sourceDateEpoch: number;
}

export async function makeArchiveImage(image: ArchiveImage, set: ImageSet): Promise<MadeImage> {
  const kernel = await image.chooseKernel();
  const made: RescueImage = await makeRescueImage(kernel, { ...(await image.imageOptions()), set });
  const medium = { ...image.mediumOptions, mediumUrl: undefined };
  return {
    warnings: kernelWarnings(kernel),
    buildId: made.files.buildId,
    missingPrograms: missingPrograms(made.contents),
    files: imageFiles(made.files),
    async writeIso(outputPath, extraFiles) {
      return (await makeMedium(made.files, { ...medium, format: "iso", outputPath, force: false, extraFiles })).sizeBytes;
    },
    async writeUsb(outputPath) {
      return (await makeMedium(made.files, { ...medium, format: "usb", outputPath, force: false })).sizeBytes;
    },
    measureIso: (extraFiles) => measureIsoMedium(made.files, { ...medium, extraFiles }),
    sourceDateEpoch: medium.sourceDateEpoch,
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
}

/** Another kernel than the one that runs may lack a driver that the bad day needs. */
export function kernelWarnings({
  standIn,
  release,
  provenance,
}: Pick<FoundKernel, "standIn" | "release" | "provenance">): readonly string[] {
  return standIn ? [`the rescue image has kernel ${release}, ${provenance}`] : [];
}

/** What this machine does not have, and what it has without all that it needs to run: none of it is in the image. */
export function missingPrograms({
  absentPrograms,
  incompleteFiles,
}: Pick<ImageContents, "absentPrograms" | "incompleteFiles">): ReadonlyMap<string, string> {
  return new Map([
    ...absentPrograms.map((program) => [program.name, `not installed (package ${program.package})`] as const),
    ...incompleteFiles.map(({ name, state }) => [name, state] as const),
  ]);
}
