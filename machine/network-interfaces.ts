// The network interfaces of this machine, as sysfs tells them, in the order of their place on the buses.

import { listSys, readSys, sysLink, sysLinkName } from "#os/sysfs";

export interface NetworkInterface {
  readonly name: string;
  readonly mac: string;
  readonly driver: string | undefined;
  /** Where it sits, e.g. `pci0000:00/0000:00:03.0/virtio0`: the same from boot to boot. */
  readonly busPath: string;
  /** Undefined while the interface is down: the kernel does not tell then. */
  readonly link: boolean | undefined;
}

/** Interfaces that belong to a device (no loopback, no bridges), in bus order. */
export function readNetworkInterfaces(sysRoot = "/sys"): readonly NetworkInterface[] {
  const found = listSys(`${sysRoot}/class/net`).flatMap((name) => {
    const path = `${sysRoot}/class/net/${name}`;
    const driver = sysLinkName(`${path}/device/driver`);
    const link = sysLink(path);
    if (link === undefined || sysLink(`${path}/device`) === undefined) return [];
    const busPath = link.replace(/^.*?\/devices\//, "").replace(/\/net\/[^/]*$/, "");
    const carrier = readSys(`${path}/carrier`);
    return [{ name, mac: readSys(`${path}/address`) ?? "", driver, busPath, link: carrier === undefined ? undefined : carrier === "1" }];
  });
  return found.sort((a, b) => compareBusPaths(a.busPath, b.busPath) || compareBusPaths(a.name, b.name));
}

/**
 * Compares paths component by component: PCI addresses as hexadecimal numbers (slot 0a comes after slot 9), others with
 * their runs of digits as decimal numbers (virtio10 comes after virtio2).
 */
export function compareBusPaths(a: string, b: string): number {
  const left = a.split("/");
  const right = b.split("/");
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = compareComponents(left[index] ?? "", right[index] ?? "");
    if (difference !== 0) return difference;
  }
  // What is alike to its end: the shorter path first, also when the other goes on with nothing.
  return left.length - right.length;
}

/** Domain, bus, slot and function; a VMD's domain has more than four digits. */
const PCI_ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

function compareComponents(a: string, b: string): number {
  const radix = PCI_ADDRESS.test(a) && PCI_ADDRESS.test(b) ? 16 : 10;
  const left = radix === 16 ? a.split(/[:.]/) : a.split(/(\d+)/);
  const right = radix === 16 ? b.split(/[:.]/) : b.split(/(\d+)/);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x = "", y = ""] = [left[index], right[index]];
    const difference = parseInt(x, radix) - parseInt(y, radix);
    if (!Number.isNaN(difference) && difference !== 0) return difference;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
