import assert from "node:assert/strict";
import { test } from "node:test";
import { withSysTree, type SysTree } from "../test/sysfs-tree.ts";
import { readBlockDevices, readDiskIdentity, type BlockDevice } from "./block-devices.ts";

/** Recorded from a guest of QEMU 7.2 with Debian's kernel 6.1, shortened to what is read. */
const RECORDED: SysTree = {
  "block/loop0/size": "0\n",
  // virtio-blk: the serial number stands beside the disk.
  "block/vda": "-> ../devices/pci0000:00/0000:00:0a.0/virtio1/block/vda",
  "devices/pci0000:00/0000:00:0a.0/driver": "-> ../../../bus/pci/drivers/virtio-pci",
  "devices/pci0000:00/0000:00:0a.0/virtio1/driver": "-> ../../../../bus/virtio/drivers/virtio_blk",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/size": "32768\n",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/removable": "0\n",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/ro": "1\n",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/serial": "LB-virtio-blk",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/vda10/partition": "10\n",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/vda10/start": "2048\n",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/vda10/size": "2\n",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/vda2/partition": "2\n",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/vda2/start": "34\n",
  "devices/pci0000:00/0000:00:0a.0/virtio1/block/vda/vda2/size": "1\n",
  "block/nvme0n1": "-> ../devices/pci0000:00/0000:00:0b.0/nvme/nvme0/nvme0n1",
  "devices/pci0000:00/0000:00:0b.0/driver": "-> ../../../bus/pci/drivers/nvme",
  "devices/pci0000:00/0000:00:0b.0/nvme/nvme0/serial": "LB-nvme             \n",
  "devices/pci0000:00/0000:00:0b.0/nvme/nvme0/model": "QEMU NVMe Ctrl                          \n",
  "devices/pci0000:00/0000:00:0b.0/nvme/nvme0/nvme0n1/device": "-> ../../nvme0",
  "devices/pci0000:00/0000:00:0b.0/nvme/nvme0/nvme0n1/size": "32768\n",
  // A SCSI disk behind libata: the serial number is in a page of the disk's.
  "block/sdd": "-> ../devices/pci0000:00/0000:00:01.1/ata1/host3/target3:0:0/3:0:0:0/block/sdd",
  "devices/pci0000:00/0000:00:01.1/driver": "-> ../../../bus/pci/drivers/ata_piix",
  "devices/pci0000:00/0000:00:01.1/ata1/host3/target3:0:0/3:0:0:0/driver": "-> ../../../../../../../bus/scsi/drivers/sd",
  "devices/pci0000:00/0000:00:01.1/ata1/host3/target3:0:0/3:0:0:0/model": "QEMU HARDDISK   \n",
  "devices/pci0000:00/0000:00:01.1/ata1/host3/target3:0:0/3:0:0:0/vpd_pg80": Uint8Array.from([
    0,
    0x80,
    0,
    0x14,
    ...Array.from("LB-ide              ", (character) => character.charCodeAt(0)),
  ]),
  "devices/pci0000:00/0000:00:01.1/ata1/host3/target3:0:0/3:0:0:0/block/sdd/device": "-> ../../../3:0:0:0",
  "devices/pci0000:00/0000:00:01.1/ata1/host3/target3:0:0/3:0:0:0/block/sdd/size": "32768\n",
  // A USB disk has no such page: the serial number is the USB device's.
  "block/sdi": "-> ../devices/pci0000:00/0000:00:02.0/usb2/2-1/2-1:1.0/host12/target12:0:0/12:0:0:0/block/sdi",
  "devices/pci0000:00/0000:00:02.0/driver": "-> ../../../bus/pci/drivers/xhci_hcd",
  "devices/pci0000:00/0000:00:02.0/usb2/serial": "0000:00:02.0\n",
  "devices/pci0000:00/0000:00:02.0/usb2/idVendor": "1d6b\n",
  "devices/pci0000:00/0000:00:02.0/usb2/2-1/serial": "LB-usb-storage\n",
  "devices/pci0000:00/0000:00:02.0/usb2/2-1/idVendor": "46f4\n",
  "devices/pci0000:00/0000:00:02.0/usb2/2-1/driver": "-> ../../../../../bus/usb/drivers/usb",
  "devices/pci0000:00/0000:00:02.0/usb2/2-1/2-1:1.0/driver": "-> ../../../../../../bus/usb/drivers/usb-storage",
  "devices/pci0000:00/0000:00:02.0/usb2/2-1/2-1:1.0/host12/target12:0:0/12:0:0:0/driver":
    "-> ../../../../../../../../../bus/scsi/drivers/sd",
  "devices/pci0000:00/0000:00:02.0/usb2/2-1/2-1:1.0/host12/target12:0:0/12:0:0:0/block/sdi/size": "32768\n",
  "devices/pci0000:00/0000:00:02.0/usb2/2-1/2-1:1.0/host12/target12:0:0/12:0:0:0/block/sdi/removable": "1\n",
  "block/sr0": "-> ../devices/pci0000:00/0000:00:03.0/virtio0/host13/target13:0:1/13:0:1:0/block/sr0",
  "devices/pci0000:00/0000:00:03.0/virtio0/driver": "-> ../../../../bus/virtio/drivers/virtio_scsi",
  "devices/pci0000:00/0000:00:03.0/virtio0/host13/target13:0:1/13:0:1:0/driver": "-> ../../../../../../../bus/scsi/drivers/sr",
  "devices/pci0000:00/0000:00:03.0/virtio0/host13/target13:0:1/13:0:1:0/block/sr0/size": "342016\n",
  "devices/pci0000:00/0000:00:03.0/virtio0/host13/target13:0:1/13:0:1:0/block/sr0/removable": "1\n",
};

