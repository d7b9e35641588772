// What `lifeboat serve` says when it is ready: which machines, where to boot from, what else has to be done. Pure but for its types.

import type { AddressRange, ServedNetwork } from "./choose-interface.ts";
import type { Loaders } from "./dnsmasq-args.ts";
import type { ServedImage } from "./served-image.ts";

export interface Serving {
  readonly directory: string;
  readonly network: ServedNetwork;
  readonly range: AddressRange | undefined;
  readonly webUrl: string;
  readonly loaders: Loaders;
  readonly tftpOnly: boolean;
  readonly images: readonly Pick<ServedImage, "id" | "label" | "macs">[];
  readonly sets: boolean;
  readonly nfs: string;
  /** Undefined when this machine need not export anything. */
  readonly exported: { readonly line: string; readonly file: string | undefined } | undefined;
}

export function servingText(serving: Serving): string {
  const { directory, network, images } = serving;
  return [
    `serving ${directory} on ${network.interfaceName}, ${network.address}`,
    ...images.map(machineLine),
    ...(images.length === 0 ? ["  one image for every machine: a PXE tree"] : []),
    ...bootLines(serving),
    ...(images.length === 0 ? [] : setLines(serving)),
    "Ctrl-C ends it",
  ].join("\n");
}

function machineLine({ id, label, macs }: Serving["images"][number]): string {
  return `  ${label}: ${macs.length === 0 ? "no network card in its set, so it is chosen by name" : macs.join(" ")}, set ${id}`;
}

function bootLines({ network, range, webUrl, loaders, tftpOnly, images }: Serving): readonly string[] {
  const addresses =
    range === undefined
      ? "the network's own DHCP server gives addresses, this one says what to boot (proxy-DHCP)"
      : `addresses ${range.from} to ${range.to} are given away here`;
  const http = loaders.efiHttp === undefined ? [] : [`  UEFI, HTTP boot  ${webUrl}/${loaders.efiHttp}`];
  return [
    `a machine boots from its network card; ${addresses}`,
    `  BIOS             pxelinux.0 by TFTP from ${network.address}`,
    `  UEFI             ${loaders.efi} by TFTP from ${network.address}${loaders.efi.startsWith("shim") ? ", Secure Boot too" : ", with Secure Boot off"}`,
    ...http,
    ...(tftpOnly ? [] : [`  iPXE             ${webUrl}/boot.ipxe`]),
    ...(images.length === 0 ? [] : ["a machine that is in no set chooses one, or boots from its own disk"]),
  ];
}

function setLines({ network, sets, nfs, exported }: Serving): readonly string[] {
  const { network: first, prefixLength } = network.subnet;
  if (sets)
    return [
      `WARNING: everybody in ${first}/${prefixLength} can read the sets over HTTP now, /etc/shadow and private keys among what is in them`,
    ];
  if (exported === undefined) return [`the sets are read over NFS from ${nfs}`];
  const { line, file } = exported;
  const where =
    file === undefined
      ? "this line must be in /etc/exports here, and then exportfs -ra be run"
      : `written to ${file}; now run exportfs -ra`;
  return [`the sets are read over NFS from ${nfs}: ${where}`, `  ${line}`];
}
