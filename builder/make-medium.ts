// Puts a rescue image on its medium: ISO, USB image or PXE tree, with the signed boot loaders where they can be had.

import { LifeboatError } from "#os/error";
import { exists } from "#os/files";
import { assembleIso, measureIso, type BootMedium } from "../bootloaders/iso.ts";
import { assembleObdrHead } from "../bootloaders/obdr.ts";
import { assemblePxeTree } from "../bootloaders/pxe-tree.ts";
import type { MediumFile } from "../bootloaders/medium-files.ts";
import type { MenuOptions, RescueFiles } from "../bootloaders/rescue-files.ts";
import { assembleUsbImage } from "../bootloaders/usb-image.ts";
import type { IsoLayout } from "../bootloaders/xorriso-args.ts";
import { checkWords } from "./check-secrets.ts";
import { fetchPackages } from "./fetch-package.ts";

export type MediumFormat = "iso" | "usb" | "pxe" | "obdr";

export interface MediumOptions {
  readonly format: MediumFormat;
  readonly outputPath: string;
  readonly force: boolean;
  readonly layout: IsoLayout;
  readonly mediumUrl: string | undefined;
  readonly cacheDirectory: string;
  readonly sourceDateEpoch: number;
  readonly menu: MenuOptions;
  /** Free room on a USB image; 0 unless given. */
  readonly roomMib?: number;
  /** What else is put on an ISO: a set. */
  readonly extraFiles?: readonly MediumFile[];
}

/** How large the ISO would be, in bytes. */
export async function measureIsoMedium(
  files: RescueFiles,
  options: Omit<MediumOptions, "format" | "outputPath" | "force">,
): Promise<number> {
  const { sourceDateEpoch, menu, layout, extraFiles = [] } = options;
  const assetRoots = await bootLoaderRoots(options.cacheDirectory);
  return measureIso(files, menu, { sourceDateEpoch, secureBoot: "auto", assetRoots, layout, extraFiles });
}

export async function makeMedium(files: RescueFiles, options: MediumOptions): Promise<BootMedium> {
  const { outputPath, force, sourceDateEpoch, menu, layout, mediumUrl } = options;
  checkWords([menu.append]);
  const assetRoots = await bootLoaderRoots(options.cacheDirectory);
  const common = { force, sourceDateEpoch, secureBoot: "auto", assetRoots } as const;
  switch (options.format) {
    case "iso":
      return assembleIso(files, menu, { ...common, outputPath, layout, extraFiles: options.extraFiles ?? [] });
    case "obdr":
      return assembleObdrHead(files, menu, { ...common, outputPath, layout });
    case "usb":
      return assembleUsbImage(files, menu, { ...common, outputPath, roomMib: options.roomMib ?? 0 });
    case "pxe":
      return assemblePxeTree(files, menu, { ...common, outputDirectory: outputPath, ...(mediumUrl === undefined ? {} : { mediumUrl }) });
  }
}

/** Installing these packages would change this machine's own boot loader, so they are only unpacked. */
const SIGNED_PACKAGES = ["shim-signed", "grub-efi-amd64-signed", "shim-helpers-amd64-signed"];

/** Trees to look for boot loaders in: the system's, and one with the signed ones. */
export async function bootLoaderRoots(cacheDirectory: string): Promise<readonly string[]> {
  return ["/", ...(await signedPackages(cacheDirectory))];
}

/** A tree with the signed boot loaders, or nothing where they cannot be had: the medium then boots without Secure Boot. */
async function signedPackages(cacheDirectory: string): Promise<readonly string[]> {
  if (await exists("/usr/lib/shim/shimx64.efi.signed")) return [];
  try {
    return [await fetchPackages(SIGNED_PACKAGES, cacheDirectory)];
  } catch (error) {
    if (error instanceof LifeboatError) return [];
    throw error;
  }
}
