// Round trip 2: LUKS2, LVM on it, btrfs with subvolumes.

import { LUKS_BTRFS } from "../storage/recipes.ts";
import { comesBack, KEY_WORD, keyDisk } from "../storage/restore-storage.ts";

export const luksBtrfs = comesBack({
  recipe: LUKS_BTRFS,
  proves: "BIOS with GPT, LUKS2, LVM, btrfs subvolumes: comes back with nobody there, by a key file on another disk, and starts",
  words: KEY_WORD,
  moreDisks: (directory) => keyDisk(LUKS_BTRFS, directory),
});
