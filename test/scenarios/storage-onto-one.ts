// Round trip 5: the machine of the first one goes onto one disk that is smaller.

import assert from "node:assert/strict";
import { join } from "node:path";
import { createDiskImage } from "../../qemu/disks.ts";
import type { Scenario } from "../scenario.ts";
import { RAID_LVM } from "../storage/recipes.ts";
import { archivedOnce, restoreAndCompare } from "../storage/restore-storage.ts";

export const ontoOne: Scenario = {
  name: "storage-raid-lvm-onto-one",
  tier: "guard",
  proves: "RAID1 with LVM goes onto one NVMe disk that is smaller: no array, smaller volumes, all files, and it starts",
  async run(world) {
    const archived = await archivedOnce(world, RAID_LVM);
    const directory = await world.workDirectory("storage-raid-lvm-onto-one");
    const file = join(directory, "new.img");
    await createDiskImage(file, 1700 * 2 ** 20);
    const said = await restoreAndCompare({ archived, directory, disks: [{ file, bus: "nvme", serial: "ONE-NVME", bootIndex: 1 }] });
    assert.match(said, /md0 was RAID1, and becomes plain vda2/);
    assert.match(said, /boat\/root: 1\.4 GiB becomes/);
    assert.match(said, /making it again/);
  },
};
