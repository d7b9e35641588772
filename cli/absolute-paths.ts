// Paths that the user gives become absolute once, before anything looks at them.

import { resolve } from "node:path";
import { LifeboatError } from "#os/error";
import { isOtherMedium } from "../media/archive-medium.ts";
import type { CommandSpec, OptionSpec, OptionValues } from "./command-spec.ts";

/**
 * Seen from the working directory, those of the config file too. Throws LifeboatError, exit code 2, for any option's value that is
 * empty: a variable of a script that was never set must not stand for the working directory, or for everything.
 */
export function withAbsolutePaths(options: readonly OptionSpec[], values: OptionValues): OptionValues {
  const paths = options.flatMap((spec): readonly (readonly [string, string | readonly string[]])[] => {
    const value = values[spec.name];
    if (typeof value === "string") return [[spec.name, absoluteValue(spec, value)]];
    return Array.isArray(value) ? [[spec.name, (value as readonly string[]).map((one) => absoluteValue(spec, one))]] : [];
  });
  return { ...values, ...Object.fromEntries(paths) };
}

function absoluteValue({ name, type, mayBeEmpty }: OptionSpec, value: string): string {
  if (value === "" && mayBeEmpty !== true) throw emptyValue(`--${name}`);
  // A name without a slash is no path: `--kernel failsafe`.
  return type === "path" || (type === "path-or-name" && value.includes("/")) ? resolve(value) : value;
}

/** The command's arguments, those that are paths absolute. */
export function absoluteArguments({ args }: CommandSpec, values: readonly unknown[]): readonly (string | undefined)[] {
  return args.map(({ name, isPath }, index) => {
    const value = values[index];
    if (typeof value !== "string") return undefined;
    if (isPath === true && value === "") throw emptyValue(name);
    return isPath === true ? absolutePlace(value) : value;
  });
}

/** A set may be named by its medium's URL, as archive takes it. Whoever takes it knows what to say of one that is no path. */
function absolutePlace(value: string): string {
  if (isOtherMedium(value)) return value;
  const [, scheme = "", path = ""] = /^(iso:|file:\/\/(?=\/))?(.*)$/s.exec(value) ?? [];
  return `${scheme === "iso:" ? scheme : ""}${resolve(path)}`;
}

function emptyValue(option: string): LifeboatError {
  return new LifeboatError(`Cannot use ${option} as its value must name something: it is empty`, {
    exitCode: 2,
    hint: `Give a value, or leave ${option} out`,
  });
}
