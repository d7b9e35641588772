// The page above the boot prompt: what each mode does, in 80 columns of ASCII that fit one screen with the prompt.
import { type BootMode, type MenuOptions, originText } from "./rescue-files.ts";

/** One line a mode, short enough for a menu entry. */
export const MODE_TEXTS: Readonly<Record<BootMode, string>> = {
  interactive: "Look at this machine, then ask before each step",
  nuke: "ERASE the disks and restore everything, asking nothing",
  compare: "Compare the machine with its backup, write nothing",
  expert: "A root shell on every console",
};

const COLUMNS = 79;

/** Lines end in LF, which syslinux shows as CR LF. */
export function bootPage(menu: MenuOptions, buildId: string): string {
  const lines = [
    "",
    menu.title,
    "=".repeat(Math.min(menu.title.length, COLUMNS)),
    `This medium restores: ${menu.machineName} (${originText(menu, buildId)})`,
    "",
    "Type one of these words and press Enter. Kernel words may follow it.",
    "",
    ...menu.modes.map((mode) => `    ${mode.padEnd(13)}${MODE_TEXTS[mode]}`),
    "",
    defaultLine(menu),
    "",
  ];
  return lines.map((line) => `${plain(line).slice(0, COLUMNS).trimEnd()}\n`).join("");
}

/** Printable ASCII: what a serial line in any code page shows alike. */
export function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, "?");
}

function defaultLine(menu: MenuOptions): string {
  const start = `Enter alone starts "${menu.defaultMode}"`;
  return menu.timeoutSeconds === 0 ? `${start}.` : `${start}; so does waiting ${menu.timeoutSeconds} seconds.`;
}
