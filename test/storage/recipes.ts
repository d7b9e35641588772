// The guests with stacked storage. What each is made of stands in its script in guests/.

import type { StorageRecipe } from "./storage-guest.ts";

const MIB = 1 << 20;

export const RAID_LVM: StorageRecipe = {
  name: "raid-lvm",
  firmware: "uefi",
  disks: [2100 * MIB, 2100 * MIB],
  mounts: [{ path: "/var" }, { path: "/boot/efi", isFat: true }],
};
