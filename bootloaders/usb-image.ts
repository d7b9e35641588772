// A raw image for a USB stick: one FAT32 partition that BIOS and UEFI start from and every system can read and write.
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { makeTemporaryDirectory } from "#os/files";
import { findAssets } from "./boot-assets.ts";
import { type EfiOptions, diskEfiFiles } from "./efi-files.ts";
import { SECTOR_BYTES, checkEpoch, fatBytes, fatEnvironment, makeFatImage } from "./fat-image.ts";
import type { BootMedium } from "./iso.ts";
import { type MediumFile, directoriesOf, rescueContents, sizesOf, writeTexts } from "./medium-files.ts";
import { hex8, idNumber } from "./medium-ids.ts";
import { grubMenu } from "./menu-grub.ts";
import { ISOLINUX_PAGE_NAME, isolinuxMenu } from "./menu-isolinux.ts";
import { bootPage } from "./menu-page.ts";
import { writeOutput } from "./output.ts";
import { type MenuOptions, type RescueFiles, checkBuildId, checkMenu } from "./rescue-files.ts";

export interface UsbOptions extends EfiOptions {
  readonly outputPath: string;
  readonly force?: boolean;
  /** Seconds; the date of everything on the medium. */
  readonly sourceDateEpoch: number;
  /** Free room left in the partition, in MiB; 0 unless given. */
  readonly roomMib?: number;
}

/** 1 MiB, where every partitioning program of today starts; the gap is larger than any loader's needs. */
export const START_SECTOR = 2048;
const MAX_FAT_FILE_BYTES = 2 ** 32 - 1;

/**
 * Needs sfdisk, mkfs.vfat, mtools, syslinux, and grub-mkimage for unsigned media; neither root nor a loop device.
 *
 * One layout of several (MBR, one active FAT32 partition of type 0x0C, SYSLINUX for BIOS, GRUB for UEFI), because BIOSes exist that
 * refuse a GPT or a disk without an active partition, UEFI must start removable media from any FAT partition, the prompt is the same
 * as on CD, and a stick with one partition shows up in every operating system.
 */
export async function assembleUsbImage(files: RescueFiles, menu: MenuOptions, options: UsbOptions): Promise<BootMedium> {
  checkMenu(menu);
  checkBuildId(files.buildId);
  checkEpoch(options.sourceDateEpoch);
  const { syslinuxMbr } = await findAssets(["syslinuxMbr"], options.assetRoots);
  await using work = await makeTemporaryDirectory();
  const efi = await diskEfiFiles(options, files.buildId, work.path);
  const entries = [
    ...rescueContents(files),
    ...efi.files,
    { path: "boot/grub/grub.cfg", text: grubMenu(menu, files.buildId) },
    { path: "syslinux/syslinux.cfg", text: isolinuxMenu(menu) },
    { path: `syslinux/${ISOLINUX_PAGE_NAME}`, text: bootPage(menu, files.buildId) },
  ];
  const mediumFiles = await writeTexts(entries, work.path);
  const sizes = await sizesOf(mediumFiles);
  checkFileSizes(mediumFiles, sizes);
  const partition = planPartition(sizes, directoriesOf(mediumFiles).length, options.roomMib ?? 0);
  const imageBytes = (START_SECTOR + partition.sizeSectors) * SECTOR_BYTES;
  const { outputPath, sourceDateEpoch } = options;
  const output = { outputPath, neededBytes: imageBytes, force: options.force === true };
  const diskId = idNumber(`disk ${files.buildId}`);
  const volumeNumber = idNumber(`volume ${files.buildId}`);
  const sizeBytes = await writeOutput(output, async (path) => {
    await makeDisk(path, imageBytes, { diskId, bootCodePath: syslinuxMbr });
    const format = { fatBits: 32, label: "LIFEBOAT", volumeNumber, sourceDateEpoch } as const;
    await makeFatImage({ path, startSector: START_SECTOR, ...partition, ...format }, mediumFiles);
    const install = ["-t", String(START_SECTOR * SECTOR_BYTES), "-d", "/syslinux", "-i", path];
    await run(["syslinux", ...install], { env: fatEnvironment(sourceDateEpoch) });
  });
  return { outputPath, sizeBytes, signed: efi.signed };
}

async function makeDisk(path: string, imageBytes: number, disk: { readonly diskId: number; readonly bootCodePath: string }): Promise<void> {
  await run(["truncate", "-s", String(imageBytes), path]);
  const table = ["label: dos", `label-id: 0x${hex8(disk.diskId)}`, `start=${START_SECTOR}, type=c, bootable`];
  await run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", path], { input: `${table.join("\n")}\n` });
  // 440 bytes: the disk id and the table follow.
  await run(["dd", `if=${disk.bootCodePath}`, `of=${path}`, "bs=440", "count=1", "conv=notrunc", "status=none"]);
}

/** FAT32 has 65525 clusters at least and its clusters grow with it, as Windows' own formatter has them. */
function planPartition(
  sizesBytes: readonly number[],
  directoryCount: number,
  roomMib: number,
): { readonly sizeSectors: number; readonly clusterSectors: number } {
  for (const clusterSectors of [1, 8, 16, 32, 64]) {
    const limitMib = clusterSectors === 1 ? 260 : clusterSectors * 1024;
    const smallestMib = Math.ceil((65_525 * (clusterSectors * SECTOR_BYTES + 8)) / 2 ** 20) + 1;
    const neededMib = Math.ceil(fatBytes(sizesBytes, clusterSectors, directoryCount) / 2 ** 20) + 1 + roomMib;
    const sizeMib = Math.max(smallestMib, neededMib);
    if (sizeMib <= limitMib) return { sizeSectors: (sizeMib * 2 ** 20) / SECTOR_BYTES, clusterSectors };
  }
  throw new LifeboatError(`Cannot make a USB image as its partition has 64 GiB at most: ${roomMib} MiB of free room asked for`, {
    exitCode: 2,
  });
}

function checkFileSizes(files: readonly MediumFile[], sizes: readonly number[]): void {
  const index = sizes.findIndex((size) => size > MAX_FAT_FILE_BYTES);
  if (index < 0) return;
  throw new LifeboatError(`Cannot put "${files[index]?.source}" on a USB image as FAT32 keeps files below 4 GiB: ${sizes[index]} bytes`, {
    hint: "Use the ISO instead: it can be written to a stick too",
  });
}
