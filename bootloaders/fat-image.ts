// FAT file systems filled without mounting anything: mkfs.vfat and mtools, dated so that two runs give the same bytes.
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { type MediumFile, directoriesOf } from "./medium-files.ts";
import { hex8 } from "./medium-ids.ts";

export interface FatImage {
  readonly path: string;
  /** Where the file system starts in the file: 0 for a bare image, a partition's start otherwise. */
  readonly startSector: number;
  readonly sizeSectors: number;
  readonly fatBits: 16 | 32;
  readonly clusterSectors: number;
  /** Up to 11 capital letters, digits, "_" or "-". */
  readonly label: string;
  /** 32 bits; tells file systems apart in /dev/disk/by-uuid. */
  readonly volumeNumber: number;
  readonly sourceDateEpoch: number;
}

export const SECTOR_BYTES = 512;

/** Formats the place and copies the files there. The image file must be large enough already. */
export async function makeFatImage(image: FatImage, files: readonly MediumFile[]): Promise<void> {
  const env = fatEnvironment(image.sourceDateEpoch);
  await run(formatCommand(image), { env });
  const target = `${image.path}@@${image.startSector * SECTOR_BYTES}`;
  const directories = directoriesOf(files).map((directory) => `::/${directory}`);
  if (directories.length > 0) await run(["mmd", "-i", target, ...directories], { env });
  for (const { path, source } of files) await run(["mcopy", "-i", target, source, `::/${path}`], { env });
}

/** What mtools, run by us or by syslinux, reads the date from. FAT knows local time only, so the zone is fixed. */
export function fatEnvironment(sourceDateEpoch: number): Readonly<Record<string, string>> {
  return { SOURCE_DATE_EPOCH: String(sourceDateEpoch), TZ: "UTC", MTOOLS_SKIP_CHECK: "1", MTOOLSRC: "/dev/null" };
}

/** Room that the files take: whole clusters, a cluster a directory, FAT entries, and a little for long names. */
export function fatBytes(sizesBytes: readonly number[], clusterSectors: number, directoryCount: number): number {
  const clusterBytes = clusterSectors * SECTOR_BYTES;
  const clusters = sizesBytes.reduce((sum, size) => sum + Math.ceil(size / clusterBytes), directoryCount * 2 + 64);
  const twoFatsOf32Bits = clusters * 8;
  return clusters * clusterBytes + twoFatsOf32Bits + 128 * 1024;
}

/** FAT's dates begin in 1980, and ISO 9660 programs count the seconds in 32 bits. Throws LifeboatError, exit code 2. */
export function checkEpoch(sourceDateEpoch: number): void {
  if (Number.isInteger(sourceDateEpoch) && sourceDateEpoch >= 315_532_800 && sourceDateEpoch < 2 ** 32) return;
  throw new LifeboatError(`Cannot date the medium as SOURCE_DATE_EPOCH is whole seconds between 1980 and 2106: ${sourceDateEpoch}`, {
    exitCode: 2,
    hint: "Give seconds since 1970, such as 1767225600, or leave it unset",
  });
}

function formatCommand(image: FatImage): readonly [string, ...string[]] {
  const options = [
    // Before -i, which it would overwrite. Without it the label gets the time of day: SOURCE_DATE_EPOCH is not asked (4.2).
    ["--invariant"],
    ["-F", String(image.fatBits)],
    ["-s", String(image.clusterSectors)],
    ["-n", image.label],
    ["-i", hex8(image.volumeNumber)],
    // Boot sectors add the "hidden sectors" to every address, so they must equal the partition's start.
    ["-h", String(image.startSector)],
    ["--offset", String(image.startSector)],
  ];
  const sizeKib = (image.sizeSectors * SECTOR_BYTES) / 1024;
  return ["mkfs.vfat", ...options.flat(), image.path, String(sizeKib)];
}
