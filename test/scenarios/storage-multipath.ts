// A disk that is reached on two paths.

import assert from "node:assert/strict";
import type { DiskSpec } from "../../qemu/machine-spec.ts";
import type { Scenario } from "../scenario.ts";
import { MULTIPATH } from "../storage/recipes.ts";
import { archivedOnce, blankDisks, comesBack, restoreAndCompare } from "../storage/restore-storage.ts";

export const multipath = comesBack({
  recipe: MULTIPATH,
  proves:
    "a disk that is reached on two paths, named by multipath in fstab, with LVM on it: comes back onto a disk of the same WWID, written through one of its paths",
});

export const multipathOntoPlain: Scenario = {
  name: "storage-multipath-onto-plain",
  tier: "matrix",
  proves: "a multipath disk goes to one on a single path: fstab names it by its UUID, LVM is there, and it starts",
  async run(world) {
    const archived = await archivedOnce(world, MULTIPATH);
    const directory = await world.workDirectory("storage-multipath-onto-plain");
    const [first, second] = await blankDisks(MULTIPATH, directory);
    const plain: DiskSpec = { file: second!.file, bus: "virtio-blk", serial: "PLAIN" };
    const said = await restoreAndCompare({ archived, directory, disks: [first!, plain] });
    assert.match(said, /mpatha was a multipath disk, and becomes plain vd[a-z]/);
    assert.match(said, /\/dev\/mapper\/mpatha-part1/);
  },
};
