import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMachine } from "./check-machine.ts";
import type { DiskBus, MachineSpec } from "./machine-spec.ts";

const PC: MachineSpec = { machineType: "pc", firmware: { kind: "bios" }, memoryMb: 512 };

function disks(...buses: DiskBus[]): Pick<MachineSpec, "disks"> {
  return { disks: buses.map((bus) => ({ file: `/${bus}.img`, bus })) };
}

const refused: readonly { readonly why: string; readonly machine: MachineSpec; readonly message: string }[] = [
  {
    why: "Secure Boot without SMM",
    machine: { ...PC, firmware: { kind: "uefi", secureBoot: true } },
    message: 'Secure Boot needs SMM, which only q35 has: the machine type is "pc"',
  },
  {
    why: "IDE on q35",
    machine: { ...PC, machineType: "q35", cds: [{ file: "/c", bus: "ide" }] },
    message: 'only the machine type pc has IDE: a drive on "ide" with q35',
  },
  {
    why: "a fifth IDE drive, be it a CD",
    machine: { ...PC, ...disks("ide", "ide", "ide", "ide"), cds: [{ file: "/c", bus: "ide" }] },
    message: 'each bus has so many places: more than 4 on "ide"',
  },
  {
    why: "a second SD card",
    machine: { ...PC, ...disks("sd-card", "sd-card") },
    message: 'each bus has so many places: more than 1 on "sd-card"',
  },
  {
    why: "a read-only AHCI disk",
    machine: { ...PC, disks: [{ file: "/d", bus: "ahci", readOnly: true }] },
    message: 'this bus has no read-only disks: "/d" on "ahci"; "snapshot" keeps the file as it is',
  },
  {
    why: "two paths to a snapshot",
    machine: { ...PC, disks: [{ file: "/d", bus: "virtio-scsi", paths: 2, snapshot: true }] },
    message: 'only a disk on virtio-scsi that is no snapshot has several paths: "/d" has 2',
  },
  {
    why: "two controllers that both share badly",
    machine: { ...PC, ...disks("lsi53c810", "am53c974") },
    message: 'this controller must not share its interrupt: "lsi53c810" beside "am53c974"',
  },
  {
    why: "am53c974 beside a card with an interrupt line",
    machine: { ...PC, ...disks("virtio-blk", "am53c974"), nics: [{ model: "e1000", network: { kind: "none" } }] },
    message: 'this controller must not share its interrupt: "am53c974" beside "e1000"',
  },
  {
    why: "usb-net on a high-speed controller",
    machine: { ...PC, usbController: "usb-ehci", nics: [{ model: "usb-net", network: { kind: "none" } }] },
    message: 'usb-net needs a full-speed port: the USB controller is "usb-ehci"',
  },
];

for (const { why, machine, message } of refused) {
  test(`checkMachine() refuses ${why}`, () => {
    assert.throws(() => checkMachine(machine), { name: "LifeboatError", exitCode: 2, message: `Cannot start the machine as ${message}` });
  });
}

test("checkMachine() accepts two disks on lsi53c810 beside what shares no interrupt", () => {
  checkMachine({
    ...PC,
    ...disks("lsi53c810", "lsi53c810", "virtio-blk", "ide", "nvme"),
    nics: [{ model: "virtio-net-pci", network: { kind: "none" } }],
  });
});
