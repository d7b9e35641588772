// An ISO 9660 image that holds files and starts nothing: one of several discs, but for the first.

import { run } from "#os/exec";
import { sizesOf, type MediumFile } from "./medium-files.ts";
import { volumeDate } from "./medium-ids.ts";
import { isoEnvironment, measuredBytes } from "./measure-iso.ts";
import { writeOutput } from "./output.ts";
import { dataIsoArgs, type DataIsoImage } from "./xorriso-args.ts";

export interface DataIsoOptions {
  readonly outputPath: string;
  /** 1 to 32 of `A-Z0-9_`. */
  readonly volumeId: string;
  /** Seconds; the date of everything on it. */
  readonly sourceDateEpoch: number;
  /** Tells this image's UUID from those of others. */
  readonly seed: string;
  readonly files: readonly MediumFile[];
}

/** Descriptors, path tables, and xorriso's padding of 150 blocks. */
const FRAME_BYTES = 2 ** 20;

/** Needs xorriso. Returns the size in bytes. Nothing is left behind when it fails. */
export async function assembleDataIso(options: DataIsoOptions): Promise<number> {
  const image = imageOf(options);
  const neededBytes = (await sizesOf(options.files)).reduce((sum, size) => sum + size + 4096, FRAME_BYTES);
  return writeOutput({ outputPath: options.outputPath, neededBytes }, async (temporaryPath) => {
    await run(["xorriso", ...dataIsoArgs({ ...image, outputPath: temporaryPath })], { env: isoEnvironment(image) });
  });
}

/** How large it will be, in bytes; none is written. */
export async function measureDataIso(options: DataIsoOptions): Promise<number> {
  const image = imageOf(options);
  return measuredBytes(dataIsoArgs(image), isoEnvironment(image));
}

function imageOf({ outputPath, volumeId, sourceDateEpoch, seed, files }: DataIsoOptions): DataIsoImage {
  return { outputPath, volumeId, sourceDateEpoch, volumeDate: volumeDate(sourceDateEpoch, seed), files };
}
