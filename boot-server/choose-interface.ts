// On which network to serve, and what is to be given away there.

import { readAddresses, type InterfaceAddress } from "#os/addresses";
import { LifeboatError } from "#os/error";
import { addressNumber, isInSubnet, subnetOf, type Subnet } from "./subnet.ts";

export interface ServedNetwork {
  readonly interfaceName: string;
  readonly address: string;
  readonly subnet: Subnet;
}

/** `wanted` is an interface or an address of this machine; unless given, the only interface that has an address. Throws LifeboatError (2). */
export function chooseNetwork(wanted: string | undefined, addresses = readAddresses()): ServedNetwork {
  const fitting = addresses.filter(({ interfaceName, address }) => wanted === undefined || wanted === interfaceName || wanted === address);
  const [first] = fitting;
  // Further addresses of one interface are no question.
  if (first !== undefined && fitting.every(({ interfaceName }) => interfaceName === first.interfaceName)) {
    return { interfaceName: first.interfaceName, address: first.address, subnet: subnetOf(first.address, first.netmask) };
  }
  const list = addresses.length === 0 ? "there is none" : `there are ${addresses.map(described).join(", ")}`;
  const rule = wanted === undefined ? "one interface must be chosen" : `"${wanted}" must be an interface that has an IPv4 address`;
  throw new LifeboatError(`Cannot serve on a network as ${rule}: ${list}`, {
    exitCode: 2,
    hint: addresses.length === 0 ? "Give an interface an address first: ip addr add 192.168.0.10/24 dev eth0" : "Name it with --interface",
  });
}

function described({ interfaceName, address }: InterfaceAddress): string {
  return `${interfaceName} (${address})`;
}

export interface AddressRange {
  readonly from: string;
  readonly to: string;
}

/** `FROM-TO` or `FROM,TO`. Throws LifeboatError (2). */
export function parseRange(text: string, { subnet, address }: ServedNetwork): AddressRange {
  const [, from = "", to = ""] = /^([\d.]+)[-,]([\d.]+)$/.exec(text) ?? [];
  const where = `${subnet.network}/${subnet.prefixLength}`;
  const problem =
    from === ""
      ? "it is not of that form"
      : !isInSubnet(from, subnet) || !isInSubnet(to, subnet)
        ? `not both are in ${where}`
        : addressNumber(from) > addressNumber(to)
          ? "the first is above the last"
          : addressNumber(from) <= addressNumber(address) && addressNumber(address) <= addressNumber(to)
            ? `${address}, this server's own, is among them`
            : undefined;
  if (problem === undefined) return { from, to };
  throw new LifeboatError(`Cannot give away the addresses "${text}" as --dhcp takes FIRST-LAST of the network ${where}: ${problem}`, {
    exitCode: 2,
  });
}