const COMMON: BlockDevice = {
  name: "",
  kind: "disk",
  sizeBytes: 16 * 2 ** 20,
  removable: false,
  readOnly: false,
  model: undefined,
  serial: undefined,
  driver: undefined,
  partitions: [],
};

test("readBlockDevices() tells disks and drives with the driver of their controller and their serial numbers", () => {
  assert.deepEqual(withSysTree(RECORDED, readBlockDevices), [
    { ...COMMON, name: "nvme0n1", model: "QEMU NVMe Ctrl", serial: "LB-nvme", driver: "nvme" },
    { ...COMMON, name: "sdd", model: "QEMU HARDDISK", serial: "LB-ide", driver: "ata_piix" },
    { ...COMMON, name: "sdi", serial: "LB-usb-storage", driver: "usb-storage", removable: true },
    { ...COMMON, name: "sr0", kind: "optical", sizeBytes: 167 * 2 ** 20, removable: true, driver: "virtio_scsi" },
    {
      ...COMMON,
      name: "vda",
      readOnly: true,
      serial: "LB-virtio-blk",
      driver: "virtio_blk",
      partitions: [
        { name: "vda2", number: 2, startBytes: 34 * 512, sizeBytes: 512 },
        { name: "vda10", number: 10, startBytes: 2 ** 20, sizeBytes: 1024 },
      ],
    },
  ]);
});

/** As the kernel's documentation and drivers/nvme/host/multipath.c lay them out; such drives are not in QEMU's common set. */
const MULTIPATH_NVME: SysTree = {
  "block/nvme0n1": "-> ../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1",
  "block/nvme0c0n1": "-> ../devices/pci0000:00/0000:00:05.0/nvme/nvme0/nvme0c0n1",
  "devices/virtual/nvme-subsystem/nvme-subsys0/nvme0": "-> ../../../pci0000:00/0000:00:05.0/nvme/nvme0",
  "devices/virtual/nvme-subsystem/nvme-subsys0/serial": "S1\n",
  "devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/device": "-> ../../nvme-subsys0",
  "devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/size": "32768\n",
  "devices/pci0000:00/0000:00:05.0/driver": "-> ../../../bus/pci/drivers/nvme",
  "devices/pci0000:00/0000:00:05.0/nvme/nvme0/device": "-> ../../../0000:00:05.0",
  "devices/pci0000:00/0000:00:05.0/nvme/nvme0/nvme0c0n1/hidden": "1\n",
};

test("readDiskIdentity() names all drivers on the way to a disk, nearest first", () => {
  const drivers = (tree: SysTree, ...names: readonly string[]) =>
    withSysTree(tree, (root) => names.map((name) => readDiskIdentity(name, root).drivers.join()));
  assert.deepEqual(drivers(RECORDED, "nvme0n1", "sdd", "sdi", "vda"), [
    "nvme",
    "sd,ata_piix",
    "sd,usb-storage,usb,xhci_hcd",
    "virtio_blk,virtio-pci",
  ]);
  assert.deepEqual(drivers(MULTIPATH_NVME, "nvme0n1"), ["nvme"]);
});

test("readBlockDevices() lists a multipath NVMe drive once, with its controller's driver", () => {
  assert.deepEqual(withSysTree(MULTIPATH_NVME, readBlockDevices), [{ ...COMMON, name: "nvme0n1", serial: "S1", driver: "nvme" }]);
});

test("readBlockDevices() leaves an eMMC's boot partitions out and takes its card's name for a model", () => {
  const card = "devices/pci0000:00/0000:00:0c.0/mmc_host/mmc0/mmc0:4567";
  const tree: SysTree = {
    "block/mmcblk0": `-> ../${card}/block/mmcblk0`,
    "block/mmcblk0boot0/size": "8192\n",
    "devices/pci0000:00/0000:00:0c.0/driver": "-> ../../../bus/pci/drivers/sdhci-pci",
    [`${card}/driver`]: "-> ../../../../../../bus/mmc/drivers/mmcblk",
    [`${card}/name`]: "QEMU!\n",
    [`${card}/serial`]: "0xdeadbeef\n",
    [`${card}/block/mmcblk0/device`]: "-> ../../../mmc0:4567",
    [`${card}/block/mmcblk0/size`]: "32768\n",
  };
  assert.deepEqual(withSysTree(tree, readBlockDevices), [
    { ...COMMON, name: "mmcblk0", model: "QEMU!", serial: "0xdeadbeef", driver: "sdhci-pci" },
  ]);
});

test("readBlockDevices() finds nothing where there is no sysfs", () => assert.deepEqual(withSysTree({}, readBlockDevices), []));
