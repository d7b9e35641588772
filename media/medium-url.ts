// The URLs that name media, taken apart (DESIGN section 6). Pure, and without the URL class, which the small engine lacks.

import { LifeboatError } from "#os/error";

export type MediumUrl =
  | { readonly scheme: "device"; readonly device: string }
  | { readonly scheme: "http"; readonly url: string }
  | { readonly scheme: "nfs"; readonly server: string; readonly path: string }
  | { readonly scheme: "tftp"; readonly server: string; readonly path: string };

/** Reads `usb:/dev/sdX`, `http(s)://…`, `nfs://server/path` and `tftp://server/path`. Throws LifeboatError for others. */
export function parseMediumUrl(text: string): MediumUrl {
  const device = /^(?:usb:|cd:)?(\/dev\/[^\s]+)$/.exec(text)?.[1];
  if (device !== undefined) return { scheme: "device", device };
  const [, scheme, server, path = "/"] = /^(https?|nfs|tftp):\/\/([^/\s]+)(\/\S*)?$/.exec(text) ?? [];
  if (scheme !== undefined && server !== undefined) {
    const plain = withoutDots(path);
    if (scheme === "nfs" || scheme === "tftp") return { scheme, server, path: plain };
    return { scheme: "http", url: `${scheme}://${server}${plain === "/" ? "" : plain}` };
  }
  throw new LifeboatError(`Cannot use the medium "${text}" as it must be a URL of a known kind: "${text}" is none`, {
    exitCode: 2,
    hint: "Known here: usb:/dev/sdX, nfs://SERVER/PATH, http://SERVER/PATH, tftp://SERVER/PATH",
  });
}

/** MondoRescue's `nfsmount=SERVER:/path` as a URL. */
export function nfsUrlOf(nfsmount: string): string {
  const at = nfsmount.indexOf(":/");
  return at < 0 ? `nfs://${nfsmount}` : `nfs://${nfsmount.slice(0, at)}${nfsmount.slice(at + 1)}`;
}

/** Takes out `.` and `..` as RFC 3986 section 5.2.4 does, and empty segments; iPXE hands over names such as `/boot.ipxe/../lifeboat`. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}
