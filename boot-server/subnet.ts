// IPv4 networks by address and netmask. Pure.

export interface Subnet {
  /** Its first address, e.g. `192.168.0.0`. */
  readonly network: string;
  readonly netmask: string;
  readonly prefixLength: number;
}

export function subnetOf(address: string, netmask: string): Subnet {
  const mask = numberOf(netmask);
  return { network: textOf(numberOf(address) & mask), netmask, prefixLength: lengthOf(mask) };
}

export function isInSubnet(address: string, { network, netmask }: Subnet): boolean {
  return isAddress(address) && textOf(numberOf(address) & numberOf(netmask)) === network;
}

export function isAddress(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) < 256);
}

/** For comparing. */
export function addressNumber(address: string): number {
  return numberOf(address) >>> 0;
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0);
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

function lengthOf(mask: number): number {
  return (mask >>> 0).toString(2).replace(/0+$/, "").length;
}
