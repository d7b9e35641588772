// The devices on this machine's buses, as sysfs tells them: what each is (modalias) and which driver has it.

import { listSys, readSys, sysLinkName } from "#os/sysfs";

export interface BusDevice {
  /** The bus, e.g. `pci`, `usb`, `virtio`. */
  readonly bus: string;
  /** The name on that bus, e.g. `0000:00:03.0`. */
  readonly id: string;
  readonly modalias: string;
  readonly driver: string | undefined;
}

/**
 * Buses whose devices tell their modalias in `uevent` alone and need a driver for it. (Processors do the former, but their
 * modules are ciphers and clocks that a rescue system can do without.)
 */
const UEVENT_BUSES: ReadonlySet<string> = new Set(["mmc"]);

/** Every device that has a modalias, sorted by bus and name. */
export function readBusDevices(sysRoot = "/sys"): readonly BusDevice[] {
  return listSys(`${sysRoot}/bus`).flatMap((bus) =>
    listSys(`${sysRoot}/bus/${bus}/devices`).flatMap((id) => {
      const path = `${sysRoot}/bus/${bus}/devices/${id}`;
      const modalias = readSys(`${path}/modalias`) ?? (UEVENT_BUSES.has(bus) ? ueventModalias(path) : undefined);
      return modalias === undefined || modalias === "" ? [] : [{ bus, id, modalias, driver: sysLinkName(`${path}/driver`) }];
    }),
  );
}

function ueventModalias(path: string): string | undefined {
  return /^MODALIAS=(.*)$/m.exec(readSys(`${path}/uevent`) ?? "")?.[1];
}

/** Names of the modules in the kernel now, in the kernel's spelling. */
export function readLoadedModules(procRoot = "/proc"): readonly string[] {
  const text = readSys(`${procRoot}/modules`) ?? "";
  return text
    .split("\n")
    .map((line) => line.slice(0, line.indexOf(" ")))
    .filter((name) => name !== "");
}
