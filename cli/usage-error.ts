// What commander finds wrong with a command line, said as all errors are.

import type { CommanderError } from "commander";
import { LifeboatError } from "#os/error";

/** By commander's codes. */
const RULES: Readonly<Record<string, string>> = {
  "commander.unknownCommand": "it must begin with a command of Lifeboat",
  "commander.unknownOption": "options must be the command's own",
  "commander.missingArgument": "all that the command needs must be there",
  "commander.excessArguments": "there must be nothing more than the command takes",
  "commander.optionMissingArgument": "an option's value must follow it",
  "commander.invalidArgument": "a value must be of the option's kind",
  "commander.conflictingOption": "options must not contradict each other",
};

/** Exit code 2. `command` is the first word, whose help is named where commander suggests nothing. */
export function usageError({ code, message }: CommanderError, command: string | undefined): LifeboatError {
  const [first = "", suggestion] = message.split("\n");
  const state = first.replace(/^error: /, "").replace(/\.$/, "");
  const rule = RULES[code] ?? "it must be as the help shows";
  const about = command === undefined || command.startsWith("-") || code === "commander.unknownCommand" ? "" : ` ${command}`;
  return new LifeboatError(`Cannot read the command line as ${rule}: ${state}`, {
    exitCode: 2,
    hint: suggestion?.replace(/^\((.*)\)$/, "$1") ?? `See lifeboat${about} --help`,
  });
}
