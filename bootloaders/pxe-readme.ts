// README.txt of a PXE tree: which DHCP answer starts which machine, with the lines for dnsmasq.
import { plain } from "./menu-page.ts";
import type { MenuOptions } from "./rescue-files.ts";

export interface PxeReadmeOptions {
  readonly signed: boolean;
  readonly mediumUrl: string | undefined;
}

/** Plain ASCII, 79 columns. Architecture numbers are those of RFC 4578 and its registry. */
export function pxeReadme(menu: MenuOptions, options: PxeReadmeOptions): string {
  const efi = options.signed ? "shimx64.efi" : "grubx64.efi";
  return `${plain(menu.title)}: network boot of ${plain(menu.machineName)}, made ${plain(menu.dateText)}

Make this directory the ROOT of a TFTP server (GRUB asks for /grub/grub.cfg),
and the root of a web server too where machines boot over HTTP.

What DHCP must answer: option 66 (or next-server) is the TFTP server's address,
option 67 (or filename) depends on what the machine says in option 93:

  option 93          machine               option 67
  0                  BIOS                  pxelinux.0
  7 or 9             UEFI, 64 bits         ${efi}
  16                 UEFI, HTTP boot       http://SERVER/${efi}
                                           (and option 60 must be "HTTPClient")
  user class "iPXE"  iPXE, any firmware    http://SERVER/boot.ipxe

Secure Boot: ${secureBootText(options.signed)}

The menu asks for a mode; Enter or the time limit starts "${menu.defaultMode}".
The tools layer (lifeboat/tools.squashfs) is fetched from
  ${options.mediumUrl ?? "the server that the machine booted from, by TFTP or HTTP"}

dnsmasq, complete:

  enable-tftp
  tftp-root=/path/to/this/directory
  dhcp-range=192.0.2.50,192.0.2.90,1h
  dhcp-match=set:efi,option:client-arch,7
  dhcp-match=set:efi,option:client-arch,9
  dhcp-match=set:efihttp,option:client-arch,16
  dhcp-userclass=set:ipxe,iPXE
  dhcp-boot=tag:!efi,tag:!efihttp,tag:!ipxe,pxelinux.0
  dhcp-boot=tag:efi,tag:!ipxe,${efi}
  dhcp-boot=tag:efihttp,tag:!ipxe,http://SERVER/${efi}
  dhcp-option-force=tag:efihttp,option:vendor-class,HTTPClient
  dhcp-boot=tag:ipxe,http://SERVER/boot.ipxe
`;
}

function secureBootText(signed: boolean): string {
  return signed
    ? `shimx64.efi and grubx64.efi are signed; the kernel must be too.
iPXE is not signed: machines under Secure Boot use shimx64.efi.`
    : `grubx64.efi is not signed, so switch Secure Boot off for these
machines, or make this tree again where shim-signed and grub-efi-amd64-signed
are installed.`;
}
