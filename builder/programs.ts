// The programs of the tools layer: what rebuilds, checks and mounts disks, moves data and makes a machine bootable.

import { PARTCLONE_TYPES } from "../machine/device-image.ts";

export interface ToolProgram {
  readonly name: string;
  /** Debian's package, for the report's advice. */
  readonly package: string;
  readonly purpose: string;
}

function group(purpose: string, packageName: string, names: string): readonly ToolProgram[] {
  return names.split(" ").map((name) => ({ name, package: packageName, purpose }));
}

/** None is required: a machine that has no Btrfs needs no mkfs.btrfs. What is absent is said in the report. */
export const TOOL_PROGRAMS: readonly ToolProgram[] = [
  ...group("reads and writes partition tables", "fdisk", "sfdisk fdisk"),
  ...group("reads and writes partition tables", "gdisk", "sgdisk"),
  ...group("reads and writes partition tables", "parted", "parted partprobe"),
  ...group("tells what is on a disk", "util-linux", "blkid lsblk wipefs findmnt blockdev losetup mkswap swaplabel flock fsfreeze"),
  ...group("mounts file systems", "mount", "mount umount"),
  ...group(
    "makes and checks ext2, ext3 and ext4",
    "e2fsprogs",
    "mke2fs mkfs.ext2 mkfs.ext3 mkfs.ext4 e2fsck tune2fs resize2fs dumpe2fs e2label lsattr chattr",
  ),
  ...group("makes and checks XFS", "xfsprogs", "mkfs.xfs xfs_repair xfs_admin xfs_growfs xfs_info xfs_db"),
  ...group("makes and checks Btrfs", "btrfs-progs", "mkfs.btrfs btrfs btrfstune"),
  ...group("makes and checks FAT", "dosfstools", "mkfs.fat mkfs.vfat fsck.fat fatlabel"),
  ...group("makes and checks JFS", "jfsutils", "mkfs.jfs jfs_fsck jfs_tune"),
  ...group("makes and checks ReiserFS", "reiserfsprogs", "mkreiserfs reiserfsck reiserfstune"),
  ...group("makes and checks F2FS", "f2fs-tools", "mkfs.f2fs fsck.f2fs"),
  ...group("copies NTFS", "ntfs-3g", "ntfsclone mkntfs ntfsfix"),
  ...group("copies used blocks", "partclone", `partclone.restore ${PARTCLONE_TYPES.map((type) => `partclone.${type}`).join(" ")}`),
  ...group("manages LVM volumes", "lvm2", "lvm pvcreate vgcreate lvcreate vgchange lvchange vgcfgrestore pvs vgs lvs"),
  ...group("manages thin pools", "thin-provisioning-tools", "thin_check thin_repair"),
  ...group("manages the device mapper", "dmsetup", "dmsetup"),
  ...group("manages md arrays", "mdadm", "mdadm"),
  ...group("opens and makes LUKS", "cryptsetup-bin", "cryptsetup"),
  ...group("manages multipath", "multipath-tools", "multipath multipathd"),
  ...group("unpacks archives", "tar", "tar"),
  ...group("copies files with all that belongs to them", "coreutils", "cp"),
  ...group("compresses", "zstd", "zstd"),
  ...group("compresses", "gzip", "gzip"),
  ...group("compresses", "xz-utils", "xz"),
  ...group("carries attributes", "attr", "getfattr setfattr"),
  ...group("carries access lists", "acl", "getfacl setfacl"),
  ...group("installs boot loaders", "grub2-common", "grub-install grub-mkconfig"),
  ...group("installs boot loaders", "grub-common", "grub-probe grub-mkimage grub-editenv"),
  ...group("installs boot loaders", "efibootmgr", "efibootmgr"),
  ...group("reads tapes", "mt-st", "mt"),
  ...group("reads SCSI drives", "sg3-utils", "sg_inq sg_wr_mode"),
  ...group("burns and reads discs", "xorriso", "xorriso"),
  ...group("reaches the network", "openssh-client", "ssh sftp"),
  ...group("reaches the network", "sshfs", "sshfs"),
  ...group("reaches the network", "nfs-common", "mount.nfs"),
  ...group("reaches the network", "cifs-utils", "mount.cifs"),
  ...group("shows hardware", "pciutils", "lspci"),
  ...group("shows hardware", "smartmontools", "smartctl"),
  ...group("shows hardware", "hdparm", "hdparm"),
  ...group("gives a comfortable shell", "bash", "bash"),
];

/** Where a program may stand, in the order of the search. */
export const PROGRAM_DIRECTORIES = ["usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin"];

/** Configuration that those programs read and do not work well without. */
export const TOOL_FILES: readonly { readonly path: string; readonly purpose: string }[] = [
  { path: "etc/mke2fs.conf", purpose: "mke2fs reads its defaults there" },
  { path: "etc/lvm/lvm.conf", purpose: "lvm reads its settings there" },
  { path: "etc/lvm/lvmlocal.conf", purpose: "lvm reads its settings there" },
  { path: "etc/netconfig", purpose: "mount.nfs looks transports up there" },
  { path: "etc/protocols", purpose: "names of protocols" },
  { path: "etc/services", purpose: "names of ports" },
  { path: "usr/lib/grub", purpose: "grub-install copies its modules from there" },
  { path: "usr/share/grub", purpose: "grub-install reads its data there" },
];

/** Parts of TOOL_FILES that nothing in the image reads: whole boot loaders that grub-install never copies. */
export const USELESS_FILES = /^usr\/lib\/grub\/[^/]+\/monolithic\//;
