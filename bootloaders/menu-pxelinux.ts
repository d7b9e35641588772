// The menu of a network boot through PXELINUX: the same prompt, and what the boot server told us as kernel words.
import type { MenuOptions } from "./rescue-files.ts";
import { syslinuxMenu } from "./menu-isolinux.ts";

export const PXELINUX_PAGE_NAME = "pxelinux.cfg/boot.msg";

/** Of one image among several: "" or a directory with a slash at its end, and the page of its menu. */
export interface PxelinuxPlace {
  readonly base: string;
  readonly pageName: string;
}

const ROOT: PxelinuxPlace = { base: "", pageName: PXELINUX_PAGE_NAME };

/** The word of MondoRescue by which the agent knows that it came over the network. */
export const NETWORK_WORD = "pxe";

/**
 * `pxelinux.cfg/default`. IPAPPEND 3 adds `ip=CLIENT:SERVER:GATEWAY:MASK` and `BOOTIF=01-MAC` (doc/pxelinux.txt),
 * from which the agent finds the boot server when no `mediumUrl` names where the tools layer is.
 */
export function pxelinuxMenu(menu: MenuOptions, mediumUrl?: string, place: PxelinuxPlace = ROOT): string {
  const mediumWords = mediumUrl === undefined ? [NETWORK_WORD] : [NETWORK_WORD, `lifeboat.medium=${mediumUrl}`];
  return syslinuxMenu(menu, { ...place, mediumWords, labelLines: ["IPAPPEND 3"] });
}
