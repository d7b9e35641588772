// The iPXE script for HTTP (or TFTP) boot: a menu of the modes, files by names relative to the script's own address.
import { INITRAMFS_NAME, KERNEL_NAME, LIFEBOAT_DIRECTORY, type BootMode, type MenuOptions, bootWords } from "./rescue-files.ts";
import { MODE_TEXTS, plain } from "./menu-page.ts";
import { NETWORK_WORD } from "./menu-pxelinux.ts";

/** `boot.ipxe`. */
export function ipxeMenu(menu: MenuOptions, mediumUrl?: string): string {
  const lines = [
    "#!ipxe",
    ...(mediumUrl === undefined ? findMedium() : [`set medium ${mediumUrl}`]),
    ":start",
    `menu ${plain(menu.title)} - ${plain(menu.machineName)}`,
    ...menu.modes.map((mode) => `item ${mode} ${mode.padEnd(13)}${MODE_TEXTS[mode]}`),
    // A limit of 0 waits for ever here too.
    `choose --default ${menu.defaultMode} --timeout ${menu.timeoutSeconds * 1000} mode || shell`,
    "goto ${mode}",
    ...menu.modes.flatMap((mode) => entry(menu, mode)),
    "",
    ":failed",
    "echo Cannot start the rescue system as kernel and initramfs must load whole: see above",
    "prompt Press a key for the menu",
    "imgfree",
    "goto start",
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * Where the script came from: `cwduri` in iPXE of today. Builds before it (2019's, in QEMU 7.2) have only the file name of the DHCP
 * answer, which is a URL for HTTP; no command cuts it, so the agent is left to resolve "..".
 */
function findMedium(): readonly string[] {
  return [
    `set medium tftp://\${next-server}`,
    `iseq \${filename} boot.ipxe || set medium \${filename}/..`,
    `isset \${cwduri} && set medium \${cwduri} ||`,
  ];
}

function entry(menu: MenuOptions, mode: BootMode): readonly string[] {
  const words = bootWords(menu, mode, [NETWORK_WORD, "lifeboat.medium=${medium}", "BOOTIF=01-${mac:hexhyp}"]);
  return [
    "",
    `:${mode}`,
    // initrd= names the image for EFI builds of iPXE, where the kernel looks it up by name.
    `kernel ${LIFEBOAT_DIRECTORY}/${KERNEL_NAME} initrd=${INITRAMFS_NAME} ${words.join(" ")} || goto failed`,
    `initrd --name ${INITRAMFS_NAME} ${LIFEBOAT_DIRECTORY}/${INITRAMFS_NAME} || goto failed`,
    "boot || goto failed",
  ];
}
