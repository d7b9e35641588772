// Which options of a command make no sense together, as a table, and the words for it.

import { LifeboatError } from "#os/error";
import type { OptionValues } from "./command-spec.ts";

export interface OptionRule {
  readonly option: string;
  /** It makes no sense without this one. */
  readonly needs?: string;
  /** It makes no sense beside any of these. */
  readonly excludes?: readonly string[];
  /** Follows "as". */
  readonly because: string;
}

/** Throws LifeboatError (2) for the first rule that is broken. */
export function checkRules(rules: readonly OptionRule[], options: OptionValues): void {
  const isGiven = (name: string) => {
    const value = options[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  };
  for (const { option, needs, excludes = [], because } of rules) {
    if (!isGiven(option)) continue;
    const other = excludes.find(isGiven);
    if (other !== undefined) throw refusal(option, `${because}: --${other} is given`, `Leave out --${option} or --${other}`);
    if (needs !== undefined && !isGiven(needs)) {
      throw refusal(option, `${because}: there is no --${needs}`, `Give --${needs} too, or leave out --${option}`);
    }
  }
}

function refusal(option: string, state: string, hint: string): LifeboatError {
  return new LifeboatError(`Cannot use --${option} as ${state}`, { exitCode: 2, hint });
}
