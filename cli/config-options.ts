// Options from the config file: what the command line leaves open, /etc/lifeboat.toml may say.

import { LifeboatError } from "#os/error";
import { exists } from "#os/files";
import { CONFIG_PATH, readConfigFile, type OptionSpec as ConfigRow } from "../builder/config-file.ts";
import { textOption, type CommandSpec, type OptionSpec, type OptionValues } from "./command-spec.ts";

const CONFIG_OPTION: OptionSpec = {
  name: "config",
  value: "FILE",
  type: "path",
  description: "Read options from this file",
  defaultText: `${CONFIG_PATH}, when it is there`,
  inConfig: false,
};

/** All options of a command: its own, and `--config` when one of these may stand in the config file. */
export function optionsOf({ options }: CommandSpec): readonly OptionSpec[] {
  return options.some(mayStandInConfig) ? [...options, CONFIG_OPTION] : options;
}

/** Of all options, those that may stand in the config file, each name once, sorted. */
export function configOptions(commands: readonly CommandSpec[]): readonly OptionSpec[] {
  const all = commands.flatMap(({ options }) => options).filter(mayStandInConfig);
  return [...new Map(all.map((option) => [option.name, option])).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Adds the config file's values to those given on the command line, which come first. Throws with exit code 2. */
export async function fillFromConfig(
  { options }: CommandSpec,
  given: OptionValues,
  commands: readonly CommandSpec[],
): Promise<OptionValues> {
  const own = options.filter(mayStandInConfig);
  if (own.length === 0) return given;
  const path = textOption(given, "config");
  if (path !== undefined && !(await exists(path))) {
    throw new LifeboatError(`Cannot read "${path}" as the config file that is named must be there: no such file`, {
      exitCode: 2,
      hint: `Write it, or leave --config out: then ${CONFIG_PATH} is read when it is there`,
    });
  }
  const typedOnly = commands.flatMap((command) => optionsOf(command).filter((option) => !mayStandInConfig(option)));
  const table = {
    options: own.map(configRow),
    others: configOptions(commands).map(configRow),
    typedOnly: typedOnly.map(({ name }) => name),
  };
  const values = await readConfigFile(table, path ?? CONFIG_PATH);
  const isOpen = (name: string) => given[name] === undefined && !isPutAside(name, own, given);
  return { ...given, ...Object.fromEntries([...values].filter(([name]) => isOpen(name))) };
}

function isPutAside(name: string, options: readonly OptionSpec[], given: OptionValues): boolean {
  return options.find((option) => option.name === name)?.excludes?.some((other) => given[other] !== undefined) ?? false;
}

function mayStandInConfig({ inConfig }: OptionSpec): boolean {
  return inConfig !== false;
}

function configRow({ name, value, many, type, choices, typedValues, excludes }: OptionSpec): ConfigRow {
  const kind = many === true ? "strings" : value === undefined ? "boolean" : type === "number" ? "number" : "string";
  return {
    name,
    type: kind,
    ...(choices === undefined ? {} : { values: choices }),
    ...(typedValues === undefined ? {} : { typedValues }),
    ...(excludes === undefined ? {} : { excludes }),
  };
}
