// README.txt of a PXE tree: which DHCP answer starts which machine, with the lines for dnsmasq.
import type { NetworkEfiFiles } from "./efi-files.ts";
import { plain } from "./menu-page.ts";
import { type MenuOptions, originText } from "./rescue-files.ts";

type Loaders = Pick<NetworkEfiFiles, "signed" | "tftpLoader" | "httpLoader">;

/** Plain ASCII, 79 columns. Architecture numbers are those of RFC 4578 and its registry. */
export function pxeReadme(
  menu: MenuOptions,
  loaders: Loaders,
  medium: { readonly buildId: string; readonly url: string | undefined },
): string {
  return `${plain(menu.title)}
Network boot of ${plain(menu.machineName)}, ${plain(originText(menu, medium.buildId))}

Make this directory the ROOT of a TFTP server (GRUB asks for /grub/grub.cfg),
and the root of a web server too where machines boot over HTTP.

What DHCP must answer: option 66 (or next-server) is the TFTP server's address,
option 67 (or filename) depends on what the machine says in option 93:

  option 93          machine               option 67
  0                  BIOS                  pxelinux.0
  7 or 9             UEFI, 64 bits         ${loaders.tftpLoader}
${httpRow(loaders)}
  user class "iPXE"  iPXE, any firmware    http://SERVER/boot.ipxe

${secureBootText(loaders.signed)}

The menu asks for a mode; Enter or the time limit starts "${menu.defaultMode}".
The tools layer, lifeboat/tools.squashfs, is fetched from below
  ${medium.url ?? "the server that the machine booted from, by TFTP or HTTP"}

dnsmasq, complete:

${dnsmasqLines(loaders)
  .map((line) => `  ${line}`)
  .join("\n")}
`;
}

function httpRow(loaders: Loaders): string {
  if (loaders.httpLoader === undefined) return "  16                 UEFI, HTTP boot       (none: made without grub-efi-amd64-bin)";
  return `  16                 UEFI, HTTP boot       http://SERVER/${loaders.httpLoader}
                                           (and option 60 must be "HTTPClient")`;
}

function secureBootText(signed: boolean): string {
  return signed
    ? `Secure Boot: shimx64.efi and the grubx64.efi that it loads are signed; the
kernel must be too. They boot by TFTP only: the loaders for HTTP and iPXE are
not signed.`
    : `Secure Boot: grubx64.efi is not signed, so switch Secure Boot off for these
machines, or make this tree again where shim-signed and grub-efi-amd64-signed
are installed.`;
}

function dnsmasqLines(loaders: Loaders): readonly string[] {
  const http = [
    "dhcp-match=set:efihttp,option:client-arch,16",
    `dhcp-boot=tag:efihttp,tag:!ipxe,http://SERVER/${loaders.httpLoader}`,
    "dhcp-option-force=tag:efihttp,60,HTTPClient",
  ];
  return [
    "enable-tftp",
    "tftp-root=/path/to/this/directory",
    "dhcp-range=192.0.2.50,192.0.2.90,1h",
    "dhcp-userclass=set:ipxe,iPXE",
    "dhcp-match=set:efi,option:client-arch,7",
    "dhcp-match=set:efi,option:client-arch,9",
    "dhcp-boot=tag:!efi,tag:!efihttp,tag:!ipxe,pxelinux.0",
    `dhcp-boot=tag:efi,tag:!ipxe,${loaders.tftpLoader}`,
    ...(loaders.httpLoader === undefined ? [] : http),
    "dhcp-boot=tag:ipxe,http://SERVER/boot.ipxe",
  ];
}
