// Round trip 1: RAID1, LVM on it, two EFI system partitions.

import { RAID_LVM } from "../storage/recipes.ts";
import { comesBack } from "../storage/restore-storage.ts";

export const raidLvm = comesBack({
  recipe: RAID_LVM,
  proves: "UEFI, two EFI system partitions, RAID1 of two disks, LVM on it with ext4 and XFS: comes back onto two blank disks, and starts",
});
