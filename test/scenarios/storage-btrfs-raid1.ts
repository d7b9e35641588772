// Round trip 3: btrfs over two disks.

import { BTRFS_RAID1 } from "../storage/recipes.ts";
import { comesBack } from "../storage/restore-storage.ts";

export const btrfsRaid1 = comesBack({
  recipe: BTRFS_RAID1,
  proves: "btrfs RAID1 over two disks, subvolumes, GRUB on both: comes back onto two blank disks, and starts",
});
