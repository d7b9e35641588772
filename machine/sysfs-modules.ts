// What this machine needs of a kernel, as sysfs tells it: modaliases, drivers at work, modules loaded, devices unserved.
import { listSys, sysLinkName } from "#os/sysfs";
import { readBusDevices, type BusDevice } from "./bus-devices.ts";

/** A driver that has at least one device now. */
export interface BoundDriver {
  readonly bus: string;
  readonly name: string;
  /** The module it is in, in the kernel's spelling; built-in drivers have one only where the kernel says so. */
  readonly module: string | undefined;
}

export interface HardwareModules {
  readonly devices: readonly BusDevice[];
  /** Each modalias once, sorted. */
  readonly modaliases: readonly string[];
  readonly drivers: readonly BoundDriver[];
  /** Modules in memory now, without those that are built in. */
  readonly loadedModules: readonly string[];
  /** Devices with a modalias and without a driver. Not all of them want one: whoever has the alias table decides. */
  readonly missing: readonly BusDevice[];
}

export function readHardwareModules(sysRoot = "/sys"): HardwareModules {
  const devices = readBusDevices(sysRoot);
  return {
    devices,
    modaliases: [...new Set(devices.map((device) => device.modalias))].sort(),
    drivers: readBoundDrivers(sysRoot),
    loadedModules: readLoadable(sysRoot),
    missing: devices.filter((device) => device.driver === undefined),
  };
}

// Asked of the devices, as those of some buses (mmc, scsi) have a driver and no modalias of their own.
function readBoundDrivers(sysRoot: string): readonly BoundDriver[] {
  const drivers = new Map<string, BoundDriver>();
  for (const bus of listSys(`${sysRoot}/bus`)) {
    for (const id of listSys(`${sysRoot}/bus/${bus}/devices`)) {
      const path = `${sysRoot}/bus/${bus}/devices/${id}/driver`;
      const name = sysLinkName(path);
      if (name !== undefined) drivers.set(`${bus}/${name}`, { bus, name, module: sysLinkName(`${path}/module`) });
    }
  }
  return [...drivers.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, driver]) => driver);
}

// Built-in modules have a directory as soon as they have a parameter, but no reference count and no state.
function readLoadable(sysRoot: string): readonly string[] {
  return listSys(`${sysRoot}/module`).filter((name) => listSys(`${sysRoot}/module/${name}`).includes("initstate"));
}
