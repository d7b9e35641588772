// Machines with stacked storage come back: arrays, LVM, LUKS, btrfs, onto the same disks or others. Each in a file of its own.

import type { Scenario } from "../scenario.ts";
import { btrfsRaid1 } from "./storage-btrfs-raid1.ts";
import { dataKept } from "./storage-data-kept.ts";
import { espRaid } from "./storage-esp-raid.ts";
import { ideToVirtio } from "./storage-ide-to-virtio.ts";
import { luksBtrfs } from "./storage-luks-btrfs.ts";
import { multipath, multipathOntoPlain } from "./storage-multipath.ts";
import { ontoOne } from "./storage-onto-one.ts";
import { nested } from "./storage-nested.ts";
import { raidLvm } from "./storage-raid-lvm.ts";
import { systemdBoot } from "./storage-systemd-boot.ts";
import { thin } from "./storage-thin.ts";
import { zoo } from "./storage-zoo.ts";

const ONTO_OTHERS = [ontoOne, dataKept, ideToVirtio, multipathOntoPlain];

export const STORAGE: readonly Scenario[] = [
  raidLvm,
  luksBtrfs,
  btrfsRaid1,
  thin,
  zoo,
  nested,
  espRaid,
  multipath,
  systemdBoot,
  ...ONTO_OTHERS,
];
