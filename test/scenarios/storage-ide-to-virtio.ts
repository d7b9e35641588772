// Round trip 6: extlinux and logical partitions, from IDE to virtio, onto a disk twice as large; two partitions come along as images.

import assert from "node:assert/strict";
import { join } from "node:path";
import { createDiskImage } from "../../qemu/disks.ts";
import type { Scenario } from "../scenario.ts";
import { EXTLINUX } from "../storage/recipes.ts";
import { archivedOnce, restoreAndCompare } from "../storage/restore-storage.ts";

/** The NTFS of the machine, by what it is; what nobody knows, by its name. */
const WORDS = { options: "--images all --images /dev/sda8" };

export const ideToVirtio: Scenario = {
  name: "storage-ide-to-virtio",
  tier: "matrix",
  proves:
    "BIOS with MBR, logical partitions and extlinux: goes from IDE onto a virtio disk twice as large, NTFS and what nobody knows come back as images, and it starts",
  async run(world) {
    const archived = await archivedOnce(world, EXTLINUX, WORDS);
    assert.equal(archived.layout.machine.bootLoader.kind, "extlinux");
    const directory = await world.workDirectory("storage-ide-to-virtio");
    const file = join(directory, "new.img");
    await createDiskImage(file, 2 * EXTLINUX.disks[0]!);
    const said = await restoreAndCompare({ archived, directory, disks: [{ file, bus: "virtio-blk", serial: "NEW-VIRTIO", bootIndex: 1 }] });
    const grown = [...said.matchAll(/changed +(sda\d): \S+ \wiB becomes/g)].map(([, id]) => id);
    assert.deepEqual(grown, ["sda5", "sda9"], said);
    assert.match(said, /making it again/);
    assert.match(said, /install extlinux in \/boot\/extlinux/);
  },
};
