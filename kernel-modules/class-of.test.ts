import assert from "node:assert/strict";
import { test } from "node:test";
import { CLASSES } from "./classes.ts";
import { classOf } from "./class-of.ts";

test("the card's classes are there by name, and each name and path belongs to one class", () => {
  const names = CLASSES.map((moduleClass) => moduleClass.name);
  const card = ["scsi", "ide", "sata", "usb", "network", "filesystems", "lvm", "md", "dm", "nvme", "virtio", "mmc", "hid"];
  assert.deepEqual(
    card.filter((name) => !names.includes(name)),
    [],
  );
  const members = CLASSES.flatMap(({ early, late }) => [...early.modules, ...late.modules, ...early.paths, ...late.paths]);
  assert.deepEqual(
    members.filter((member, index) => members.indexOf(member) !== index),
    [],
  );
  for (const { early, late } of CLASSES) for (const name of [...early.modules, ...late.modules]) assert.match(name, /^[a-z0-9_]+$/);
});

test("a name decides before a path, and the longest path before a shorter one, wherever the tree keeps the module", () => {
  const places = [
    ["sd_mod", "kernel/drivers/scsi/sd_mod.ko"],
    ["qedi", "kernel/drivers/scsi/qedi/qedi.ko"],
    ["scsi_debug", "kernel/drivers/scsi/scsi_debug.ko"],
    ["ata_piix", "kernel/drivers/ata/ata_piix.ko"],
    ["pata_via", "kernel/drivers/ata/pata_via.ko"],
    ["ahci", "kernel/drivers/ata/ahci.ko"],
    ["gadgetfs", "kernel/drivers/usb/gadget/gadgetfs.ko"],
    ["ixgbe", "updates/drivers/net/ethernet/intel/ixgbe.ko.xz"],
    ["iwlwifi", "kernel/drivers/net/wireless/iwlwifi.ko"],
    ["dm_thin_pool", "kernel/drivers/md/dm-thin-pool.ko"],
    ["dm_crypt", "kernel/drivers/md/dm-crypt.ko"],
    ["raid456", "kernel/drivers/md/raid456.ko"],
    ["zfs", "updates/dkms/zfs.ko"],
  ].map(([name, path]) => classOf(name!, path!));
  assert.deepEqual(
    places.map((place) => (place === undefined ? "none" : `${place.class} ${place.stage}`)),
    [
      "scsi early",
      "scsi late",
      "scsi late",
      "ide early",
      "ide early",
      "sata early",
      "usb late",
      "network early",
      "network late",
      "lvm late",
      "dm late",
      "md late",
      "none",
    ],
  );
});
