// The words of /proc/cmdline that are ours: the mode, MondoRescue's parameters and `lifeboat.*` (DESIGN section 4).

import { nearestName } from "../machine/nearest-name.ts";
import { STAGE_NAMES, type StageName } from "./stage-names.ts";
import { FLAG_WORDS, LOADER_WORDS, OWN_WORDS, VALUE_WORDS, type MODE_WORDS, type WordText } from "./word-table.ts";

export { STAGE_NAMES, type StageName } from "./stage-names.ts";

export type Mode = keyof typeof MODE_WORDS;
/** MondoRescue's parameters that stand alone. */
export type Flag = keyof typeof FLAG_WORDS;
/** MondoRescue's parameters that take a value, and what a boot loader adds. */
export type Value = keyof typeof VALUE_WORDS | keyof typeof LOADER_WORDS;

/** `lifeboat.NAME` without a part that stands for something. */
export type OwnWord = Exclude<keyof typeof OWN_WORDS, "lifeboat.timeout.STAGE" | "lifeboat.heap">;

export interface BootWords {
  readonly mode: Mode;
  readonly flags: ReadonlySet<Flag>;
  readonly values: ReadonlyMap<Value, string>;
  /** `lifeboat.medium=URL`: where the tools layer and the sets are. */
  readonly medium: string | undefined;
  /** All other `lifeboat.` words that have a text for a value; commas part several. */
  readonly own: ReadonlyMap<OwnWord, readonly string[]>;
  /** Stage limits in milliseconds, from `lifeboat.timeout.STAGE=SECONDS`. */
  readonly timeoutsMs: ReadonlyMap<StageName, number>;
  /** One sentence for each `lifeboat.` word that is not known or has no sense. */
  readonly problems: readonly string[];
}

const FLAGS = Object.keys(FLAG_WORDS) as Flag[];
const VALUES: readonly string[] = [...Object.keys(VALUE_WORDS), ...Object.keys(LOADER_WORDS)];
/** MondoRescue's order of precedence when several are given. */
const MODES: readonly Mode[] = ["compare", "nuke", "expert", "interactive"];

/** Reads a kernel command line. Whole words only; the last of two equal names wins; double quotes group. */
export function parseBootWords(commandLine: string): BootWords {
  const words = splitWords(commandLine);
  const own = readOwnWords(words);
  const named = words.map(splitWord);
  return {
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
  return VALUES.includes(name);
}

const TIMEOUT = "lifeboat.timeout.";
const NAMES = Object.keys(OWN_WORDS).flatMap((name) =>
  name.startsWith(TIMEOUT) ? STAGE_NAMES.map((stage) => `${TIMEOUT}${stage}`) : [name],
);

function readOwnWords(words: readonly string[]): Pick<BootWords, "medium" | "own" | "timeoutsMs" | "problems"> {
  const timeoutsMs = new Map<StageName, number>();
  const own = new Map<OwnWord, readonly string[]>();
  const problems: string[] = [];
  for (const word of words.filter((candidate) => candidate.startsWith("lifeboat."))) {
    const { name, value } = splitWord(word);
    const problem = problemOf(word, name, value);
    const stage = STAGE_NAMES.find((candidate) => name === `${TIMEOUT}${candidate}`);
    if (problem !== undefined) problems.push(problem);
    else if (stage !== undefined) timeoutsMs.set(stage, Number(value) * 1000);
    else if (textOf(name) !== undefined)
      own.set(
        name as OwnWord,
        (value ?? "").split(",").filter((part) => part !== ""),
      );
  }
  // A URL may have commas.
  const medium = words
    .map(splitWord)
    .reverse()
    .find(({ name, value }) => name === "lifeboat.medium" && value !== "")?.value;
  return { medium, own, timeoutsMs, problems };
}

function textOf(name: string): WordText | undefined {
  const text = (OWN_WORDS as Readonly<Record<string, WordText>>)[name];
  return text?.isText === true || text?.choices !== undefined ? text : undefined;
}

function problemOf(word: string, name: string, value: string | undefined): string | undefined {
  if (!NAMES.includes(name)) return `Cannot use the boot word "${name}" as it must be a known one: ${nearest(name)}`;
  if (value === undefined || value === "") return `Cannot use the boot word "${name}" as it needs a value: write ${name}=VALUE`;
  const text = textOf(name);
  const choices = text?.choices;
  if (choices !== undefined && !choices.includes(value)) {
    return `Cannot use the boot word "${word}" as its value must be one of ${choices.join(", ")}: "${value}"`;
  }
  if (text !== undefined || /^[1-9][0-9]{0,5}$/.test(value)) return undefined;
  const unit = name.startsWith(TIMEOUT) ? "seconds" : "MiB";
  return `Cannot use the boot word "${word}" as its value must be a number of ${unit}: "${value}"`;
}

function nearest(name: string): string {
  const near = nearestName(name, NAMES);
  return near === undefined ? `there are ${NAMES.join(" ")}` : `the nearest is "${near}"`;
}
