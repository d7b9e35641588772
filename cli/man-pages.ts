// The manual pages, made from the same table as the help. Pure: command specs become roff (man(7)).

import { CACHE_DIRECTORY } from "../builder/package-cache.ts";
import { EXIT_CODE_TEXTS, type CommandSpec, type OptionSpec } from "./command-spec.ts";
import { configOptions, optionsOf } from "./config-options.ts";

export interface Page {
  /** The file's name, e.g. `lifeboat-build.8`. */
  readonly name: string;
  readonly text: string;
}

/** `lifeboat.8` first, then one page a command; hidden commands have none. */
export function manPages(commands: readonly CommandSpec[], version: string): readonly Page[] {
  const shown = commands.filter(({ hidden }) => hidden !== true);
  return [mainPage(shown, version), ...shown.map((spec) => commandPage(spec, shown, version))];
}

function mainPage(commands: readonly CommandSpec[], version: string): Page {
  const lines = [
    ...head("lifeboat", "disaster recovery for Linux", version),
    ".SH SYNOPSIS",
    ".B lifeboat",
    "\\fICOMMAND\\fR [\\fIOPTION\\fR]...",
    ".SH DESCRIPTION",
    text(
      "Makes a rescue medium from the machine that it saves: around its own kernel, with its modules, its firmware and the programs that rebuild its disks.",
    ),
    text(
      "It archives the machine, or files of it, while it runs, and brings them back: single files anywhere, the machine from the medium.",
    ),
    ".SH COMMANDS",
    ...commands.flatMap(({ name, summary }) => [".TP", `.BR lifeboat\\-${text(name)} (8)`, text(`${summary}.`)]),
    ...exitStatus(),
    ".SH FILES",
    ".TP",
    ".I /etc/lifeboat.toml",
    text(
      "Options by their long names, in TOML: a text in quotes, a whole number, true, or a list of texts where an option may be given several times.",
    ),
    text("The command line goes before the file. Relative paths are seen from the working directory. An unknown key is an error. Keys:"),
    `${configOptions(commands)
      .map(({ name }) => `\\fB${text(name)}\\fR`)
      .join(", ")}.`,
    ".TP",
    `.I ${CACHE_DIRECTORY}`,
    text("Pieces of images and fetched packages; it may be removed at any time."),
    ...environment(),
    ".SH SEE ALSO",
    seeAlso(commands.map(({ name }) => `lifeboat\\-${text(name)}`)),
  ];
  return { name: "lifeboat.8", text: `${lines.join("\n")}\n` };
}

function environment(): readonly string[] {
  return [
    ".SH ENVIRONMENT",
    ".TP",
    ".B LIFEBOAT_CACHE",
    text(`The cache, where --cache does not name one. Default: ${CACHE_DIRECTORY}.`),
    ".TP",
    ".B SOURCE_DATE_EPOCH",
    text(
      "Seconds since 1970, between 1980 and 2106: the date of every file in the image. Without it a fixed one is used, so that equal inputs give equal bytes.",
    ),
  ];
}

function commandPage(spec: CommandSpec, commands: readonly CommandSpec[], version: string): Page {
  const name = `lifeboat-${spec.name}`;
  const others = commands.filter((other) => other !== spec).map((other) => `lifeboat\\-${text(other.name)}`);
  const args = spec.args.map(({ name, required }) => (required ? ` \\fI${text(name)}\\fR` : ` [\\fI${text(name)}\\fR]`));
  const lines = [
    ...head(name, spec.summary.charAt(0).toLowerCase() + spec.summary.slice(1), version),
    ".SH SYNOPSIS",
    `.B lifeboat ${text(spec.name)}`,
    `[\\fIOPTION\\fR]...${args.join("")}`,
    ".SH DESCRIPTION",
    text(spec.description),
    ...spec.args.flatMap((argument) => [".TP", `.I ${text(argument.name)}`, text(`${argument.description}.`)]),
    ".SH OPTIONS",
    ...optionsOf(spec).flatMap(optionLines),
    ".SH EXAMPLES",
    ...spec.examples.flatMap(({ command, says }) => [".TP", `.B ${text(command)}`, text(`${says}.`)]),
    ...exitStatus(),
    ".SH SEE ALSO",
    seeAlso(["lifeboat", ...others]),
  ];
  return { name: `${name}.8`, text: `${lines.join("\n")}\n` };
}

function head(name: string, summary: string, version: string): readonly string[] {
  return [
    '.\\" Made by "node cli/main.ts documents" from the table of commands: do not edit.',
    `.TH ${text(name.toUpperCase())} 8 "" "Lifeboat ${text(version)}" "Lifeboat"`,
    ".SH NAME",
    `${text(name)} \\- ${text(summary)}`,
  ];
}

function optionLines({ name, short, value, choices, description, defaultText, inConfig, typedValues }: OptionSpec): readonly string[] {
  const flags = [...(short === undefined ? [] : [`\\-${short}`]), `\\-\\-${text(name)}`].map((flag) => `\\fB${flag}\\fR`).join(", ");
  const facts = [
    ...(choices === undefined ? [] : [`One of ${choices.join(", ")}.`]),
    ...(defaultText === undefined ? [] : [`Default: ${defaultText}.`]),
    ...(inConfig === false ? ["Not in the config file."] : []),
    ...(typedValues === undefined ? [] : [`Not in the config file: ${typedValues.values.join(", ")}.`]),
  ];
  return [".TP", `${flags}${value === undefined ? "" : ` \\fI${text(value)}\\fR`}`, [`${description}.`, ...facts].map(text).join("\n")];
}

function exitStatus(): readonly string[] {
  return [".SH EXIT STATUS", ...Object.entries(EXIT_CODE_TEXTS).flatMap(([code, meaning]) => [".TP", `.B ${code}`, text(`${meaning}.`)])];
}

/** One macro line a page: each name bold, the comma after it not. */
function seeAlso(names: readonly string[]): string {
  return names.map((name, index) => `.BR ${name} (8)${index === names.length - 1 ? "" : ","}`).join("\n");
}

/** What roff would print as another character than the one typed (groff_char(7)). */
const TYPED: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "-": "\\-",
  "'": "\\(aq",
  '"': "\\(dq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
};

/** Escapes what roff would read: characters that mean something else to it, and a dot at a line's start. */
function text(plain: string): string {
  return plain.replace(/[\\\-'"`^~]/g, (character) => TYPED[character] ?? character).replace(/^\./, "\\&.");
}
