// LVM on LUKS on RAID1, GRUB that reads /boot from an array.

import { NESTED } from "../storage/recipes.ts";
import { comesBack, KEY_WORD, keyDisk } from "../storage/restore-storage.ts";

export const nested = comesBack({
  recipe: NESTED,
  proves:
    "BIOS with GPT, /boot on RAID1, / on LVM on LUKS1 on RAID1, a bind mount, an inactive volume group left out: comes back, and starts",
  words: KEY_WORD,
  moreDisks: (directory) => keyDisk(NESTED, directory),
});
