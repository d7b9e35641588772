// What dnsmasq is told: which boot loader each kind of machine gets, beside another DHCP server or as the only one. Pure.

import type { Subnet } from "./subnet.ts";

export interface Loaders {
  /** What UEFI machines load by TFTP. */
  readonly efi: string;
  /** What UEFI machines load that boot over HTTP; undefined where it could not be made. */
  readonly efiHttp: string | undefined;
}

export interface DnsmasqOptions {
  readonly interfaceName: string;
  /** This server's, on that interface. */
  readonly address: string;
  readonly subnet: Subnet;
  /** Addresses to give away; undefined beside a DHCP server that is there (proxy-DHCP). */
  readonly range: { readonly from: string; readonly to: string } | undefined;
  readonly tftpRoot: string;
  readonly leaseFile: string;
  readonly webUrl: string;
  readonly loaders: Loaders;
  /** iPXE gets the loaders that other machines get. */
  readonly tftpOnly: boolean;
}

const BIOS_LOADER = "pxelinux.0";

/** Arguments alone. It stays in the foreground, is no name server, reads no file of the system's, and logs on standard error. */
export function dnsmasqArguments(options: DnsmasqOptions): readonly string[] {
  const { interfaceName, tftpRoot, leaseFile, range, subnet } = options;
  const common = [
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--pid-file=",
    "--log-facility=-",
    "--port=0",
    `--interface=${interfaceName}`,
    "--except-interface=lo",
    "--bind-interfaces",
    `--dhcp-leasefile=${leaseFile}`,
    "--enable-tftp",
    `--tftp-root=${tftpRoot}`,
    ...kinds(),
  ];
  if (range === undefined) return [...common, `--dhcp-range=${subnet.network},proxy,${subnet.netmask}`, ...proxyLoaders(options)];
  return [...common, `--dhcp-range=${range.from},${range.to},${subnet.netmask},1h`, ...ownLoaders(options)];
}

/** Architectures as in RFC 4578 and its registry. */
function kinds(): readonly string[] {
  return [
    "--dhcp-userclass=set:ipxe,iPXE",
    "--dhcp-match=set:efi,option:client-arch,7",
    "--dhcp-match=set:efi,option:client-arch,9",
    "--dhcp-match=set:efihttp,option:client-arch,16",
  ];
}

function ownLoaders({ address, webUrl, loaders, tftpOnly }: DnsmasqOptions): readonly string[] {
  const not = tftpOnly ? "" : "tag:!ipxe,";
  const http = [`--dhcp-boot=tag:efihttp,${not}${webUrl}/${loaders.efiHttp}`, "--dhcp-option-force=tag:efihttp,60,HTTPClient"];
  return [
    `--dhcp-boot=tag:!efi,tag:!efihttp,${not}${BIOS_LOADER},,${address}`,
    `--dhcp-boot=tag:efi,${not}${loaders.efi},,${address}`,
    ...(loaders.efiHttp === undefined ? [] : http),
    ...(tftpOnly ? [] : [`--dhcp-boot=tag:ipxe,${webUrl}/boot.ipxe,,${address}`]),
  ];
}

/** One service each, so that no menu of PXE's own is shown (dnsmasq(8), --pxe-service). */
function proxyLoaders({ address, webUrl, loaders, tftpOnly }: DnsmasqOptions): readonly string[] {
  const not = tftpOnly ? "" : "tag:!ipxe,";
  const service = (tags: string, architecture: string, file: string) => `--pxe-service=${tags}${architecture},Lifeboat,${file},${address}`;
  return [
    service(not, "x86PC", BIOS_LOADER),
    ...["BC_EFI", "X86-64_EFI"].map((architecture) => service(not, architecture, loaders.efi)),
    ...(tftpOnly ? [] : ["x86PC", "BC_EFI", "X86-64_EFI"].map((architecture) => service("tag:ipxe,", architecture, `${webUrl}/boot.ipxe`))),
  ];
}
