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

/** Compares text with its runs of digits as numbers (hexadecimal ones too), so that slot 0a comes after slot 9. */
function compareBusPaths(a: string, b: string): number {
  const left = a.split(/[/:.]/);
  const right = b.split(/[/:.]/);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const x = left[index] ?? "";
    const y = right[index] ?? "";
    if (x === y) continue;
    const [xNumber, yNumber] = [parseInt(x, 16), parseInt(y, 16)];
    if (Number.isNaN(xNumber) || Number.isNaN(yNumber) || xNumber === yNumber) return x < y ? -1 : 1;
    return xNumber - yNumber;
  }
  return 0;
}
