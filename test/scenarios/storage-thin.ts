// Round trip 4: a thin pool of LVM.

import { THIN } from "../storage/recipes.ts";
import { comesBack } from "../storage/restore-storage.ts";

export const thin = comesBack({
  recipe: THIN,
  proves: "LVM with a thin pool, the root and another file system thin in it: comes back, and starts",
});
