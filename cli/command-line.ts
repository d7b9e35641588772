// From the words of the command line to one call: commander fed from the table of commands.

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { ExitCode } from "#os/error";
import type { Shown } from "../media/mounted-place.ts";
import { shownLine, shownText } from "../ui/plain-text.ts";
import { absoluteArguments, withAbsolutePaths } from "./absolute-paths.ts";
import { hintingAtCache } from "./cache-hint.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT_CODE_TEXTS, type CommandSpec, type Invocation, type OptionSpec, type OptionValues } from "./command-spec.ts";
import { fillFromConfig, optionsOf } from "./config-options.ts";
import { terminalChanger } from "./terminal-changer.ts";
import { withMedium } from "./with-medium.ts";
import { refuseByteArguments, refuseBytes } from "./raw-words.ts";
import { usageError } from "./usage-error.ts";
import { VERSION } from "./version.ts";

const EXIT_CODES = Object.entries(EXIT_CODE_TEXTS).map(([code, text]) => `${code} ${text}`);
const ABOUT = `Disaster recovery for Linux: a rescue medium made from the machine it saves.

Exit codes: ${EXIT_CODES.slice(0, 2).join("; ")};
${EXIT_CODES.slice(2, 4).join("; ")};
${EXIT_CODES.slice(4).join("; ")}.`;

/** Runs one command. Help is printed; errors are the caller's, those of commander as LifeboatError, exit code 2. */
export async function runCommandLine(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = makeProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    // Without any word the help was shown, which says it all.
    if (error.code === "commander.help") return 2;
    throw usageError(error, args[0]);
  }
}

/** Commander's errors are thrown as well as printed; once is enough. */
const NO_ERRORS = { outputError: () => undefined };

/** The whole command tree; `done` is told each command's exit code. */
function makeProgram(done: (exitCode: ExitCode) => void): Command {
  const program = new Command("lifeboat")
    .description(ABOUT)
    .version(VERSION, "-V, --version")
    .exitOverride()
    .configureOutput(NO_ERRORS)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .helpCommand("help [command]", "Show help for a command");
  for (const spec of COMMANDS) program.addCommand(makeCommand(spec, done), { hidden: spec.hidden ?? false });
  return program;
}

function makeCommand(spec: CommandSpec, done: (exitCode: ExitCode) => void): Command {
  const command = new Command(spec.name).summary(spec.summary).description(spec.description).exitOverride().configureOutput(NO_ERRORS);
  for (const argument of spec.args) command.argument(argument.required ? `<${argument.name}>` : `[${argument.name}]`, argument.description);
  for (const option of optionsOf(spec)) command.addOption(makeOption(option));
  command.addHelpText("after", exampleText(spec));
  command.action(async (...values: unknown[]) => {
    const all = optionsOf(spec);
    const typed = byLongName(spec, command.opts());
    refuseBytes(all, typed);
    refuseByteArguments(values);
    const given = withAbsolutePaths(all, typed);
    const options = withAbsolutePaths(all, await fillFromConfig(spec, given, COMMANDS));
    const args = absoluteArguments(spec, values);
    await using cleanUp = new AsyncDisposableStack();
    const work = (places: typeof args, shown: Shown) =>
      spec.run({ ...invocation(places, options, shown), changer: terminalChanger(), cleanUp });
    done(await hintingAtCache(options, () => withMedium(spec, { args, options }, work)));
  });
  return command;
}

function makeOption(spec: OptionSpec): Option {
  const flags = `${spec.short === undefined ? "" : `-${spec.short}, `}--${spec.name}${spec.value === undefined ? "" : ` <${spec.value}>`}`;
  const option = new Option(
    flags,
    spec.defaultText === undefined ? spec.description : `${spec.description} (default: ${spec.defaultText})`,
  );
  if (spec.choices !== undefined) option.choices([...spec.choices]);
  if (spec.excludes !== undefined) option.conflicts(spec.excludes.map(attributeName));
  if (spec.many === true)
    option.argParser((value: string, previous: unknown) => [...(Array.isArray(previous) ? previous : []), chosen(spec, value)]);
  if (spec.type === "number") option.argParser(parseNumber);
  return option;
}

/** commander checks the choices of what is given once. */
function chosen({ choices }: OptionSpec, value: string): string {
  if (choices === undefined || choices.includes(value)) return value;
  throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
}

function parseNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** commander turns names into camelCase; ours stay as they are written. */
function byLongName(spec: CommandSpec, options: Readonly<Record<string, unknown>>): OptionValues {
  const entries = optionsOf(spec).map(({ name }) => [name, valueOf(name, options)]);
  return Object.fromEntries(entries) as OptionValues;
}

/** Of `--no-verify` commander makes `verify: false`, and `verify: true` where it is not given. */
function valueOf(name: string, options: Readonly<Record<string, unknown>>): unknown {
  if (!name.startsWith("no-")) return options[attributeName(name)];
  return options[attributeName(name.slice("no-".length))] === false ? true : undefined;
}

function attributeName(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function exampleText({ examples }: CommandSpec): string {
  if (examples.length === 0) return "";
  const lines = examples.map(({ command, says }) => `  $ ${command}\n      ${says}`);
  return `\nExamples:\n${lines.join("\n")}`;
}

function invocation(args: readonly (string | undefined)[], options: OptionValues, shown: Shown): Omit<Invocation, "changer" | "cleanUp"> {
  return {
    args,
    options,
    print: (text) => void process.stdout.write(shownText(shown(text.endsWith("\n") ? text : `${text}\n`))),
    remark: (text) => void process.stderr.write(shownText(shown(`${text}\n`))),
    progress: (text) => void (process.stderr.isTTY && process.stderr.write(shownText(shown(`${text}\n`)))),
    status: (text) => void (process.stderr.isTTY && process.stderr.write(`\r\u001b[K${shownLine(text)}`)),
  };
}
