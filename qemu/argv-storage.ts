// Disks and CDs as QEMU arguments: a drive, the controller its bus needs, and the device between them; pure.
import { argumentOf, type Properties } from "./argument.ts";
import type { CdSpec, DiskBus, DiskSpec, MachineSpec } from "./machine-spec.ts";

/** Drives are called `diskN` and `cdN`, by their place in the spec; QMP knows them by the same names. */
export function storageArguments(machine: MachineSpec): readonly string[] {
  const drives = placedDrives(machine);
  const firstOfTheirBus = drives.filter((drive) => drive.place === 0);
  return [
    ...firstOfTheirBus.flatMap(({ bus }) => CONTROLLERS[bus]?.(machine) ?? []),
    ...drives.flatMap((drive) => [["-drive", backend(drive)], DEVICES[drive.bus](drive, machine)].flat()),
  ];
}

interface PlacedDrive {
  readonly id: string;
  readonly bus: DiskBus;
  /** How many drives stand before it on its bus. */
  readonly place: number;
  readonly disk: DiskSpec | undefined;
  readonly spec: DiskSpec | CdSpec;
}

function placedDrives({ disks = [], cds = [] }: MachineSpec): readonly PlacedDrive[] {
  const counts = new Map<DiskBus, number>();
  const placeOn = (bus: DiskBus) => {
    const place = counts.get(bus) ?? 0;
    counts.set(bus, place + 1);
    return { bus, place };
  };
  return [
    ...disks.map((spec, index) => Object.assign(placeOn(spec.bus), { id: `disk${index}`, disk: spec, spec })),
    ...cds.map((spec, index) => {
      const bus = spec.bus === "usb" ? "usb-storage" : spec.bus;
      return Object.assign(placeOn(bus), { id: `cd${index}`, disk: undefined, spec });
    }),
  ];
}

/** USB is not here: its controller serves more than drives. q35 has AHCI built in, pc has IDE and floppies. */
const CONTROLLERS: Partial<Readonly<Record<DiskBus, (machine: MachineSpec) => readonly string[]>>> = {
  "virtio-scsi": () => ["-device", "virtio-scsi-pci,id=virtio-scsi"],
  lsi53c895a: () => ["-device", "lsi53c895a,id=lsi53c895a"],
  lsi53c810: () => ["-device", "lsi53c810,id=lsi53c810"],
  megasas: () => ["-device", "megasas,id=megasas"],
  "megasas-gen2": () => ["-device", "megasas-gen2,id=megasas-gen2"],
  mptsas1068: () => ["-device", "mptsas1068,id=mptsas1068"],
  pvscsi: () => ["-device", "pvscsi,id=pvscsi"],
  am53c974: () => ["-device", "am53c974,id=am53c974"],
  ahci: ({ machineType }) => (machineType === "q35" ? [] : ["-device", "ich9-ahci,id=ahci"]),
  "sd-card": () => ["-device", "sdhci-pci"],
  floppy: ({ machineType }) => (machineType === "q35" ? ["-device", "isa-fdc"] : []),
};

function backend({ id, spec, disk }: PlacedDrive): string {
  return argumentOf(undefined, {
    if: "none",
    id,
    file: spec.file,
    format: disk?.format ?? "raw",
    media: disk === undefined ? "cdrom" : undefined,
    readonly: disk === undefined || disk.readOnly === true ? "on" : undefined,
    // The host's page cache outlives QEMU, so even a machine that is killed keeps what its guest has written.
    cache: disk === undefined ? undefined : "unsafe",
    snapshot: disk?.snapshot === true ? "on" : undefined,
    "node-name": (disk?.paths ?? 1) > 1 ? nodeOf(id) : undefined,
  });
}

type DeviceArguments = (drive: PlacedDrive, machine: MachineSpec) => readonly string[];

const DEVICES: Readonly<Record<DiskBus, DeviceArguments>> = {
  "virtio-blk": (drive) => device("virtio-blk-pci", common(drive)),
  nvme: (drive) => device("nvme", common(drive)),
  ahci: (drive, { machineType }) =>
    device(ata(drive), { bus: `${machineType === "q35" ? "ide" : "ahci"}.${drive.place}`, ...common(drive) }),
  ide: (drive) => device(ata(drive), { bus: `ide.${Math.floor(drive.place / 2)}`, unit: drive.place % 2, ...common(drive) }),
  "virtio-scsi": scsiPaths,
  lsi53c895a: scsiDevice,
  lsi53c810: scsiDevice,
  megasas: scsiDevice,
  "megasas-gen2": scsiDevice,
  pvscsi: scsiDevice,
  am53c974: scsiDevice,
  // Linux's mptsas makes no disk of a SAS address that is zero.
  mptsas1068: (drive) =>
    device("scsi-hd", { bus: "mptsas1068.0", ...common(drive), wwn: `0x5000c50015ea71${hexByte(0xac + drive.place)}` }),
  "sd-card": ({ id }) => device("sd-card", { drive: id }),
  "usb-storage": (drive) => device("usb-storage", { bus: "usb.0", ...common(drive) }),
  "usb-uas": (drive) => [
    ...device("usb-uas", { id: `uas${drive.place}`, bus: "usb.0" }),
    ...device("scsi-hd", { bus: `uas${drive.place}.0`, ...common(drive) }),
  ],
  // The boot order of floppies is a property of their controller.
  floppy: ({ id, place, spec }) => [
    ...device("floppy", { drive: id, unit: place }),
    ...(spec.bootIndex === undefined ? [] : ["-global", `isa-fdc.bootindex${place === 0 ? "A" : "B"}=${spec.bootIndex}`]),
  ],
};

function common({ id, disk, spec }: PlacedDrive): Properties {
  return { drive: id, serial: disk === undefined ? undefined : (disk.serial ?? id), bootindex: spec.bootIndex };
}

function scsiDevice(drive: PlacedDrive): readonly string[] {
  return device(drive.disk === undefined ? "scsi-cd" : "scsi-hd", { bus: `${drive.bus}.0`, ...common(drive) });
}

/** A drive has one device; its block node has as many as share what they write. */
function scsiPaths(drive: PlacedDrive): readonly string[] {
  const { disk, id } = drive;
  if (disk?.wwn === undefined && disk?.paths === undefined) return scsiDevice(drive);
  const { wwn, paths = 1 } = disk;
  const shared = paths > 1 ? "on" : undefined;
  return Array.from({ length: paths }, (_, index) => ({
    ...common(drive),
    ...(index === 0 ? {} : { drive: nodeOf(id), bootindex: undefined }),
  })).flatMap((own) => device("scsi-hd", { bus: "virtio-scsi.0", ...own, wwn, "share-rw": shared }));
}

function nodeOf(id: string): string {
  return `${id}-node`;
}

function device(name: string, properties: Properties): readonly string[] {
  return ["-device", argumentOf(name, properties)];
}

function ata({ disk }: PlacedDrive): string {
  return disk === undefined ? "ide-cd" : "ide-hd";
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
