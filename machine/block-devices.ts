// The block devices of this machine, as sysfs tells them: disks, optical drives and their partitions.

import { listSys, readSys, readSysBytes, sysLink, sysLinkName } from "#os/sysfs";
import { diskIdentity } from "./disk-identity.ts";
import type { DiskIdentity } from "./model.ts";

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
export const SYSFS_UNIT = 512;
const VIRTUAL = /^(?:loop|ram|zram|dm-|md|nbd)\d/;
/** The small partitions that an eMMC shows as disks: its own boot code, no place for data (JESD84-B51 section 6.2). */
const EMMC_BOOT = /^mmcblk\d+(?:boot\d+|rpmb)$/;

/** All block devices but loop, ram and other made-up ones, sorted by name. */
export function readBlockDevices(sysRoot = "/sys"): readonly BlockDevice[] {
  return (
    listSys(`${sysRoot}/block`)
      .filter((name) => !VIRTUAL.test(name) && !EMMC_BOOT.test(name))
      // A path of a multipath NVMe drive; the drive itself is listed too.
      .filter((name) => readSys(`${sysRoot}/block/${name}/hidden`) !== "1")
      .map((name) => readBlockDevice(sysRoot, name))
  );
}

function readBlockDevice(sysRoot: string, name: string): BlockDevice {
  const path = `${sysRoot}/block/${name}`;
  const { model, serial, driver } = readDiskIdentity(name, sysRoot);
  return {
    name,
    kind: /^(?:sr|scd)\d/.test(name) ? "optical" : /^fd\d/.test(name) ? "floppy" : "disk",
    sizeBytes: readNumber(`${path}/size`) * SYSFS_UNIT,
    removable: readSys(`${path}/removable`) === "1",
    readOnly: readSys(`${path}/ro`) === "1",
    model,
    serial,
    driver,
    partitions: listSys(path)
      .flatMap((child) => readPartition(path, child))
      .sort((a, b) => a.number - b.number),
  };
}

/** What the disk of this kernel name is known by. */
export function readDiskIdentity(name: string, sysRoot = "/sys"): DiskIdentity {
  const path = `${sysRoot}/block/${name}`;
  const directories = deviceDirectories(sysRoot, name);
  return diskIdentity({
    wwids: [readSys(`${path}/wwid`), readSys(`${path}/device/wwid`)],
    deviceIdentificationPage: readSysBytes(`${path}/device/vpd_pg83`),
    serials: [readSys(`${path}/serial`), readSys(`${path}/device/serial`)],
    serialNumberPage: readSysBytes(`${path}/device/vpd_pg80`),
    usbSerial: usbSerial(directories),
    models: [readSys(`${path}/device/model`), readSys(`${path}/device/name`)],
    ...driversOf(directories),
  });
}

function readPartition(path: string, name: string): readonly Partition[] {
  const number = readSys(`${path}/${name}/partition`);
  if (number === undefined) return [];
  const start = readNumber(`${path}/${name}/start`);
  const size = readNumber(`${path}/${name}/size`);
  return [{ name, number: Number(number), startBytes: start * SYSFS_UNIT, sizeBytes: size * SYSFS_UNIT }];
}

/** The directories of the device and of all that it hangs on, nearest first. */
function deviceDirectories(sysRoot: string, name: string): readonly string[] {
  const link = sysLink(`${sysRoot}/block/${name}`);
  const below = link === undefined ? undefined : /(?:^|\/)devices\/(.*)$/.exec(link)?.[1];
  const parts = below === undefined ? [] : below.split("/");
  return parts.map((_, index) => `${sysRoot}/devices/${parts.slice(0, parts.length - index).join("/")}`);
}

/** Many USB disks have no such page, or are not asked for it; the number of their USB device is as good. */
function usbSerial(directories: readonly string[]): string | undefined {
  const usbDevice = directories.find((directory) => readSys(`${directory}/idVendor`) !== undefined);
  return usbDevice === undefined ? undefined : readSys(`${usbDevice}/serial`);
}

/** Drivers of the SCSI and MMC layers say nothing about the hardware; the first below them does. */
const UPPER_DRIVERS = new Set(["sd", "sr", "mmcblk", "st", "ses"]);

function driversOf(directories: readonly string[]): Pick<DiskIdentity, "driver" | "drivers"> {
  const places = [...directories, ...subsystemControllers(directories)];
  const names = places.map((place) => sysLinkName(`${place}/driver`)).filter((name) => name !== undefined);
  return { driver: names.find((name) => !UPPER_DRIVERS.has(name)), drivers: [...new Set(names)] };
}

/** A multipath NVMe drive hangs on a made-up subsystem, which links to its controllers. */
function subsystemControllers(directories: readonly string[]): readonly string[] {
  const subsystem = directories.find((directory) => /\/nvme-subsys\d+$/.test(directory));
  if (subsystem === undefined) return [];
  return listSys(subsystem)
    .filter((name) => /^nvme\d+$/.test(name))
    .map((name) => `${subsystem}/${name}/device`);
}

function readNumber(path: string): number {
  return Number(readSys(path) ?? "0");
}
