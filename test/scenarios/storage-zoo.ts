// Storage of the kinds that no other guest has.

import { ZOO } from "../storage/recipes.ts";
import { comesBack } from "../storage/restore-storage.ts";

export const zoo = comesBack({
  recipe: ZOO,
  proves:
    "F2FS, JFS, ReiserFS, arrays of levels 0, 5 with a spare, 6 and 10, striped, mirrored and RAID volumes of LVM: come back, and are mounted at boot",
});
