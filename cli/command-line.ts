// From the words of the command line to one call: commander fed from the table of commands.

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { LifeboatError, type ExitCode } from "#os/error";
import { COMMANDS } from "./commands.ts";
import type { CommandSpec, Invocation, OptionSpec, OptionValues } from "./command-spec.ts";
import { VERSION } from "./version.ts";

const ABOUT = `Disaster recovery for Linux: a rescue medium made from the machine it saves.

Exit codes: 0 done; 1 differences found or damage accepted; 2 bad usage or config;
3 refused before any write; 4 failed after writing began; 5 the set is damaged.`;

/** Runs one command; errors meant for users are printed in their form, others keep their stack. */
export async function runCommandLine(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = makeProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return explainFailure(error);
  }
}

/** The whole command tree; `done` is told each command's exit code. Also what the man pages are made from. */
export function makeProgram(done: (exitCode: ExitCode) => void): Command {
  const program = new Command("lifeboat")
    .description(ABOUT)
    .version(VERSION, "-V, --version")
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .helpCommand("help [command]", "Show help for a command");
  for (const spec of COMMANDS) program.addCommand(makeCommand(spec, done), { hidden: spec.hidden ?? false });
  return program;
}

function makeCommand(spec: CommandSpec, done: (exitCode: ExitCode) => void): Command {
  const command = new Command(spec.name).summary(spec.summary).description(spec.description).exitOverride();
  for (const argument of spec.args) command.argument(argument.required ? `<${argument.name}>` : `[${argument.name}]`, argument.description);
  for (const option of spec.options) command.addOption(makeOption(option));
  command.addHelpText("after", exampleText(spec));
  command.action(async (...values: unknown[]) => {
    const options = command.opts();
    const args = values.slice(0, spec.args.length).map((value) => (typeof value === "string" ? value : undefined));
    done(await spec.run(invocation(args, byLongName(spec, options))));
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
  if (spec.many === true) option.argParser((value: string, previous: unknown) => [...(Array.isArray(previous) ? previous : []), value]);
  if (spec.type === "number") option.argParser(parseNumber);
  return option;
}

function parseNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** commander turns names into camelCase; ours stay as they are written. */
function byLongName(spec: CommandSpec, options: Readonly<Record<string, unknown>>): OptionValues {
  const entries = spec.options.map(({ name }) => [name, options[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())]]);
  return Object.fromEntries(entries) as OptionValues;
}

function exampleText({ examples }: CommandSpec): string {
  if (examples.length === 0) return "";
  const lines = examples.map(({ command, says }) => `  $ ${command}\n      ${says}`);
  return `\nExamples:\n${lines.join("\n")}`;
}

function invocation(args: readonly (string | undefined)[], options: OptionValues): Invocation {
  return {
    args,
    options,
    print: (text) => void process.stdout.write(text.endsWith("\n") ? text : `${text}\n`),
    remark: (text) => void process.stderr.write(`${text}\n`),
  };
}

function explainFailure(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof LifeboatError)) throw error;
  process.stderr.write(`lifeboat: ${error.message}\n`);
  if (error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
  return error.exitCode;
}
