// GRUB's menu for UEFI machines, on disks and over the network: plain script that the signed GRUB of Debian runs too.
import {
  INITRAMFS_NAME,
  KERNEL_NAME,
  LIFEBOAT_DIRECTORY,
  type BootMode,
  type MenuOptions,
  bootWords,
  markerPath,
  originText,
  serialLine,
} from "./rescue-files.ts";
import { MODE_TEXTS, plain } from "./menu-page.ts";
import { NETWORK_WORD } from "./menu-pxelinux.ts";

/** What fits between the menu's borders. */
const COLUMNS = 74;

/** `boot/grub/grub.cfg` of ISO, USB stick and ESP alike; wherever GRUB reads it from, it finds the medium by its marker. */
export function grubMenu(menu: MenuOptions, buildId: string): string {
  return [...grubSettings(menu), ...findMedium(buildId), ...entries(menu, buildId, { scriptWords: [], base: "" })].join("\n") + "\n";
}

/** `grub/grub.cfg` of a TFTP or HTTP root. Without `mediumUrl` the medium is the root that GRUB itself was served from. */
export function grubNetworkMenu(menu: MenuOptions, buildId: string, { mediumUrl, base = "" }: GrubPlace = {}): string {
  const medium = mediumUrl === undefined ? '"lifeboat.medium=$medium"' : quote(`lifeboat.medium=${mediumUrl}`);
  const scriptWords = [NETWORK_WORD, medium, '"BOOTIF=$bootif"'];
  return [...grubSettings(menu), ...askServer(), ...entries(menu, buildId, { scriptWords, base })].join("\n") + "\n";
}

export interface GrubPlace {
  readonly mediumUrl?: string | undefined;
  /** Of one image among several: its directory, with a slash at its end. */
  readonly base?: string;
}

/** What stands above the entries of every menu. */
export function grubSettings(
  menu: Pick<MenuOptions, "defaultMode" | "timeoutSeconds" | "consoles">,
  defaultId: string = menu.defaultMode,
): readonly string[] {
  const serial = serialLine(menu);
  return [
    `set default=${quote(defaultId)}`,
    // A limit of 0 would start the default at once; -1 waits for ever (GRUB manual, "timeout").
    `set timeout=${menu.timeoutSeconds === 0 ? -1 : menu.timeoutSeconds}`,
    'if [ "$lifeboat_failed" ]; then set timeout=-1; fi',
    "set timeout_style=menu",
    ...(serial === undefined ? [] : serialTerminal(serial.unit, serial.speedBaud)),
  ];
}

function serialTerminal(unit: number, speedBaud: number): readonly string[] {
  return [
    `if serial --unit=${unit} --speed=${speedBaud}; then`,
    "  terminal_input console serial",
    "  terminal_output console serial",
    "fi",
  ];
}

/** Some firmware gives GRUB a device that is not the medium; the marker holds the build id, so no other medium passes for it. */
function findMedium(buildId: string): readonly string[] {
  const marker = `/${markerPath(buildId)}`;
  return [`if [ ! -f ${marker} ]; then`, `  if search --no-floppy --file --set=root ${marker}; then true; else set root=cd0; fi`, "fi"];
}

/** `root` is `tftp,SERVER` or `http,SERVER[:PORT]`; the colons of the MAC become the dashes of PXELINUX's BOOTIF. */
function askServer(): readonly string[] {
  const groups = [1, 2, 3, 4, 5, 6];
  const sets = groups.map((group) => `--set=${group}:m${group}`).join(" ");
  const pattern = groups.map(() => "(..)").join(":");
  return [
    "set scheme=tftp",
    "set server=$net_default_server",
    `regexp --set=1:scheme --set=2:server '^([a-z]+),(.+)$' "$root"`,
    "set medium=$scheme://$server",
    `regexp ${sets} '^${pattern}$' "$net_default_mac"`,
    `set bootif=01-${groups.map((group) => `$m${group}`).join("-")}`,
  ];
}

interface EntryPlace {
  readonly scriptWords: readonly string[];
  readonly base: string;
}

function entries(menu: MenuOptions, buildId: string, place: EntryPlace): readonly string[] {
  const about = `-- ${plain(`${menu.title}: ${menu.machineName}, ${originText(menu, buildId)}`)} --`.slice(0, COLUMNS);
  // GRUB's menu has no heading, so the last line says which machine this is for; choosing it leads back to the menu.
  return [...menu.modes.flatMap((mode) => entry(menu, mode, place)), "", `menuentry ${quote(about)} --id about {`, "  true", "}"];
}

/**
 * When an entry ends, GRUB boots the kernel that was loaded, though its initramfs could not be (seen with 2.06, also after `false`),
 * and nothing unloads a kernel. So an entry that failed never ends: it shows a new menu, which waits for ever.
 */
function entry(menu: MenuOptions, mode: BootMode, { scriptWords, base }: EntryPlace): readonly string[] {
  const words = bootWords(menu, mode).map(quote);
  const allWords = [...words.slice(0, -1), ...scriptWords, ...words.slice(-1)].join(" ");
  return [
    "",
    `menuentry ${quote(`${mode.padEnd(12)} ${MODE_TEXTS[mode]}`)} --id ${mode} {`,
    "  echo 'Loading the rescue system ...'",
    `  if linux /${base}${LIFEBOAT_DIRECTORY}/${KERNEL_NAME} ${allWords}; then`,
    `    if initrd /${base}${LIFEBOAT_DIRECTORY}/${INITRAMFS_NAME}; then boot; fi`,
    "  fi",
    "  echo 'Cannot start the rescue system as kernel and initramfs must load whole: see above'",
    "  echo 'The menu comes back in a minute, or after Esc'",
    "  sleep --interruptible 60",
    "  set lifeboat_failed=1",
    "  export lifeboat_failed",
    "  while true; do configfile $prefix/grub.cfg; sleep 5; done",
    "}",
  ];
}

/** A word for GRUB's script language: bare where that is safe, else in single quotes. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_.,:=/@%+-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}
