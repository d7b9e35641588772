// What every medium carries and what its menu offers: the contract between builder/ and this room.
import { LifeboatError } from "#os/error";

/** The rescue image as files, and the names that tie a boot loader to it. */
export interface RescueFiles {
  readonly kernelPath: string;
  readonly initramfsPath: string;
  /** `tools.squashfs`. */
  readonly toolsPath: string;
  readonly kernelRelease: string;
  /** 1 to 48 of `A-Za-z0-9._-`; names the marker file by which GRUB tells this medium from others. */
  readonly buildId: string;
}

export const BOOT_MODES = ["interactive", "nuke", "compare", "expert"] as const;
export type BootMode = (typeof BOOT_MODES)[number];

export interface MenuOptions {
  /** The labels, in the order shown. */
  readonly modes: readonly BootMode[];
  readonly defaultMode: BootMode;
  /** Must be true for `defaultMode: "nuke"`: making such a medium is the act of consent (DESIGN section 8, rule 4). */
  readonly consentToNuke?: boolean;
  /** 0 waits for ever; at most 3599, the largest TIMEOUT that syslinux keeps. */
  readonly timeoutSeconds: number;
  /** Kernel words added to every label. */
  readonly append: string;
  /** As after `console=`: `tty0`, `ttyS0,115200n8`. The last one becomes /dev/console. */
  readonly consoles: readonly string[];
  readonly title: string;
  readonly machineName: string;
  /** When it was made, where that was told; the build id stands in for it. */
  readonly dateText: string | undefined;
}

/** A serial line as boot loaders want it. */
export interface SerialLine {
  readonly unit: number;
  readonly speedBaud: number;
}

export const LIFEBOAT_DIRECTORY = "lifeboat";
export const KERNEL_NAME = "vmlinuz";
export const INITRAMFS_NAME = "initramfs.img";
export const TOOLS_NAME = "tools.squashfs";
export const BUILD_ID_NAME = "build-id";

/** x86's COMMAND_LINE_SIZE is 2048 with the final NUL; the rest is room for BOOTIF=, ip= and words typed at the prompt. */
const MAX_WORDS_LENGTH = 1700;

/** The kernel's words for one mode: consoles first, the mode last, so that no later word can change it. */
export function bootWords(menu: MenuOptions, mode: BootMode, mediumWords: readonly string[] = []): readonly string[] {
  const quiet = mode === "expert" ? [] : ["quiet"];
  return [...menu.consoles.map((name) => `console=${name}`), ...quiet, ...splitWords(menu.append), ...mediumWords, mode];
}

/** What tells one medium of a machine from another, for people. */
export function originText({ dateText }: MenuOptions, buildId: string): string {
  return dateText === undefined ? `build ${buildId}` : `made ${dateText}`;
}

/** The marker file of one build, relative to the medium's root. */
export function markerPath(buildId: string): string {
  return `${LIFEBOAT_DIRECTORY}/id-${buildId}`;
}

/** The first serial console, which the boot loader's menu uses too. */
export function serialLine(menu: Pick<MenuOptions, "consoles">): SerialLine | undefined {
  for (const name of menu.consoles) {
    const match = /^ttyS(\d+)(?:,(\d+))?/.exec(name);
    // 9600 is the kernel's own speed when none is named (Documentation/admin-guide/serial-console.rst).
    if (match?.[1] !== undefined) return { unit: Number(match[1]), speedBaud: Number(match[2] ?? "9600") };
  }
  return undefined;
}

/** Throws LifeboatError (exit 2) for a menu that a loader would misread or that would wipe a machine unasked. */
export function checkMenu(menu: MenuOptions): void {
  if (!menu.modes.includes(menu.defaultMode)) refuse("the default is one of the modes", `"${menu.defaultMode}" is not offered`);
  if (new Set(menu.modes).size !== menu.modes.length) refuse("each mode is offered once", menu.modes.join(" "));
  if (menu.defaultMode === "nuke" && menu.consentToNuke !== true) {
    refuse('"nuke" is a default only where the medium is made for it', "no consent was given");
  }
  const { timeoutSeconds } = menu;
  if (!Number.isInteger(timeoutSeconds) || timeoutSeconds < 0 || timeoutSeconds > 3599) {
    refuse("the time limit is 0 to 3599 whole seconds", String(timeoutSeconds));
  }
  for (const name of menu.consoles) {
    if (!/^[A-Za-z]+\d*(,\d+[a-z\d]*)?$/.test(name)) refuse("a console is named like ttyS0,115200n8", `"${name}"`);
  }
  checkAppend(menu);
}

/** Throws LifeboatError (exit 2) when the build id cannot be a file name on ISO, FAT and in a GRUB script alike. */
export function checkBuildId(buildId: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$/.test(buildId)) return;
  throw new LifeboatError(`Cannot name the medium as a build id is 1 to 48 of A-Z a-z 0-9 . _ -: "${buildId}"`, { exitCode: 2 });
}

function checkAppend(menu: MenuOptions): void {
  // Quotes, backslashes, "||" and "${" mean something else to each of the loaders; no kernel word needs them.
  if (!/^(?:(?!\|\||&&|\$\{)[ !#-&(-[\]-~])*$/.test(menu.append)) {
    refuse('kernel words are one line of ASCII without quotes, backslashes, "||", "&&" and "${"', `"${menu.append}"`);
  }
  const stray = splitWords(menu.append).find((word) => BOOT_MODES.some((mode) => mode === word));
  if (stray !== undefined) refuse("modes are chosen by their label", `"${stray}" stands among the words of all labels`);
  const longest = Math.max(...menu.modes.map((mode) => bootWords(menu, mode).join(" ").length));
  if (longest > MAX_WORDS_LENGTH) refuse(`kernel words have ${MAX_WORDS_LENGTH} characters at most`, `${longest} were given`);
}

function splitWords(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function refuse(rule: string, state: string): never {
  throw new LifeboatError(`Cannot make a boot menu as ${rule}: ${state}`, { exitCode: 2 });
}
