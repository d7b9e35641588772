// The programs that a restore of a machine will run in the rescue system: checked when the set is made, and again before the first write.

import type { DeviceImage, ImageMethod } from "../machine/device-image.ts";
import type { Machine } from "../machine/model.ts";
import { PARTCLONE_RESTORE } from "./image-commands.ts";

export interface NeededProgram {
  readonly name: string;
  /** What it is needed for, in a few words. */
  readonly purpose: string;
  /** A call that only says something, and the exit codes that it may have. */
  readonly trial: { readonly args: readonly string[]; readonly okCodes: readonly number[] };
}

const VERSION = { args: ["--version"], okCodes: [0] } as const;
/** busybox has it too, and knows no such option. */
const ANY_VERSION = { args: ["--version"], okCodes: [0, 1] } as const;
const SHORT_VERSION = { args: ["-V"], okCodes: [0] } as const;

/** Each once, in the order of their use. */
export function neededPrograms({ layout, firmware }: Machine): readonly NeededProgram[] {
  const types = new Set(layout.fileSystems.map(({ type }) => type));
  const kinds = new Set(layout.stack.map(({ kind }) => kind));
  const isExt = ["ext2", "ext3", "ext4"].some((type) => types.has(type));
  const hasFlags = isExt || ["xfs", "btrfs", "f2fs", "jfs", "reiserfs"].some((type) => types.has(type));
  const need = (isNeeded: boolean, name: string, about: Omit<NeededProgram, "name">): readonly NeededProgram[] =>
    isNeeded ? [{ name, ...about }] : [];
  return [
    ...need(true, "wipefs", { purpose: "clears old signatures from disks", trial: VERSION }),
    ...need(true, "blockdev", { purpose: "lifts the write protection of disks", trial: ANY_VERSION }),
    ...need(true, "dd", { purpose: "clears both ends of disks", trial: ANY_VERSION }),
    ...need(true, "sfdisk", { purpose: "writes partition tables", trial: VERSION }),
    ...need(true, "blkid", { purpose: "tells what is on a disk", trial: VERSION }),
    ...need(true, "lsblk", { purpose: "tells what is on a disk", trial: VERSION }),
    ...need(kinds.has("array"), "mdadm", { purpose: "makes arrays", trial: VERSION }),
    ...need(kinds.has("volume-group"), "lvm", { purpose: "makes volume groups and volumes", trial: { args: ["version"], okCodes: [0] } }),
    ...need(kinds.has("luks"), "cryptsetup", { purpose: "makes and opens LUKS volumes", trial: VERSION }),
    ...need(isExt, "mke2fs", { purpose: "makes ext file systems", trial: SHORT_VERSION }),
    // It has no such option, and says its version when it is asked for nothing.
    ...need(isExt, "tune2fs", { purpose: "sets what mke2fs cannot", trial: { args: [], okCodes: [0, 1] } }),
    ...need(types.has("xfs"), "mkfs.xfs", { purpose: "makes XFS", trial: SHORT_VERSION }),
    ...need(types.has("vfat"), "mkfs.fat", { purpose: "makes FAT", trial: { args: ["--help"], okCodes: [0] } }),
    ...need(types.has("btrfs"), "mkfs.btrfs", { purpose: "makes btrfs", trial: VERSION }),
    ...need(types.has("btrfs"), "btrfs", { purpose: "makes subvolumes", trial: VERSION }),
    ...need(types.has("f2fs"), "mkfs.f2fs", { purpose: "makes F2FS", trial: { args: ["-V"], okCodes: [0] } }),
    ...need(types.has("jfs"), "mkfs.jfs", { purpose: "makes JFS", trial: { args: ["-V"], okCodes: [0] } }),
    ...need(types.has("jfs"), "jfs_tune", { purpose: "sets what mkfs.jfs cannot", trial: { args: ["-V"], okCodes: [0, 255] } }),
    ...need(types.has("reiserfs"), "mkreiserfs", { purpose: "makes ReiserFS", trial: { args: ["-V"], okCodes: [0, 16] } }),
    ...need(layout.swaps.length > 0, "mkswap", { purpose: "makes swap", trial: VERSION }),
    ...imagePrograms(layout.images),
    ...need(true, "mount", { purpose: "mounts file systems", trial: VERSION }),
    ...need(true, "umount", { purpose: "unmounts file systems", trial: VERSION }),
    ...need(true, "tar", { purpose: "unpacks files and reads them back", trial: VERSION }),
    ...need(hasFlags, "xargs", { purpose: "hands names to chattr and lsattr", trial: ANY_VERSION }),
    ...need(hasFlags, "chattr", { purpose: "sets inode flags", trial: { args: [], okCodes: [0, 1] } }),
    ...need(hasFlags, "lsattr", { purpose: "reads inode flags back", trial: SHORT_VERSION }),
    // busybox's cp knows no such thing as blocks that are shared.
    ...need(types.has("btrfs"), "cp", { purpose: "writes files that are not copied on write", trial: VERSION }),
    ...need(firmware.kind === "uefi", "efibootmgr", { purpose: "writes the firmware's boot entries", trial: VERSION }),
  ];
}

function imagePrograms(images: readonly DeviceImage[]): readonly NeededProgram[] {
  const methods = [...new Set(images.map(({ method }) => method))].filter((method) => method !== "raw");
  const restoring = methods.some((method) => method !== "ntfsclone")
    ? [{ name: PARTCLONE_RESTORE, purpose: "writes images of used blocks back", trial: VERSION }]
    : [];
  const purpose = (method: ImageMethod) => (method === "ntfsclone" ? "writes images of NTFS back" : "reads what was written back");
  return [...restoring, ...methods.map((method) => ({ name: method, purpose: purpose(method), trial: VERSION }))];
}

/** Those that an image lacks, one line each. `missing`: why it has not, by name. */
export function programProblems(machine: Machine, missing: ReadonlyMap<string, string>): readonly string[] {
  return neededPrograms(machine).flatMap(({ name, purpose }) => {
    const why = missing.get(name);
    return why === undefined ? [] : [`${name}, which ${purpose}: ${why}`];
  });
}
