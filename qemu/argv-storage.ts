// Disks and CDs as QEMU arguments: a drive, the controller its bus needs, and the device between them.
import { argumentOf, type Properties } from "./argument.ts";
import type { CdSpec, DiskBus, DiskSpec, MachineSpec } from "./machine-spec.ts";

/** Drives are called `diskN` and `cdN`, by their place in the spec; QMP knows them by the same names. */
export function storageArguments(machine: MachineSpec): readonly string[] {
  const drives = place(machine);
  const controllers = drives.filter((drive) => drive.place === 0).flatMap((drive) => controllerArguments(drive.bus, machine));
  return [...controllers, ...drives.flatMap((drive) => driveArguments(drive, machine))];
}

interface PlacedDrive {
  readonly id: string;
  readonly spec: DiskSpec | CdSpec;
  readonly bus: DiskBus;
  /** How many drives stand before it on its bus. */
  readonly place: number;
  readonly isCd: boolean;
}

/** Controllers that take SCSI devices; the device's own name is its bus's, unless it differs here. */
const SCSI_CONTROLLERS: Partial<Readonly<Record<DiskBus, string>>> = {
  "virtio-scsi": "virtio-scsi-pci",
  lsi53c895a: "lsi53c895a",
  lsi53c810: "lsi53c810",
  megasas: "megasas",
  "megasas-gen2": "megasas-gen2",
  mptsas1068: "mptsas1068",
  pvscsi: "pvscsi",
  am53c974: "am53c974",
};

function place({ disks = [], cds = [] }: MachineSpec): readonly PlacedDrive[] {
  const drives = [
    ...disks.map((spec, index) => ({ id: `disk${index}`, spec, bus: spec.bus, isCd: false })),
    ...cds.map((spec, index) => ({ id: `cd${index}`, spec, bus: spec.bus === "usb" ? ("usb-storage" as const) : spec.bus, isCd: true })),
  ];
  return drives.map((drive, index) => ({ ...drive, place: drives.slice(0, index).filter(({ bus }) => bus === drive.bus).length }));
}

function controllerArguments(bus: DiskBus, { machineType }: MachineSpec): string[] {
  const scsi = SCSI_CONTROLLERS[bus];
  if (scsi !== undefined) return ["-device", argumentOf(scsi, { id: bus })];
  if (bus === "ahci" && machineType === "pc") return ["-device", argumentOf("ich9-ahci", { id: "ahci" })];
  if (bus === "sd-card") return ["-device", "sdhci-pci"];
  if (bus === "floppy" && machineType === "q35") return ["-device", "isa-fdc"];
  return [];
}

function driveArguments(drive: PlacedDrive, machine: MachineSpec): string[] {
  return ["-drive", backend(drive), ...deviceArguments(drive, machine)];
}

function backend({ id, spec, isCd }: PlacedDrive): string {
  const disk = isCd ? undefined : (spec as DiskSpec);
  return argumentOf(undefined, {
    if: "none",
    id,
    file: spec.file,
    format: disk?.format ?? "raw",
    media: isCd ? "cdrom" : undefined,
    readonly: isCd || disk?.readOnly === true ? "on" : undefined,
    // The host's page cache outlives QEMU, so even a machine that is killed keeps what its guest has flushed.
    cache: isCd ? undefined : "unsafe",
    snapshot: disk?.snapshot === true ? "on" : undefined,
  });
}

function deviceArguments(drive: PlacedDrive, machine: MachineSpec): string[] {
  const { id, spec, bus, place } = drive;
  const common: Properties = { drive: id, serial: drive.isCd ? undefined : ((spec as DiskSpec).serial ?? id), bootindex: spec.bootIndex };
  const device = (name: string, properties: Properties) => ["-device", argumentOf(name, { id: `${id}-device`, ...properties })];
  switch (bus) {
    case "virtio-blk":
      return device("virtio-blk-pci", common);
    case "nvme":
      return device("nvme", common);
    case "ahci":
      return device(ataDevice(drive), { bus: `${machine.machineType === "q35" ? "ide" : "ahci"}.${place}`, ...common });
    case "ide":
      return device(ataDevice(drive), { bus: `ide.${Math.floor(place / 2)}`, unit: place % 2, ...common });
    case "sd-card":
      return device("sd-card", { drive: id });
    case "usb-storage":
      return device("usb-storage", { bus: "usb.0", ...common });
    case "usb-uas":
      return [...["-device", argumentOf("usb-uas", { id: `uas${place}`, bus: "usb.0" })], ...device("scsi-hd", { bus: `uas${place}.0`, ...common })];
    case "floppy":
      return [...device("floppy", { drive: id, unit: place }), ...floppyBootIndex(place, spec.bootIndex)];
    case "mptsas1068":
      // Linux's mptsas makes no disk of a SAS address that is zero.
      return device("scsi-hd", { bus: `${bus}.0`, ...common, wwn: `0x5000c50015ea71${(0xac + place).toString(16)}` });
    case "virtio-scsi":
    case "lsi53c895a":
    case "lsi53c810":
    case "megasas":
    case "megasas-gen2":
    case "pvscsi":
    case "am53c974":
      return device(drive.isCd ? "scsi-cd" : "scsi-hd", { bus: `${bus}.0`, ...common });
  }
}

function ataDevice({ isCd }: PlacedDrive): string {
  return isCd ? "ide-cd" : "ide-hd";
}

/** The boot order of floppies is a property of their controller. */
function floppyBootIndex(place: number, bootIndex: number | undefined): string[] {
  return bootIndex === undefined ? [] : ["-global", `isa-fdc.bootindex${place === 0 ? "A" : "B"}=${bootIndex}`];
}
