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
  if (/^https?:\/\/[^/]+/.test(text)) return { scheme: "http", url: text.replace(/\/+$/, "") };
  const [, scheme, server, path] = /^(nfs|tftp):\/\/([^/]+)(\/.*)?$/.exec(text) ?? [];
  if ((scheme === "nfs" || scheme === "tftp") && server !== undefined)
    return { scheme, server, path: (path ?? "/").replace(/(.)\/+$/, "$1") };
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
