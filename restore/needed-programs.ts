// The programs that a restore of a machine will run in the rescue system: checked when the set is made, and again before the first write.

import type { Machine } from "../machine/model.ts";

export interface NeededProgram {
  readonly name: string;
  /** What it is needed for, in a few words. */
  readonly purpose: string;
}

/** Each once, in the order of their use. */
export function neededPrograms({ layout, firmware }: Machine): readonly NeededProgram[] {
  const types = new Set(layout.fileSystems.map(({ type }) => type));
  const need = (isNeeded: boolean, name: string, purpose: string): readonly NeededProgram[] => (isNeeded ? [{ name, purpose }] : []);
  const isExt = ["ext2", "ext3", "ext4"].some((type) => types.has(type));
  return [
    ...need(true, "wipefs", "clears old signatures from disks"),
    ...need(true, "sfdisk", "writes partition tables"),
    ...need(true, "blkid", "tells what is on a disk"),
    ...need(isExt, "mke2fs", "makes ext file systems"),
    ...need(isExt, "tune2fs", "sets what mke2fs cannot"),
    ...need(types.has("xfs"), "mkfs.xfs", "makes XFS"),
    ...need(types.has("xfs"), "xfs_admin", "sets UUID and label of XFS"),
    ...need(types.has("vfat"), "mkfs.fat", "makes FAT"),
    ...need(layout.swaps.length > 0, "mkswap", "makes swap"),
    ...need(true, "tar", "unpacks files"),
    ...need(isExt || types.has("xfs"), "chattr", "sets inode flags"),
    ...need(isExt || types.has("xfs"), "lsattr", "reads inode flags back"),
    ...need(firmware.kind === "uefi", "efibootmgr", "writes the firmware's boot entries"),
  ];
}
