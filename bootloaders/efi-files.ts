// The EFI programs of a medium: the signed shim and GRUB where they are there, else a GRUB made of its modules.
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { writeFile } from "#os/files";
import { type AssetName, findAsset, findAssets } from "./boot-assets.ts";
import type { MediumFile } from "./medium-files.ts";
import { markerPath } from "./rescue-files.ts";

/** Files signed for Secure Boot; `grub` must look for its menu in /boot/grub (disks) or (tftp)/grub (network). */
export interface SignedFiles {
  readonly shim: string;
  readonly grub: string;
  readonly mokManager?: string;
}

export type SecureBoot = "signed" | "unsigned" | "auto";

export interface EfiOptions {
  /** "auto" takes signed files where they are found, and says so in the result. */
  readonly secureBoot: SecureBoot;
  readonly signedFiles?: SignedFiles;
  /** Trees to look for boot loaders in; "/" unless given. */
  readonly assetRoots?: readonly string[];
}

export interface EfiFiles {
  readonly files: readonly MediumFile[];
  readonly signed: boolean;
}

/** EFI/BOOT of a disk or CD, by the names that firmware looks for on removable media (UEFI 2.10, 3.5.1.1). */
export async function diskEfiFiles(options: EfiOptions, buildId: string, workDirectory: string): Promise<EfiFiles> {
  const signed = await signedFiles(options, "signedDiskGrub");
  if (signed !== undefined) return { files: layOut(signed, "EFI/BOOT/", "BOOTX64.EFI"), signed: true };
  const source = `${workDirectory}/grub-disk.efi`;
  const early = [`search.file /${markerPath(buildId)} root`, "set prefix=($root)/boot/grub"];
  await makeGrub({ source, prefix: "/boot/grub", modules: DISK_MODULES, early }, options, workDirectory);
  return { files: [{ path: "EFI/BOOT/BOOTX64.EFI", source }], signed: false };
}

export interface NetworkEfiFiles extends EfiFiles {
  /** What firmware loads by TFTP. */
  readonly tftpLoader: string;
  /** What firmware loads by HTTP; undefined where the modules to make it of are missing. */
  readonly httpLoader: string | undefined;
}

/**
 * The EFI programs at the root of a boot server; the shim asks its server for grubx64.efi beside it. Debian's signed GRUB has no
 * `http` module (its prefix is "(tftp)/grub"), so HTTP boot always takes a GRUB of our making, and Secure Boot must be off for it.
 */
export async function networkEfiFiles(options: EfiOptions, workDirectory: string): Promise<NetworkEfiFiles> {
  const signed = await signedFiles(options, "signedNetworkGrub");
  const source = `${workDirectory}/grub-network.efi`;
  const canMake = signed === undefined || (await findAsset("grubModules", options.assetRoots)) !== undefined;
  if (canMake) await makeGrub({ source, prefix: "/grub", modules: NETWORK_MODULES, early: [] }, options, workDirectory);
  if (signed === undefined) {
    const path = "grubx64.efi";
    return { files: [{ path, source }], signed: false, tftpLoader: path, httpLoader: path };
  }
  const httpLoader = canMake ? "grub-http.efi" : undefined;
  const unsigned = httpLoader === undefined ? [] : [{ path: httpLoader, source }];
  return { files: [...layOut(signed, "", "shimx64.efi"), ...unsigned], signed: true, tftpLoader: "shimx64.efi", httpLoader };
}

const COMMON_MODULES =
  "normal configfile linux boot serial terminal echo test true sleep regexp all_video efi_gop efi_uga gzio ls cat reboot halt minicmd".split(
    " ",
  );
const DISK_MODULES = [..."iso9660 fat part_gpt part_msdos search search_fs_file".split(" "), ...COMMON_MODULES];
const NETWORK_MODULES = [..."net efinet tftp http".split(" "), ...COMMON_MODULES];

async function signedFiles(options: EfiOptions, grubName: AssetName): Promise<SignedFiles | undefined> {
  if (options.secureBoot === "unsigned") return undefined;
  if (options.signedFiles !== undefined) return options.signedFiles;
  const roots = options.assetRoots;
  if (options.secureBoot === "signed") await findAssets(["shim", grubName], roots);
  const [shim, grub, mokManager] = [await findAsset("shim", roots), await findAsset(grubName, roots), await findAsset("mokManager", roots)];
  if (shim === undefined || grub === undefined) return undefined;
  return { shim, grub, ...(mokManager === undefined ? {} : { mokManager }) };
}

function layOut(signed: SignedFiles, directory: string, shimName: string): readonly MediumFile[] {
  const { mokManager } = signed;
  return [
    { path: `${directory}${shimName}`, source: signed.shim },
    { path: `${directory}grubx64.efi`, source: signed.grub },
    ...(mokManager === undefined ? [] : [{ path: `${directory}mmx64.efi`, source: mokManager }]),
  ];
}

interface GrubImage {
  readonly source: string;
  readonly prefix: string;
  readonly modules: readonly string[];
  /** Commands of GRUB's rescue parser, run before the menu is looked for. */
  readonly early: readonly string[];
}

async function makeGrub(image: GrubImage, options: EfiOptions, workDirectory: string): Promise<void> {
  const { grubModules } = await findAssets(["grubModules"], options.assetRoots);
  const earlyPath = `${workDirectory}/early.cfg`;
  await writeFile(earlyPath, image.early.map((line) => `${line}\n`).join(""));
  const config = image.early.length === 0 ? [] : ["-c", earlyPath];
  const fixed = ["-O", "x86_64-efi", "-d", grubModules, "-p", image.prefix, "-o", image.source];
  try {
    await run(["grub-mkimage", ...fixed, ...config, ...image.modules]);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    throw new LifeboatError("Cannot make the EFI boot loader as GRUB's tool must build it: grub-mkimage failed", {
      hint: error.hint ?? "Install grub-common and grub-efi-amd64-bin",
      cause: error,
    });
  }
}
