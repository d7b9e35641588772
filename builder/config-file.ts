// Reads /etc/lifeboat.toml: options by their long names, checked against the table of options, errors by file and line.
import { parse, TomlError } from "smol-toml";
import { LifeboatError } from "#os/error";
import { readTextIfThere } from "#os/files";
import { nearestName } from "../machine/nearest-name.ts";

/** What a config file needs to know of an option: a row of a command's option table has at least this. */
export interface OptionSpec {
  /** The long name without its dashes. */
  readonly name: string;
  /** `strings`: may be given more than once; a single text stands for a list of one. */
  readonly type: "boolean" | "string" | "number" | "strings";
  /** The only values there are; all when absent. */
  readonly values?: readonly string[];
  /** Of these, values that count only where somebody types them, and why. */
  readonly typedValues?: { readonly values: readonly string[]; readonly because: string };
  /** Names of options that say the opposite. */
  readonly excludes?: readonly string[];
}

export type OptionValue = boolean | string | number | readonly string[];

export const CONFIG_PATH = "/etc/lifeboat.toml";

export interface ConfigTable {
  /** The command's own options. */
  readonly options: readonly OptionSpec[];
  /** Options of other commands, which may stand in the same file and are not returned. */
  readonly others?: readonly OptionSpec[];
  /** Names of options that the command line alone may give. */
  readonly typedOnly?: readonly string[];
}

/** The values by option name; empty when there is no such file. Throws with exit code 2. */
export async function readConfigFile(table: ConfigTable, path = CONFIG_PATH): Promise<ReadonlyMap<string, OptionValue>> {
  const text = await readTextIfThere(path);
  return text === undefined ? new Map() : parseConfig(text, path, table);
}

/** Like readConfigFile, of a text; `path` is for the messages. */
export function parseConfig(
  text: string,
  path: string,
  { options, others = [], typedOnly = [] }: ConfigTable,
): ReadonlyMap<string, OptionValue> {
  const values = new Map<string, OptionValue>();
  const given = parseToml(text, path);
  for (const [key, value] of Object.entries(given)) {
    const place = (): string => `${path}:${lineOfKey(text, key)}`;
    const own = options.find((option) => option.name === key);
    const option = own ?? others.find((other) => other.name === key);
    if (option === undefined && typedOnly.includes(key)) throw typedKey(key, place());
    if (option === undefined) throw unknownKey(key, place(), [...options, ...others]);
    const converted = convert(value, option);
    if (converted === undefined) throw wrongValue(option, value, place());
    if (isTyped(option, converted)) throw typedValue(option, converted, place());
    const opposite = option.excludes?.find((name) => isGiven(value) && isGiven(given[name]));
    if (opposite !== undefined) throw opposites(key, opposite, place());
    if (own !== undefined) values.set(key, converted);
  }
  return values;
}

/** A switch that is off says nothing. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== false;
}

function isTyped({ typedValues }: OptionSpec, value: OptionValue): boolean {
  return typeof value === "string" && (typedValues?.values.includes(value) ?? false);
}

/** The value as its option takes it, or undefined when it does not. */
function convert(value: unknown, { type, values }: OptionSpec): OptionValue | undefined {
  const isAllowed = (text: unknown): text is string => typeof text === "string" && (values === undefined || values.includes(text));
  if (type === "boolean") return typeof value === "boolean" ? value : undefined;
  if (type === "number") return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (type === "string") return isAllowed(value) ? value : undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.every(isAllowed) ? list : undefined;
}

function parseToml(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const state = error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "") ?? "";
    throw new LifeboatError(`Cannot read "${path}:${error.line}" as the config file must be TOML: ${state}`, {
      exitCode: 2,
      hint: 'Write lines such as: format = "iso"',
      cause: error,
    });
  }
}

/** Counted from 1. The key begins on the line after the last beginning of the file that is TOML without it. */
function lineOfKey(text: string, key: string): number {
  const lines = text.split("\n");
  let before = 0;
  for (let count = 1; count <= lines.length; count += 1) {
    const keys = keysOf(lines.slice(0, count).join("\n"));
    if (keys === undefined) continue;
    if (keys.includes(key)) break;
    before = count;
  }
  return before + 1;
}

function keysOf(text: string): readonly string[] | undefined {
  try {
    return Object.keys(parse(text));
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
}

function unknownKey(key: string, place: string, options: readonly OptionSpec[]): LifeboatError {
  const names = [...new Set(options.map((option) => option.name))];
  const near = nearestName(key, names);
  return new LifeboatError(`Cannot use "${place}" as its keys must be names of options: there is no option "${key}"`, {
    exitCode: 2,
    hint: near === undefined ? `The options are ${names.sort().join(", ")}` : `Did you mean "${near}"?`,
  });
}

function typedKey(key: string, place: string): LifeboatError {
  return new LifeboatError(`Cannot use "${place}" as its keys must be options that may stand in a file: "${key}" may not`, {
    exitCode: 2,
    hint: `Remove it there, and give --${key} on the command line`,
  });
}

function typedValue({ name, typedValues }: OptionSpec, value: OptionValue, place: string): LifeboatError {
  return new LifeboatError(`Cannot use "${place}" as ${typedValues?.because}: it says ${name} = ${JSON.stringify(value)}`, {
    exitCode: 2,
    hint: `Remove it there, and give --${name} ${String(value)} on the command line`,
  });
}

function opposites(key: string, opposite: string, place: string): LifeboatError {
  return new LifeboatError(`Cannot use "${place}" as "${key}" and "${opposite}" exclude each other: both are given`, {
    exitCode: 2,
    hint: "Remove one of them",
  });
}

const EXPECTED: Readonly<Record<OptionSpec["type"], string>> = {
  boolean: "true or false",
  number: "a whole number",
  string: "a text in quotes",
  strings: 'a list of texts such as ["a", "b"]',
};

function wrongValue({ name, type, values }: OptionSpec, value: unknown, place: string): LifeboatError {
  const expected = values === undefined ? EXPECTED[type] : `${type === "strings" ? "a list of " : ""}one of ${values.join(", ")}`;
  return new LifeboatError(`Cannot use "${place}" as "${name}" must be ${expected}: it is ${JSON.stringify(value)}`, {
    exitCode: 2,
    hint: `Change "${name}" there, or remove it`,
  });
}
