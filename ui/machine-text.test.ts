import assert from "node:assert/strict";
import { test } from "node:test";
import { ARRAY, GROUP, VOLUME } from "../machine/stack-for-tests.ts";
import { BIOS_MACHINE, UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import { machineText } from "./machine-text.ts";

const UEFI_TEXT = `machine:     web1, Debian GNU/Linux 12 (bookworm), x86_64, kernel 6.1.0-13-amd64
hardware:    QEMU Standard PC, 2 processors, 1 GiB of memory
firmware:    UEFI, Secure Boot on; boots 0002 debian, 0000 UiApp
boot loader: GRUB in /boot/grub; EFI/debian on /boot/efi
network:     eth0, 52:54:00:12:34:56, virtio_net, 10.0.2.15/24, by way of 10.0.2.2

DEVICE     Size  Kind        Content                       Used  Mounted at
sda       4 GiB  gpt disk    QEMU HARDDISK, serial WX1
  sda1   64 MiB  EFI system  vfat "ESP"                   5 MiB  /boot/efi
  sda2  2.9 GiB  partition   ext4 "root"                900 MiB  /
  sda3  500 MiB  partition   xfs                         40 MiB  /srv
  sda4  256 MiB  partition   swap

restorable: yes`;

test("machineText() shows a restorable machine in a table", () => {
  assert.equal(machineText(UEFI_MACHINE, { reasons: [], warnings: [] }), UEFI_TEXT);
});

test("machineText() gives each reason and each warning a line", () => {
  const text = machineText(BIOS_MACHINE, { reasons: ["one", "two"], warnings: ["three"] });
  assert.ok(text.endsWith("\n\nrestorable: no\n  one\n  two\nwarning: three"), text);
});

test("machineText() stays within 100 columns of plain ASCII, whatever names there are", () => {
  const [fileSystem] = BIOS_MACHINE.layout.fileSystems;
  const fileSystems = [{ ...(fileSystem ?? assert.fail()), label: `evil\u001b[2J ${"long ".repeat(40)}` }];
  const text = machineText(
    { ...BIOS_MACHINE, layout: { ...BIOS_MACHINE.layout, fileSystems } },
    { reasons: ["x".repeat(300)], warnings: [] },
  );
  for (const line of text.split("\n")) assert.match(line, /^[\x20-\x7e]{0,100}$/);
});

test("machineText() shows what stands on partitions, swap files, and file systems on unknown devices below the disks", () => {
  const { layout } = BIOS_MACHINE;
  const [root, srv] = layout.fileSystems;
  const mounts = layout.mounts.map((mount) => (mount.path === "/srv" ? { ...mount, device: "vg0/srv", fsRoot: "/www" } : mount));
  const text = machineText(
    {
      ...BIOS_MACHINE,
      layout: {
        ...layout,
        stack: [{ ...ARRAY, sizeBytes: 1 << 29 }, GROUP, { ...VOLUME, id: "vg0/srv", sizeBytes: 1 << 28 }],
        fileSystems: [
          { ...(root ?? assert.fail()), device: "mpathb" },
          { ...(srv ?? assert.fail()), device: "vg0/srv" },
        ],
        swaps: [{ kind: "file", place: "/swapfile", uuid: undefined, label: undefined, sizeBytes: 1 << 20 }],
        mounts,
      },
    },
    { reasons: [], warnings: [] },
  );
  const table = text.split("\n").slice(6, -2);
  assert.deepEqual(table, [
    "DEVICE        Size  Kind               Content                       Used  Mounted at",
    "sda          4 GiB  mbr disk           QEMU HARDDISK, serial WX1",
    "  sda2     3.0 GiB  partition, active",
    "  sda3     500 MiB  partition",
    "  sda4     256 MiB  partition",
    "md0        512 MiB  array, raid1",
    "vg0                 LVM group",
    "vg0/srv    256 MiB  LVM volume         xfs                         40 MiB  /srv (from /www)",
    'mpathb     2.9 GiB  -                  ext4 "root"                900 MiB',
    "/swapfile    1 MiB  file               swap",
  ]);
});
