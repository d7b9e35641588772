// Round trip 7: a data disk stays as it is.

import assert from "node:assert/strict";
import { join } from "node:path";
import { createOverlay } from "../../qemu/disks.ts";
import type { Scenario } from "../scenario.ts";
import { DATA_DISK } from "../storage/recipes.ts";
import { archivedOnce, blankDisks, restoreAndCompare } from "../storage/restore-storage.ts";
import { guestDisks } from "../storage/storage-guest.ts";
import { inWorkshop } from "../storage/workshop.ts";

const KEPT_NEWS = "/data/written-since";
/** In no set, as it lives with its program; on what was kept it is there still. */
const KEPT_SOCKET = "/data/odd/special/socket";

export const dataKept: Scenario = {
  name: "storage-data-kept",
  tier: "matrix",
  proves:
    "the system disk is lost and the data disk is not: with lifeboat.keep=/data the system comes back, and what was written to /data since stays",
  async run(world) {
    const archived = await archivedOnce(world, DATA_DISK);
    const { guest } = archived;
    const directory = await world.workDirectory("storage-data-kept");
    const [blank] = await blankDisks(DATA_DISK, directory);
    const file = join(directory, "data.qcow2");
    await createOverlay(file, { file: guest.images[1]!, format: "raw" });
    const data = { ...guestDisks(DATA_DISK, ["", file], "qcow2")[1]! };
    const write = `vgchange -ay cargo && mount /dev/cargo/data /mnt && echo since > /mnt/written-since && umount /mnt && vgchange -an cargo`;
    await inWorkshop(
      { tree: guest.tree, disks: [data], files: {}, workDirectory: join(directory, "news") },
      async ({ run }) => void (await run(write)),
    );
    const said = await restoreAndCompare({
      archived,
      directory,
      disks: [blank!, data],
      words: "lifeboat.keep=/data",
      news: [KEPT_NEWS, KEPT_SOCKET, "/data"],
    });
    assert.match(said, /kept +\/data on \/dev\/mapper\/cargo-data stays as it is/);
    assert.match(said, /open volume group cargo, which stays/);
  },
};
