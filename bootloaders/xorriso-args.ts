// xorriso's arguments for one ISO that starts from CD and from disk, on BIOS and on UEFI (xorrisofs(1), 1.5.4).

export type IsoLayout = "gpt" | "isohybrid";

export interface IsoImage {
  readonly layout: IsoLayout;
  /** 1 to 32 of `A-Z0-9_`. */
  readonly volumeId: string;
  /** Seconds; must be SOURCE_DATE_EPOCH in the environment too, which dates what no option does. */
  readonly sourceDateEpoch: number;
  /** YYYYMMDDhhmmsscc: the file system's UUID, and the MBR's disk id in the isohybrid layout. */
  readonly volumeDate: string;
  /** Partitions have the same with another ending. */
  readonly diskGuid: string;
  readonly outputPath: string;
  /** `isohdpfx.bin`: the boot code that lets ISOLINUX start from a disk. */
  readonly isohybridMbrPath: string;
  /** The FAT image that becomes the EFI system partition. */
  readonly espPath: string;
  /** The tree: where each file goes, and from where it comes. Must hold `isolinux/isolinux.bin`. */
  readonly files: readonly { readonly path: string; readonly source: string }[];
}

/** One that holds files and starts nothing. */
export type DataIsoImage = Pick<IsoImage, "volumeId" | "sourceDateEpoch" | "volumeDate" | "outputPath" | "files">;

/** Arguments after `xorriso`. */
export function dataIsoArgs(image: DataIsoImage): readonly string[] {
  return [...volumeArgs(image), `--modification-date=${image.volumeDate}`, ...FILE_SYSTEM_ARGS, "-graft-points", ...image.files.map(graft)];
}

const ESP_TYPE = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";

/** Arguments after `xorriso`. */
export function xorrisoArgs(image: IsoImage): readonly string[] {
  return [
    volumeArgs(image),
    [`--modification-date=${image.volumeDate}`, "--gpt_disk_guid", image.diskGuid],
    FILE_SYSTEM_ARGS,
    ["-b", "isolinux/isolinux.bin"],
    ["-c", "isolinux/boot.cat"],
    ["-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"],
    ["-isohybrid-mbr", image.isohybridMbrPath],
    // A second set of volume descriptors at sector 64 makes partition 1 a file system that can be mounted.
    ["-partition_offset", "16"],
    // Some BIOSes boot only disks with an active partition.
    ["--mbr-force-bootable"],
    ["-append_partition", "2", ESP_TYPE, image.espPath],
    LAYOUT_ARGS[image.layout],
    ["-e", "--interval:appended_partition_2:all::", "-no-emul-boot"],
    ["-graft-points", ...image.files.map(graft)],
  ].flat();
}

function volumeArgs({
  outputPath,
  volumeId,
  sourceDateEpoch,
}: Pick<IsoImage, "outputPath" | "volumeId" | "sourceDateEpoch">): readonly string[] {
  return [
    // Must come first, or a start-up file of the user decides what is written.
    ["-no_rc"],
    ["-as", "mkisofs"],
    ["-o", outputPath],
    ["-V", volumeId],
    ["--set_all_file_dates", `=${sourceDateEpoch}`],
  ].flat();
}

/** Level 3: files over 4 GiB. Rock Ridge with owners and modes of its own, not of the building machine; Joliet for Windows. */
const FILE_SYSTEM_ARGS = ["-iso-level", "3", "-r", "-J", "-joliet-long"];

/**
 * "gpt" is valid wherever a parser looks (protective MBR, both headers, no overlaps): strict firmware needs that. "isohybrid"
 * has plain MBR partitions, and a GPT that lists isolinux.bin inside partition 1, for old BIOSes that refuse disks with a protective MBR.
 */
const LAYOUT_ARGS: Readonly<Record<IsoLayout, readonly string[]>> = {
  gpt: ["-appended_part_as_gpt", "-eltorito-alt-boot"],
  // Before -eltorito-alt-boot: only there does the GPT's entry keep the type of an EFI system partition.
  isohybrid: ["-isohybrid-gpt-basdat", "-eltorito-alt-boot"],
};

/** In a graft point "=" parts the two paths, and a backslash takes its meaning away. */
function graft(file: { readonly path: string; readonly source: string }): string {
  return `${escape(file.path)}=${escape(file.source)}`;
}

function escape(path: string): string {
  return path.replace(/[\\=]/g, "\\$&");
}
