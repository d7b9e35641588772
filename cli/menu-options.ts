// Options of all commands that make a boot menu: its words, its consoles, its time.

import { hostname } from "node:os";
import { LifeboatError } from "#os/error";
import { checkEpoch } from "../bootloaders/fat-image.ts";
import { BOOT_MODES, type BootMode, type MenuOptions } from "../bootloaders/rescue-files.ts";
import { credentialInOptions, credentialOf } from "../media/credential.ts";
import { listOption, numberOption, textOption, type OptionSpec, type OptionValues } from "./command-spec.ts";

export const APPEND_OPTION: OptionSpec = {
  name: "append",
  value: "WORDS",
  mayBeEmpty: true,
  description: "Kernel words added to every mode",
};
export const CONSOLE_OPTION: OptionSpec = {
  name: "console",
  value: "NAME",
  many: true,
  description: "A console, as after console=; may be given again",
  defaultText: "tty0 and ttyS0,115200n8",
};
export const TIMEOUT_OPTION: OptionSpec = {
  name: "timeout",
  value: "SECONDS",
  type: "number",
  description: "How long the boot menu waits, at most 3599; 0 waits for ever",
  defaultText: "30",
};

/** The reproducible-builds convention; without it every image carries one fixed time, so that equal inputs give equal bytes. */
export function sourceDateEpoch(): number {
  const text = givenEpoch();
  if (text === undefined) return FIXED_EPOCH;
  if (!/^\d+$/.test(text)) {
    throw new LifeboatError(`Cannot use SOURCE_DATE_EPOCH as it must be whole seconds since 1970: "${text}"`, {
      exitCode: 2,
      hint: `Give a number such as ${FIXED_EPOCH}, or leave it unset`,
    });
  }
  checkEpoch(Number(text));
  return Number(text);
}

function givenEpoch(): string | undefined {
  const text = process.env["SOURCE_DATE_EPOCH"];
  return text === "" ? undefined : text;
}

/** 2026-01-01, after the earliest date that FAT and ISO 9660 can hold. */
const FIXED_EPOCH = 1767225600;

export function readMenu(options: OptionValues, epoch: number): MenuOptions {
  const consoles = listOption(options, "console");
  return {
    modes: BOOT_MODES,
    defaultMode: (textOption(options, "default") ?? "interactive") as BootMode,
    consentToNuke: textOption(options, "default") === "nuke",
    timeoutSeconds: numberOption(options, "timeout", 30),
    append: textOption(options, "append") ?? "",
    consoles: consoles.length === 0 ? ["tty0", "ttyS0,115200n8"] : consoles,
    title: "Lifeboat",
    machineName: hostname(),
    // The fixed time says nothing about the medium.
    dateText: givenEpoch() === undefined ? undefined : new Date(epoch * 1000).toISOString().slice(0, 10),
  };
}

/** Throws LifeboatError (3) for what nobody would be there to open (DESIGN section 8, rule 7). `words` are URLs and boot words. */
export function requireNoCredential(words: readonly string[]): void {
  const values = words.flatMap((text) => text.split(/\s+/)).map((word) => word.replace(/^(?:lifeboat\.medium|nfsmount)=/, ""));
  const places = values.map((word) => credentialOf(word) ?? credentialInOptions(word.replace(/^nfsopt=/, "")));
  const credential = places.find((one) => one !== undefined);
  if (credential === undefined) return;
  throw new LifeboatError(`Cannot start nuke by itself as its medium must need no credential: ${credential}`, {
    hint: "Use one that is read without, such as an NFS export or plain HTTP, or leave nuke to who types it",
  });
}
