// The rescue image that goes with a set: made once, then put on an ISO, alone or with the set.

import { makeRescueImage, type RescueImage, type RescueImageOptions } from "../builder/build.ts";
import type { FoundKernel } from "../builder/find-kernel.ts";
import { makeMedium, type MediumOptions } from "../builder/make-medium.ts";
import type { MediumFile } from "../bootloaders/medium-files.ts";
import type { ImageSet } from "../set/image-manifest.ts";

/** What the command line says about it. */
export interface ArchiveImage {
  chooseKernel(): Promise<FoundKernel>;
  imageOptions(): Promise<Omit<RescueImageOptions, "set">>;
  readonly mediumOptions: Omit<MediumOptions, "format" | "outputPath" | "force" | "mediumUrl" | "extraFiles">;
}

export interface MadeImage extends AsyncDisposable {
  readonly kernelRelease: string;
  readonly buildId: string;
  /** Names of programs that this machine does not have. */
  readonly absentPrograms: ReadonlySet<string>;
  /** Returns the size in bytes. */
  writeIso(outputPath: string, extraFiles: readonly MediumFile[]): Promise<number>;
}

export async function makeArchiveImage(image: ArchiveImage, set: ImageSet): Promise<MadeImage> {
  const kernel = await image.chooseKernel();
  const made: RescueImage = await makeRescueImage(kernel, { ...(await image.imageOptions()), set });
  return {
    kernelRelease: kernel.release,
    buildId: made.files.buildId,
    absentPrograms: new Set(made.contents.absentPrograms.map(({ name }) => name)),
    async writeIso(outputPath, extraFiles) {
      const options = { ...image.mediumOptions, format: "iso", outputPath, force: false, mediumUrl: undefined, extraFiles } as const;
      return (await makeMedium(made.files, options)).sizeBytes;
    },
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
}
