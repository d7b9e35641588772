// Combinations that QEMU refuses with a riddle, or that hang the guest: refused here, in words.
import { LifeboatError } from "#os/error";
import type { DiskBus, MachineSpec } from "./machine-spec.ts";

/** Throws LifeboatError on the first rule that `machine` breaks. */
export function checkMachine(machine: MachineSpec): void {
  for (const { rule, state } of RULES) {
    const broken = state(machine);
    if (broken !== undefined) throw new LifeboatError(`Cannot start the machine as ${rule}: ${broken}`, { exitCode: 2 });
  }
}

interface Rule {
  readonly rule: string;
  /** What is wrong with the machine, or undefined. */
  readonly state: (machine: MachineSpec) => string | undefined;
}

/** How many drives a bus takes where its controller is a single one. */
const PLACES: Partial<Readonly<Record<DiskBus, number>>> = { ide: 4, ahci: 6, floppy: 2, "sd-card": 1 };

const READ_WRITE_ONLY: readonly DiskBus[] = ["ide", "ahci", "sd-card"];

/** Their Linux drivers loop or panic on an interrupt of another device on the same line (QEMU 7.2, Linux 6.1). */
const ALONE: readonly DiskBus[] = ["lsi53c810", "am53c974"];

/** These use message-signalled or ISA interrupts, and so share no line. */
const UNSHARED: readonly DiskBus[] = ["virtio-blk", "virtio-scsi", "nvme", "ide", "floppy"];

const RULES: readonly Rule[] = [
  {
    rule: "Secure Boot needs SMM, which only q35 has",
    state: ({ firmware, machineType }) =>
      firmware.kind === "uefi" && firmware.secureBoot && machineType !== "q35" ? `the machine type is "${machineType}"` : undefined,
  },
  {
    rule: "only the machine type pc has IDE",
    state: (machine) => (machine.machineType === "q35" && busesOf(machine).includes("ide") ? 'a drive on "ide" with q35' : undefined),
  },
  { rule: "each bus has so many places", state: overfullBus },
  {
    // A snapshot is a node above the one that has the name.
    rule: "only a disk on virtio-scsi that is no snapshot has several paths",
    state: ({ disks = [] }) => {
      const disk = disks.find(({ paths = 1, bus, snapshot }) => paths > 1 && (bus !== "virtio-scsi" || snapshot === true));
      return disk && `"${disk.file}" has ${disk.paths}`;
    },
  },
  {
    rule: "this bus has no read-only disks",
    state: ({ disks = [] }) => {
      const disk = disks.find(({ bus, readOnly }) => readOnly === true && READ_WRITE_ONLY.includes(bus));
      return disk && `"${disk.file}" on "${disk.bus}"; "snapshot" keeps the file as it is`;
    },
  },
  { rule: "this controller must not share its interrupt", state: sharedInterrupt },
  {
    rule: "usb-net needs a full-speed port",
    state: ({ nics = [], usbController }) =>
      usbController === "usb-ehci" && nics.some(({ model }) => model === "usb-net") ? 'the USB controller is "usb-ehci"' : undefined,
  },
];

function overfullBus(machine: MachineSpec): string | undefined {
  const buses = busesOf(machine);
  const full = buses.find((bus) => buses.filter((other) => other === bus).length > (PLACES[bus] ?? Infinity));
  return full && `more than ${PLACES[full]} on "${full}"`;
}

function sharedInterrupt(machine: MachineSpec): string | undefined {
  const buses = [...new Set(busesOf(machine))];
  const alone = buses.find((bus) => ALONE.includes(bus));
  const other = buses.find((bus) => bus !== alone && !UNSHARED.includes(bus));
  const nic = (machine.nics ?? []).find(({ model }) => !model.startsWith("virtio"));
  const neighbour = other ?? nic?.model ?? (machine.usbController === "qemu-xhci" ? undefined : machine.usbController);
  return alone !== undefined && neighbour !== undefined ? `"${alone}" beside "${neighbour}"` : undefined;
}

function busesOf({ disks = [], cds = [] }: MachineSpec): readonly DiskBus[] {
  return [...disks.map(({ bus }) => bus), ...cds.map(({ bus }) => (bus === "usb" ? "usb-storage" : bus))];
}
