// The IPv4 addresses of this machine's network interfaces.
import { networkInterfaces } from "node:os";

export interface InterfaceAddress {
  readonly interfaceName: string;
  readonly address: string;
  readonly netmask: string;
}

/** Loopback is none; interfaces that are down have none. */
export function readAddresses(): readonly InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([interfaceName, addresses = []]) =>
    addresses
      .filter(({ family, internal }) => family === "IPv4" && !internal)
      .map(({ address, netmask }) => ({ interfaceName, address, netmask })),
  );
}
