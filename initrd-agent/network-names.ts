// Names for network interfaces: eth0…N in the order of their places on the buses; pure.

import type { NetworkInterface } from "../machine/network-interfaces.ts";

export interface Renaming {
  readonly from: string;
  readonly to: string;
}

/**
 * `interfaces` in bus order. While one of them carries the network (`inUse`), those that have an eth name keep it, as a
 * renaming would take their address away; newcomers get the next numbers.
 */
export function newNames(interfaces: readonly Pick<NetworkInterface, "name">[], inUse: boolean): readonly Renaming[] {
  const kept = new Set(inUse ? interfaces.map(({ name }) => name).filter((name) => /^eth\d+$/.test(name)) : []);
  const free = interfaces.map((_, index) => `eth${index}`).filter((name) => !kept.has(name));
  const movable = interfaces.filter(({ name }) => !kept.has(name));
  return movable.map(({ name }, index) => ({ from: name, to: free[index]! })).filter(({ from, to }) => from !== to);
}
