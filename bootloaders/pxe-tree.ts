// The directory that a boot server hands out: PXELINUX for BIOS, GRUB for UEFI, an iPXE script for HTTP.
import { LifeboatError } from "#os/error";
import { changeMode, copyFile, fileInfo, listDirectory, makeDirectory, makeTemporaryDirectory, moveIntoPlace } from "#os/files";
import { findAssets } from "./boot-assets.ts";
import { type EfiOptions, networkEfiFiles } from "./efi-files.ts";
import type { BootMedium } from "./iso.ts";
import { type MediumFile, directoriesOf, rescueContents, sizesOf, writeTexts } from "./medium-files.ts";
import { grubNetworkMenu } from "./menu-grub.ts";
import { ipxeMenu } from "./menu-ipxe.ts";
import { bootPage } from "./menu-page.ts";
import { PXELINUX_PAGE_NAME, pxelinuxMenu } from "./menu-pxelinux.ts";
import { checkSpace, parentOf } from "./output.ts";
import { pxeReadme } from "./pxe-readme.ts";
import { type MenuOptions, type RescueFiles, checkBuildId, checkMenu } from "./rescue-files.ts";

export interface PxeOptions extends EfiOptions {
  readonly outputDirectory: string;
  /** Put our files into a directory that holds others, replacing those of the same names and nothing else. */
  readonly force?: boolean;
  /** The medium's root, below which the agent finds `lifeboat/`; the boot server's own unless given. */
  readonly mediumUrl?: string;
}

/** Menus appear last, so that no machine boots a new tree before it is whole. Files are readable by all: TFTP servers run as nobody. */
export async function assemblePxeTree(files: RescueFiles, menu: MenuOptions, options: PxeOptions): Promise<BootMedium> {
  const { outputDirectory, mediumUrl } = options;
  checkMenu(menu);
  checkBuildId(files.buildId);
  checkMediumUrl(mediumUrl);
  await checkDirectory(outputDirectory, options.force === true);
  const assets = await findAssets(["pxelinux", "ldlinux"], options.assetRoots);
  await using work = await makeTemporaryDirectory();
  const efi = await networkEfiFiles(options, work.path);
  const contents = [
    ...rescueContents(files),
    ...efi.files,
    { path: "pxelinux.0", source: assets.pxelinux },
    { path: "ldlinux.c32", source: assets.ldlinux },
    { path: PXELINUX_PAGE_NAME, text: bootPage(menu, files.buildId) },
    { path: "README.txt", text: pxeReadme(menu, efi, { buildId: files.buildId, url: mediumUrl }) },
  ];
  const menus = [
    { path: "pxelinux.cfg/default", text: pxelinuxMenu(menu, mediumUrl) },
    { path: "grub/grub.cfg", text: grubNetworkMenu(menu, files.buildId, { mediumUrl }) },
    { path: "boot.ipxe", text: ipxeMenu(menu, mediumUrl) },
  ];
  const ordered = [...(await writeTexts(contents, work.path)), ...(await writeTexts(menus, work.path))];
  const sizes = await sizesOf(ordered);
  const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
  await checkSpace(await nearestDirectory(outputDirectory), sizeBytes + 2 ** 20);
  await makeServedDirectory(outputDirectory);
  await fill(ordered, outputDirectory);
  return { outputPath: outputDirectory, sizeBytes, signed: efi.signed };
}

/** Copies everything into a directory there, on the same file system, first; only whole files are moved to their place. */
async function fill(files: readonly MediumFile[], outputDirectory: string): Promise<void> {
  await using staging = await makeTemporaryDirectory(".lifeboat-", outputDirectory);
  const directories = ["", ...directoriesOf(files).map((directory) => `/${directory}`)];
  for (const directory of directories) await makeDirectory(`${staging.path}${directory}`);
  for (const { path, source } of files) {
    await copyFile(source, `${staging.path}/${path}`);
    await changeMode(`${staging.path}/${path}`, 0o644);
  }
  for (const directory of directories) await makeServedDirectory(`${outputDirectory}${directory}`);
  for (const { path } of files) await moveIntoPlace(`${staging.path}/${path}`, `${outputDirectory}/${path}`);
}

/** Directories that are there stay as they are; those made are open to the boot server, whatever the umask. */
async function makeServedDirectory(path: string): Promise<void> {
  if ((await fileInfo(path)) !== undefined) return;
  await makeServedDirectory(parentOf(path));
  await makeDirectory(path);
  await changeMode(path, 0o755);
}

/** The path itself, or the first directory above it that is there. */
async function nearestDirectory(path: string): Promise<string> {
  return (await fileInfo(path)) === undefined ? nearestDirectory(parentOf(path)) : path;
}

async function checkDirectory(path: string, force: boolean): Promise<void> {
  const info = await fileInfo(path);
  if (info === undefined) return;
  if (info.type !== "directory")
    throw new LifeboatError(`Cannot write the PXE tree to "${path}" as it is a directory: a ${info.type} is there`);
  if (force || (await listDirectory(path)).length === 0) return;
  throw new LifeboatError(`Cannot write the PXE tree to "${path}" as existing files are kept: the directory is not empty`, {
    hint: "Give --force to add the files there, or choose another directory",
  });
}

/** Throws LifeboatError, exit code 2, for what a loader's menu cannot carry or a network boot cannot reach. */
export function checkMediumUrl(url: string | undefined): void {
  if (url === undefined || /^(?:https?|tftp|nfs):\/\/[!#%(-[\]_a-z~]+$/.test(url)) return;
  throw new LifeboatError(`Cannot name the medium as its URL is http, https, tftp or nfs, without spaces and quotes: "${url}"`, {
    exitCode: 2,
  });
}
