// The text prompt of ISOLINUX and SYSLINUX: typing a mode's word starts it (doc/syslinux.txt of Syslinux 6).
import { INITRAMFS_NAME, KERNEL_NAME, LIFEBOAT_DIRECTORY, type MenuOptions, bootWords, serialLine } from "./rescue-files.ts";

export interface SyslinuxMenuOptions {
  /** Before `lifeboat/` in file names; "/" on disks, "" over TFTP, where names are relative to the loader's own. */
  readonly base: string;
  /** The file that `bootPage` went into, beside the configuration. */
  readonly pageName: string;
  readonly mediumWords?: readonly string[];
  /** Lines of every label, such as IPAPPEND. */
  readonly labelLines?: readonly string[];
}

export const ISOLINUX_PAGE_NAME = "boot.msg";

/** `isolinux.cfg` or `syslinux.cfg`. */
export function isolinuxMenu(menu: MenuOptions): string {
  return syslinuxMenu(menu, { base: "/", pageName: ISOLINUX_PAGE_NAME });
}

/** The configuration that all loaders of the Syslinux family share. */
export function syslinuxMenu(menu: MenuOptions, options: SyslinuxMenuOptions): string {
  const serial = serialLine(menu);
  const lines = [
    // SERIAL must be the first line of the file.
    ...(serial === undefined ? [] : [`SERIAL ${serial.unit} ${serial.speedBaud}`]),
    `DEFAULT ${menu.defaultMode}`,
    "PROMPT 1",
    // In tenths of a second; 0 waits for ever. TOTALTIMEOUT stays unset: it would start the default under typing hands.
    `TIMEOUT ${menu.timeoutSeconds * 10}`,
    // Only labels count: a typing error is refused instead of being taken for a file name.
    "IMPLICIT 0",
    `DISPLAY ${options.pageName}`,
    ...menu.modes.flatMap((mode) => label(menu, mode, options)),
  ];
  return `${lines.join("\n")}\n`;
}

function label(menu: MenuOptions, mode: MenuOptions["defaultMode"], options: SyslinuxMenuOptions): readonly string[] {
  const directory = `${options.base}${LIFEBOAT_DIRECTORY}`;
  return [
    "",
    `LABEL ${mode}`,
    `  KERNEL ${directory}/${KERNEL_NAME}`,
    `  INITRD ${directory}/${INITRAMFS_NAME}`,
    `  APPEND ${bootWords(menu, mode, options.mediumWords).join(" ")}`,
    ...(options.labelLines ?? []).map((line) => `  ${line}`),
  ];
}
