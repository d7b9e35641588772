// The EFI system partition on RAID1, and names by PARTUUID.

import { ESP_RAID } from "../storage/recipes.ts";
import { comesBack } from "../storage/restore-storage.ts";

export const espRaid = comesBack({
  recipe: ESP_RAID,
  proves:
    "UEFI with its system partition on RAID1, two boot entries, root= and fstab by PARTUUID: comes back onto two blank disks, and starts",
});
