// The words of /proc/cmdline that are ours: the mode, MondoRescue's parameters and `lifeboat.*` (DESIGN section 4).

import { nearestName } from "../machine/nearest-name.ts";

export type Mode = "interactive" | "nuke" | "compare" | "expert";

export type StageName = "essential-modules" | "media" | "additional-tools" | "all-modules" | "hand-off";

export const STAGE_NAMES: readonly StageName[] = ["essential-modules", "media", "additional-tools", "all-modules", "hand-off"];

/** MondoRescue's parameters that stand alone. */
const FLAGS = ["pxe", "net", "noresize", "nopart", "nolvm", "nomd", "nohw", "textonly", "donteject"] as const;
/** MondoRescue's parameters that take a value. */
const VALUES = [
  "prefix",
  "ipconf",
  "nfsmount",
  "nfsopt",
  "ping",
  "hwaddr",
  "usb",
  "serial",
  "pre",
  "post",
  "excludedevs",
  "forcemods",
  "denymods",
] as const;
/** What a boot loader adds about the network it booted from (pxelinux `ipappend 3`). */
const LOADER_VALUES = ["ip", "BOOTIF"] as const;
/** Ours, without the leading `lifeboat.`; all take a value. */
const OWN = ["medium", "heap"];

export type Flag = (typeof FLAGS)[number];
export type Value = (typeof VALUES)[number] | (typeof LOADER_VALUES)[number];

export interface BootWords {
  readonly mode: Mode;
  readonly flags: ReadonlySet<Flag>;
  readonly values: ReadonlyMap<Value, string>;
  /** `lifeboat.medium=URL`: where the tools layer and the sets are. */
  readonly medium: string | undefined;
  /** Stage limits in milliseconds, from `lifeboat.timeout.STAGE=SECONDS`. */
  readonly timeoutsMs: ReadonlyMap<StageName, number>;
  /** One sentence for each `lifeboat.` word that is not known or has no sense. */
  readonly problems: readonly string[];
}

const MODES: readonly Mode[] = ["compare", "nuke", "expert", "interactive"];

/** Reads a kernel command line. Whole words only; the last of two equal names wins; double quotes group. */
export function parseBootWords(commandLine: string): BootWords {
  const words = splitWords(commandLine);
  const own = readOwnWords(words);
  const named = words.map(splitWord);
  return {
    // MondoRescue's order of precedence when several are given.
    mode: MODES.find((mode) => words.includes(mode)) ?? "interactive",
    flags: new Set(FLAGS.filter((flag) => words.includes(flag))),
    values: new Map(named.flatMap(({ name, value }) => (value !== undefined && isValue(name) ? [[name, value] as const] : []))),
    ...own,
  };
}

/** Splits at blanks outside double quotes and drops the quotes, as the kernel does. */
export function splitWords(commandLine: string): readonly string[] {
  const words = commandLine.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
  return words.map((word) => word.replace(/"/g, ""));
}

function splitWord(word: string): { name: string; value: string | undefined } {
  const at = word.indexOf("=");
  return at < 0 ? { name: word, value: undefined } : { name: word.slice(0, at), value: word.slice(at + 1) };
}

function isValue(name: string): name is Value {
  return [...VALUES, ...LOADER_VALUES].includes(name as Value);
}

function readOwnWords(words: readonly string[]): Pick<BootWords, "medium" | "timeoutsMs" | "problems"> {
  const known = [...OWN, ...STAGE_NAMES.map((stage) => `timeout.${stage}`)].map((name) => `lifeboat.${name}`);
  const timeoutsMs = new Map<StageName, number>();
  const problems: string[] = [];
  let medium: string | undefined;
  for (const word of words.filter((candidate) => candidate.startsWith("lifeboat."))) {
    const { name, value } = splitWord(word);
    const stage = STAGE_NAMES.find((candidate) => name === `lifeboat.timeout.${candidate}`);
    if (!known.includes(name)) {
      problems.push(`Cannot use the boot word "${name}" as it must be a known one: the nearest is "${nearestName(name, known)}"`);
    } else if (value === undefined || value === "") {
      problems.push(`Cannot use the boot word "${name}" as it needs a value: write ${name}=VALUE`);
    } else if (stage !== undefined) {
      if (/^[1-9][0-9]{0,5}$/.test(value)) timeoutsMs.set(stage, Number(value) * 1000);
      else problems.push(`Cannot use the boot word "${word}" as its value must be a number of seconds: "${value}"`);
    } else if (name === "lifeboat.medium") {
      medium = value;
    }
  }
  return { medium, timeoutsMs, problems };
}
