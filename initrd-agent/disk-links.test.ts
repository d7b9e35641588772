import assert from "node:assert/strict";
import { test } from "node:test";
import { diskLinks, type LinkedDevice } from "./disk-links.ts";

const BASE: LinkedDevice = {
  name: "sda",
  partition: undefined,
  place: "pci0000:00/0000:00:01.1/ata1/host0/target0:0:0/0:0:0:0/block/sda",
  vendor: "ATA     ",
  model: "QEMU HARDDISK",
  serial: "QM00001",
  wwid: undefined,
  usbSerial: undefined,
  ataPort: undefined,
  hostIndex: 0,
  label: undefined,
  uuid: undefined,
};

/** Expected names are those that udev 252 made for the same device in a Debian 12 guest, unless said otherwise. */
const CASES: readonly (readonly [says: string, device: Partial<LinkedDevice>, links: readonly string[]])[] = [
  [
    "an ATA disk",
    { ataPort: "1", wwid: "t10.ATA     QEMU HARDDISK                           QM00001             " },
    ["by-id/ata-QEMU_HARDDISK_QM00001", "by-path/pci-0000:00:01.1-ata-1.0", "by-path/pci-0000:00:01.1-ata-1"],
  ],
  [
    "its second partition, with a file system",
    { name: "sda2", partition: 2, ataPort: "2", label: "my root", uuid: "6f1c-22" },
    ["by-path/pci-0000:00:01.1-ata-2.0-part2", "by-path/pci-0000:00:01.1-ata-2-part2", "by-label/my\\x20root", "by-uuid/6f1c-22"],
  ],
  [
    "a virtio disk",
    { name: "vda", place: "pci0000:00/0000:00:04.0/virtio1/block/vda", serial: "disk 7", model: undefined },
    ["by-id/virtio-disk_7", "by-path/pci-0000:00:04.0"],
  ],
  [
    "an NVMe disk behind a bridge",
    {
      name: "nvme0n1",
      place: "pci0000:00/0000:00:02.0/0000:01:00.0/nvme/nvme0/nvme0n1",
      model: "QEMU NVMe Ctrl",
      serial: "deadbeef",
      wwid: "nvme.1b36-6465-51454d55-00000001",
    },
    ["by-id/nvme-nvme.1b36-6465-51454d55-00000001", "by-id/nvme-QEMU_NVMe_Ctrl_deadbeef", "by-path/pci-0000:01:00.0-nvme-1"],
  ],
  [
    "the third LUN of a SCSI target with a worldwide name",
    { place: "pci0000:00/0000:00:05.0/virtio2/host3/target3:0:1/3:0:1:2/block/sda", wwid: "naa.5000c50015ea71ac", hostIndex: 0 },
    ["by-id/wwn-0x5000c50015ea71ac", "by-id/scsi-35000c50015ea71ac", "by-path/pci-0000:00:05.0-scsi-0:0:1:2"],
  ],
  [
    "a USB stick",
    {
      place: "pci0000:00/0000:00:06.0/usb1/1-2/1-2:1.0/host4/target4:0:0/4:0:0:0/block/sda",
      vendor: "QEMU    ",
      model: "QEMU HARDDISK",
      usbSerial: "1-0000:00:06.0-2",
    },
    ["by-id/usb-QEMU_QEMU_HARDDISK_1-0000:00:06.0-2-0:0", "by-path/pci-0000:00:06.0-usb-0:2:1.0-scsi-0:0:0:0"],
  ],
  ["a floppy, which no bus tells about", { name: "fd0", place: "platform/floppy.0/block/fd0", serial: undefined }, []],
];

for (const [says, device, links] of CASES) {
  test(`diskLinks() names ${says} as udev does`, () => {
    assert.deepEqual([...diskLinks([{ ...BASE, ...device }]).keys()], links);
  });
}

test("diskLinks() gives a link that two devices claim to the first, and no name leaves the directory", () => {
  const links = diskLinks([
    { ...BASE, label: "../../etc/passwd" },
    { ...BASE, name: "sdb", label: "../../etc/passwd", serial: "../../x" },
  ]);
  assert.equal(links.get("by-label/..\\x2f..\\x2fetc\\x2fpasswd"), "sda");
  for (const path of links.keys()) assert.match(path, /^by-[a-z]+\/[^/]+$/);
});
