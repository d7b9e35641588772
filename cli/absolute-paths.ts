// Paths that the user gives become absolute once, before anything looks at them.

import { resolve } from "node:path";
import { LifeboatError } from "#os/error";
import type { CommandSpec, OptionSpec, OptionValues } from "./command-spec.ts";

/** Seen from the working directory, those of the config file too. Throws LifeboatError, exit code 2, for an empty one. */
export function withAbsolutePaths(options: readonly OptionSpec[], values: OptionValues): OptionValues {
  const paths = options.flatMap(({ name, type }): readonly (readonly [string, string])[] => {
    const value = values[name];
    if (typeof value !== "string" || (type !== "path" && type !== "path-or-name")) return [];
    // A name without a slash is no path: `--kernel failsafe`.
    return [[name, type === "path" || value === "" || value.includes("/") ? absolutePath(`--${name}`, value) : value]];
  });
  return { ...values, ...Object.fromEntries(paths) };
}

/** The command's arguments, those that are paths absolute. */
export function absoluteArguments({ args }: CommandSpec, values: readonly unknown[]): readonly (string | undefined)[] {
  return args.map(({ name, isPath }, index) => {
    const value = values[index];
    if (typeof value !== "string") return undefined;
    return isPath === true ? absolutePath(name, value) : value;
  });
}

function absolutePath(option: string, value: string): string {
  if (value !== "") return resolve(value);
  throw new LifeboatError(`Cannot use ${option} as its value must name something: it is empty`, {
    exitCode: 2,
    hint: `Give a value, or leave ${option} out`,
  });
}
