// The guests with stacked storage. What each is made of stands in its script in guests/.

import type { StorageRecipe } from "./storage-guest.ts";

const MIB = 1 << 20;

export const RAID_LVM: StorageRecipe = {
  name: "raid-lvm",
  firmware: "uefi",
  disks: [2100 * MIB, 2100 * MIB],
  mounts: [{ path: "/var" }, { path: "/boot/efi", isFat: true }],
};

export const LUKS_BTRFS: StorageRecipe = {
  name: "luks-btrfs",
  firmware: "bios",
  disks: [2400 * MIB],
  mounts: [{ path: "/home" }, { path: "/boot" }, { path: "/var/lib/inside" }],
  passphrase: "lifeboat",
};

export const BTRFS_RAID1: StorageRecipe = {
  name: "btrfs-raid1",
  firmware: "bios",
  disks: [2200 * MIB, 2200 * MIB],
  mounts: [{ path: "/home" }],
};

export const THIN: StorageRecipe = {
  name: "thin",
  firmware: "bios",
  disks: [2500 * MIB],
  mounts: [{ path: "/srv" }, { path: "/boot" }],
};

export const DATA_DISK: StorageRecipe = {
  name: "data-disk",
  firmware: "bios",
  disks: [2100 * MIB, 600 * MIB],
  mounts: [{ path: "/data" }],
};

export const MULTIPATH: StorageRecipe = {
  name: "multipath",
  firmware: "bios",
  disks: [2100 * MIB, 700 * MIB],
  // guests/multipath.sh has it too.
  multipath: new Map([[1, "0x5000c50015ea7a02"]]),
  mounts: [{ path: "/data" }, { path: "/srv/books" }],
};

const ZOO_PLACES =
  "boat-f2fs boat-jfs boat-reiser boat-raid0 boat-raid5 boat-raid6 boat-raid10 lv-striped lv-mirrored lv-five lv-over-three".split(" ");

export const ZOO: StorageRecipe = {
  name: "zoo",
  firmware: "bios",
  disks: [2100 * MIB, 400 * MIB, 400 * MIB, 400 * MIB, 400 * MIB],
  mounts: ZOO_PLACES.map((name) => ({ path: `/srv/${name}` })),
};

export const EXTLINUX: StorageRecipe = {
  name: "extlinux",
  firmware: "bios",
  disks: [2400 * MIB],
  mounts: [{ path: "/boot" }, { path: "/home" }],
  bus: "ide",
};

export const SYSTEMD_BOOT: StorageRecipe = {
  name: "systemd-boot",
  firmware: "uefi",
  disks: [2100 * MIB],
  mounts: [{ path: "/boot/efi", isFat: true }],
  passphrase: "lifeboat",
};

export const NESTED: StorageRecipe = {
  name: "nested",
  firmware: "bios",
  disks: [2300 * MIB, 2300 * MIB],
  mounts: [{ path: "/boot" }, { path: "/srv/bound" }],
  passphrase: "lifeboat",
};

export const ESP_RAID: StorageRecipe = {
  name: "esp-raid",
  firmware: "uefi",
  disks: [2100 * MIB, 300 * MIB],
  mounts: [{ path: "/srv" }, { path: "/boot/efi", isFat: true }],
};
