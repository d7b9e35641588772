// MondoRescue's `ipconf=DEVICE:ADDRESS:NETMASK:BROADCAST:GATEWAY` or `ipconf=DEVICE:dhcp`; DEVICE may be a MAC address.

import { LifeboatError } from "#os/error";

export type Ipconf =
  | { readonly kind: "dhcp"; readonly device: string }
  | {
      readonly kind: "static";
      readonly device: string;
      readonly address: string;
      readonly prefixLength: number;
      readonly broadcast: string | undefined;
      readonly gateway: string | undefined;
    };

/** Throws LifeboatError when the text is not of that form. */
export function parseIpconf(text: string): Ipconf {
  const mac = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?=:|$)/i.exec(text)?.[0];
  const device = mac ?? text.split(":")[0] ?? "";
  const [address = "", netmask = "", broadcast = "", gateway = ""] = text.slice(device.length + 1).split(":");
  if (device !== "" && (address === "dhcp" || address === "")) return { kind: "dhcp", device };
  const prefixLength = netmask === "" ? 24 : prefixLengthOf(netmask);
  if (
    device === "" ||
    ![address, broadcast, gateway].every((part, index) => isAddress(part) || (part === "" && index > 0)) ||
    prefixLength === undefined
  ) {
    throw new LifeboatError(`Cannot use "ipconf=${text}" as it must be DEVICE:ADDRESS:NETMASK:BROADCAST:GATEWAY: "${text}" is not`, {
      exitCode: 2,
      hint: "For example ipconf=eth0:192.168.0.2:255.255.255.0:192.168.0.255:192.168.0.1, or ipconf=eth0:dhcp",
    });
  }
  const optional = (part: string) => (part === "" ? undefined : part);
  return { kind: "static", device, address, prefixLength, broadcast: optional(broadcast), gateway: optional(gateway) };
}

function isAddress(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}

/** Dotted netmask or plain length; undefined when its bits are not one run from the left. */
function prefixLengthOf(netmask: string): number | undefined {
  if (/^\d{1,2}$/.test(netmask)) return Number(netmask) <= 32 ? Number(netmask) : undefined;
  if (!isAddress(netmask)) return undefined;
  const bits = netmask
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}
