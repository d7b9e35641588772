// The block devices of this machine, as sysfs tells them: disks, optical drives and their partitions.

import { listSys, readSys, sysLink, sysLinkName } from "#os/sysfs";

export interface BlockDevice {
  /** Kernel name, e.g. `sda`, `nvme0n1`, `sr0`. */
  readonly name: string;
  readonly kind: "disk" | "optical" | "floppy" | "virtual";
  readonly sizeBytes: number;
  readonly removable: boolean;
  readonly readOnly: boolean;
  readonly model: string | undefined;
  readonly serial: string | undefined;
  /** The driver nearest to the disk that sits on a bus, e.g. `nvme`, `ahci`, `usb-storage`. */
  readonly driver: string | undefined;
  readonly partitions: readonly Partition[];
}

export interface Partition {
  readonly name: string;
  readonly number: number;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

/** Sizes in /sys are in units of 512 bytes, whatever the device's own block size. */
const SYSFS_UNIT = 512;
const VIRTUAL = /^(?:loop|ram|zram|dm-|md|nbd)\d/;

/** All block devices but loop, ram and other made-up ones, sorted by name. */
export function readBlockDevices(sysRoot = "/sys"): readonly BlockDevice[] {
  return listSys(`${sysRoot}/block`)
    .filter((name) => !VIRTUAL.test(name))
    .map((name) => readBlockDevice(sysRoot, name));
}

function readBlockDevice(sysRoot: string, name: string): BlockDevice {
  const path = `${sysRoot}/block/${name}`;
  return {
    name,
    kind: name.startsWith("sr") ? "optical" : name.startsWith("fd") ? "floppy" : "disk",
    sizeBytes: readNumber(`${path}/size`) * SYSFS_UNIT,
    removable: readSys(`${path}/removable`) === "1",
    readOnly: readSys(`${path}/ro`) === "1",
    model: firstText([`${path}/device/model`, `${path}/device/name`]),
    serial: firstText([`${path}/serial`, `${path}/device/serial`]) ?? serialPage(`${path}/device/vpd_pg80`),
    driver: nearestDriver(sysRoot, name),
    partitions: listSys(path).flatMap((child) => {
      const number = readSys(`${path}/${child}/partition`);
      if (number === undefined) return [];
      return [
        {
          name: child,
          number: Number(number),
          startBytes: readNumber(`${path}/${child}/start`) * SYSFS_UNIT,
          sizeBytes: readNumber(`${path}/${child}/size`) * SYSFS_UNIT,
        },
      ];
    }),
  };
}

/** SPC-4 unit serial number page: four bytes of header, then the number. */
function serialPage(path: string): string | undefined {
  const page = readSys(path);
  const serial =
    page === undefined
      ? ""
      : page
          .slice(4)
          .replace(/[^\x20-\x7e]/g, "")
          .trim();
  return serial === "" ? undefined : serial;
}

/** Drivers of the SCSI and MMC layers say nothing about the hardware; the first below them does. */
const UPPER_DRIVERS = new Set(["sd", "sr", "mmcblk", "st", "ses"]);

function nearestDriver(sysRoot: string, name: string): string | undefined {
  const link = sysLink(`${sysRoot}/block/${name}`);
  if (link === undefined) return undefined;
  let path = `${sysRoot}/block/${link}`;
  while (path.includes("/devices/")) {
    const driver = sysLinkName(`${path}/driver`);
    if (driver !== undefined && !UPPER_DRIVERS.has(driver)) return driver;
    path = path.slice(0, path.lastIndexOf("/"));
  }
  return undefined;
}

function firstText(paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const text = readSys(path)?.trim();
    if (text !== undefined && text !== "") return text;
  }
  return undefined;
}

function readNumber(path: string): number {
  return Number(readSys(path) ?? "0");
}
