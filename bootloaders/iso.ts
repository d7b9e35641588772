// One ISO 9660 image that starts a machine from CD, and as a USB disk when written there byte for byte.
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { makeTemporaryDirectory } from "#os/files";
import { findAssets } from "./boot-assets.ts";
import { type EfiOptions, diskEfiFiles } from "./efi-files.ts";
import { SECTOR_BYTES, checkEpoch, fatBytes, makeFatImage } from "./fat-image.ts";
import { type MediumFile, type MediumText, directoriesOf, rescueContents, sizesOf, writeTexts } from "./medium-files.ts";
import { idGuid, idNumber, volumeDate } from "./medium-ids.ts";
import { grubMenu } from "./menu-grub.ts";
import { ISOLINUX_PAGE_NAME, isolinuxMenu } from "./menu-isolinux.ts";
import { bootPage } from "./menu-page.ts";
import { writeOutput } from "./output.ts";
import { type MenuOptions, type RescueFiles, checkBuildId, checkMenu } from "./rescue-files.ts";
import { isoEnvironment, measuredBytes } from "./measure-iso.ts";
import { type IsoImage, type IsoLayout, xorrisoArgs } from "./xorriso-args.ts";

export interface IsoOptions extends EfiOptions {
  readonly outputPath: string;
  readonly force?: boolean;
  /** Seconds; the date of everything on the medium. */
  readonly sourceDateEpoch: number;
  /** 1 to 32 of `A-Z0-9_`; "LIFEBOAT" unless given. */
  readonly volumeId?: string;
  /** "gpt" unless given. */
  readonly layout?: IsoLayout;
  /** Put on it beside the rescue image. */
  readonly extraFiles?: readonly MediumFile[];
}

/** What was made. */
export interface BootMedium {
  readonly outputPath: string;
  readonly sizeBytes: number;
  /** Starts under Secure Boot, provided that the kernel is signed too. */
  readonly signed: boolean;
}

/** Needs xorriso, mkfs.vfat, mtools, and grub-mkimage for unsigned media. Nothing is left behind when it fails. */
export async function assembleIso(files: RescueFiles, menu: MenuOptions, options: IsoOptions): Promise<BootMedium> {
  await using work = await makeTemporaryDirectory();
  const { image, neededBytes, signed } = await prepareIso(files, menu, { ...options, workDirectory: work.path });
  const { outputPath } = options;
  const sizeBytes = await writeOutput({ outputPath, neededBytes, force: options.force === true }, async (temporaryPath) => {
    await run(["xorriso", ...xorrisoArgs({ ...image, outputPath: temporaryPath })], { env: isoEnvironment(image) });
  });
  return { outputPath, sizeBytes, signed };
}

/** How large the ISO will be, in bytes; none is written. */
export async function measureIso(
  files: RescueFiles,
  menu: MenuOptions,
  options: Omit<IsoOptions, "outputPath" | "force">,
): Promise<number> {
  await using work = await makeTemporaryDirectory();
  const { image } = await prepareIso(files, menu, { ...options, workDirectory: work.path });
  // Awaited here: the files in the work directory are looked at.
  return await measuredBytes(xorrisoArgs({ ...image, outputPath: `${work.path}/none.iso` }), isoEnvironment(image));
}

interface PreparedIso {
  readonly image: Omit<IsoImage, "outputPath">;
  readonly neededBytes: number;
  readonly signed: boolean;
}

async function prepareIso(
  files: RescueFiles,
  menu: MenuOptions,
  options: Omit<IsoOptions, "outputPath"> & { readonly workDirectory: string },
): Promise<PreparedIso> {
  checkInput(files, menu, options);
  const volumeId = checkedVolumeId(options.volumeId ?? "LIFEBOAT");
  const assets = await findAssets(["isolinux", "isohybridMbr", "ldlinux"], options.assetRoots);
  const { workDirectory, sourceDateEpoch, layout = "gpt" } = options;
  const efi = await diskEfiFiles(options, files.buildId, workDirectory);
  const menuText = { path: "boot/grub/grub.cfg", text: grubMenu(menu, files.buildId) };
  const espFiles = await writeTexts([...efi.files, menuText], workDirectory);
  const espPath = `${workDirectory}/esp.img`;
  const espBytes = await makeEsp(espPath, espFiles, { buildId: files.buildId, sourceDateEpoch });
  // EFI/ and boot/ stand in the tree too: programs that copy files to a stick, and firmware that reads ISO 9660, look there.
  const tree: readonly (MediumFile | MediumText)[] = [
    ...rescueContents(files),
    ...(options.extraFiles ?? []),
    ...espFiles,
    { path: "isolinux/isolinux.bin", source: assets.isolinux },
    { path: "isolinux/ldlinux.c32", source: assets.ldlinux },
    { path: "isolinux/isolinux.cfg", text: isolinuxMenu(menu) },
    { path: `isolinux/${ISOLINUX_PAGE_NAME}`, text: bootPage(menu, files.buildId) },
  ];
  const treeFiles = await writeTexts(tree, workDirectory);
  const neededBytes = (await sizesOf(treeFiles)).reduce((sum, size) => sum + size + 4096, espBytes + 2 ** 21);
  const image = {
    layout,
    volumeId,
    sourceDateEpoch,
    volumeDate: volumeDate(sourceDateEpoch, files.buildId),
    diskGuid: idGuid(`disk ${files.buildId}`),
    isohybridMbrPath: assets.isohybridMbr,
    espPath,
    files: treeFiles,
  };
  return { image, neededBytes, signed: efi.signed };
}

function checkInput(files: RescueFiles, menu: MenuOptions, { sourceDateEpoch }: Pick<IsoOptions, "sourceDateEpoch">): void {
  checkMenu(menu);
  checkBuildId(files.buildId);
  checkEpoch(sourceDateEpoch);
}

function checkedVolumeId(volumeId: string): string {
  if (/^[A-Z0-9_]{1,32}$/.test(volumeId)) return volumeId;
  throw new LifeboatError(`Cannot name the ISO as a volume id is 1 to 32 of A-Z 0-9 _: "${volumeId}"`, { exitCode: 2 });
}

/** FAT16 with the smallest clusters: loaders are a few MiB, and every firmware reads it. Returns the size in bytes. */
async function makeEsp(
  path: string,
  files: readonly MediumFile[],
  identity: { readonly buildId: string; readonly sourceDateEpoch: number },
): Promise<number> {
  // FAT16 has 4085 clusters at least (Microsoft's FAT specification), so 4 MiB here.
  const neededBytes = fatBytes(await sizesOf(files), 1, directoriesOf(files).length);
  const sizeMib = Math.max(4, Math.ceil(neededBytes / 2 ** 20));
  await run(["truncate", "-s", `${sizeMib}M`, path]);
  const sizeSectors = (sizeMib * 2 ** 20) / SECTOR_BYTES;
  const format = { fatBits: 16, clusterSectors: 1, label: "LIFEBOATEFI", volumeNumber: idNumber(`esp ${identity.buildId}`) } as const;
  await makeFatImage({ path, startSector: 0, sizeSectors, ...format, sourceDateEpoch: identity.sourceDateEpoch }, files);
  return sizeMib * 2 ** 20;
}
