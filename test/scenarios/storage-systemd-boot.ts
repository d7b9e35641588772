// systemd-boot, which starts what lies on the EFI system partition; and a LUKS header that comes back from the set.

import assert from "node:assert/strict";
import { join } from "node:path";
import { createDiskImage } from "../../qemu/disks.ts";
import type { Scenario } from "../scenario.ts";
import { SYSTEMD_BOOT } from "../storage/recipes.ts";
import { archivedOnce, KEY_WORD, keyDisk, restoreAndCompare } from "../storage/restore-storage.ts";

export const systemdBoot: Scenario = {
  name: "storage-systemd-boot",
  tier: "matrix",
  proves:
    "UEFI with systemd-boot, / on LUKS2: goes onto NVMe with its LUKS header from the set, both passphrases open it, the loader finds the new initramfs, and it starts",
  async run(world) {
    const archived = await archivedOnce(world, SYSTEMD_BOOT, { options: "--luks-headers", append: KEY_WORD });
    assert.equal(archived.layout.machine.bootLoader.kind, "systemd-boot");
    const directory = await world.workDirectory("storage-systemd-boot");
    const file = join(directory, "new.img");
    await createDiskImage(file, SYSTEMD_BOOT.disks[0]!);
    const said = await restoreAndCompare({
      archived,
      directory,
      disks: [{ file, bus: "nvme", serial: "NEW-NVME", bootIndex: 1 }],
      others: await keyDisk(SYSTEMD_BOOT, directory),
    });
    assert.match(said, /gets its old LUKS header back from the set/);
    assert.match(said, /making it again/);
    assert.match(said, /firmware boot entry "Linux Boot Manager" written/);
  },
};
