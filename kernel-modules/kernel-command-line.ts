// Module parameters on the kernel's command line: MODULE.PARAM=VALUE and modprobe.blacklist=A,B (modprobe(8), kmod's kcmdline tests).
import type { ModuleOptions } from "./modprobe-config.ts";
import { normalizeModuleName } from "./module-name.ts";

export interface CommandLineModules {
  /** One entry a word, in order; a value with blanks keeps its double quotes. */
  readonly options: readonly ModuleOptions[];
  readonly blacklist: readonly string[];
}

/** Reads the text of /proc/cmdline. Words that are no module's are left out. */
export function parseCommandLineModules(commandLine: string): CommandLineModules {
  const options: ModuleOptions[] = [];
  const blacklist: string[] = [];
  for (const word of quotedWords(commandLine.split("\n", 1)[0]!)) {
    const entry = moduleOption(word);
    if (entry === undefined) continue;
    const banned = /^blacklist=(.*)$/.exec(entry.options);
    if (entry.module === "modprobe" && banned !== null) blacklist.push(...namesIn(banned[1]!));
    else options.push(entry);
  }
  return { options, blacklist };
}

function namesIn(list: string): readonly string[] {
  return list
    .replace(/"/g, "")
    .split(",")
    .filter((name) => name !== "")
    .map(normalizeModuleName);
}

/** Blanks inside double quotes do not end a word. */
function quotedWords(text: string): readonly string[] {
  return text.match(/(?:"[^"]*(?:"|$)|[^"\s])+/g) ?? [];
}

function moduleOption(word: string): ModuleOptions | undefined {
  const match = /^([\w-]+)\.([^.="\s]+)(=[^]*)?$/.exec(unwrapped(word));
  if (match === null) return undefined;
  return { module: match[1]!.replace(/-/g, "_"), options: `${match[2]!}${match[3] ?? ""}` };
}

/** GRUB passes `"module.param=some words"` for `module.param="some words"`. */
function unwrapped(word: string): string {
  const match = /^"([^"=]+)=([^"]*)"$/.exec(word);
  return match === null ? word : `${match[1]!}="${match[2]!}"`;
}
