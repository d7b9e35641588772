// Where the boot words say that the tools layer is; pure.

import { LifeboatError } from "#os/error";
import { nfsUrlOf, parseMediumUrl, type MediumUrl } from "../media/medium-url.ts";
import type { BootWords } from "./boot-words.ts";

export type MediumRequest =
  | MediumUrl
  /** The server that DHCP names to boot from. */
  | { readonly scheme: "boot-server" }
  /** A request that makes no sense, to be said. */
  | { readonly scheme: "wrong"; readonly message: string };

/**
 * In the order to be tried, none when any device may do. `lifeboat.medium=` is the only one where it is given; else
 * MondoRescue's words, then where the boot loader came from, then what the image was made for.
 */
export function requestedMedia(words: BootWords, imageMediumUrl: string | undefined): readonly MediumRequest[] {
  const { values, flags, medium } = words;
  if (medium !== undefined) return [request(medium)];
  const nfsmount = values.get("nfsmount");
  const usb = values.get("usb");
  return [
    ...(nfsmount === undefined ? [] : [request(nfsUrlOf(nfsmount))]),
    ...(usb === undefined ? [] : [request(`usb:${usb.startsWith("/") ? "" : "/dev/"}${usb}`)]),
    ...(flags.has("pxe") || values.has("BOOTIF") ? [bootServer(values.get("ip"))] : []),
    ...(imageMediumUrl === undefined ? [] : [request(imageMediumUrl)]),
  ];
}

/** Whether the words want the network up although the medium is a local one. */
export function wantsNetwork({ values, flags }: BootWords): boolean {
  return flags.has("net") || flags.has("pxe") || values.has("ipconf") || values.has("hwaddr") || values.has("nfsmount");
}

/** PXELINUX's `ip=` is client:boot server:gateway:netmask. */
function bootServer(ip: string | undefined): MediumRequest {
  const server = ip?.split(":")[1] ?? "";
  return server === "" || server === "0.0.0.0" ? { scheme: "boot-server" } : request(`tftp://${server}/`);
}

function request(text: string): MediumRequest {
  try {
    return parseMediumUrl(text);
  } catch (error) {
    if (error instanceof LifeboatError) return { scheme: "wrong", message: error.message };
    throw error;
  }
}
