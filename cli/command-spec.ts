// What a command is, as data: commander, the config file, --help and the man pages are made from it.

import type { ExitCode } from "#os/error";
import type { MediumChanger } from "../media/medium-changer.ts";

export interface OptionSpec {
  /** The long name without dashes. */
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in the help; without it the option is a switch. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly many?: boolean;
  /** A text unless given. `path-or-name`: a path when there is a slash in it. */
  readonly type?: "number" | "path" | "path-or-name";
  readonly description: string;
  readonly defaultText?: string;
  /** Names of options that say the opposite. One of them on the command line puts this one's value in the config file aside. */
  readonly excludes?: readonly string[];
  /** An empty value says something; of all others it is refused. */
  readonly mayBeEmpty?: boolean;
  /** A value may have bytes that are no text: it comes as `lifeboat list` prints such names. */
  readonly takesBytes?: boolean;
  /** False for what makes no sense in /etc/lifeboat.toml. */
  readonly inConfig?: boolean;
  /** Choices that the config file may not make, and why. */
  readonly typedValues?: { readonly values: readonly string[]; readonly because: string };
}

interface ArgumentSpec {
  readonly name: string;
  readonly required: boolean;
  readonly isPath?: boolean;
  /** It names a medium, which is used so: a share is mounted meanwhile, and its path stands in the URL's place. */
  medium?(options: OptionValues): "ro" | "rw";
  /** The command itself prepares and mounts a stick. */
  readonly makesSticks?: true;
  readonly description: string;
}

export interface Example {
  readonly command: string;
  readonly says: string;
}

/** What the user gave, by long name: switches are true, `many` options are arrays. */
export type OptionValues = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Invocation {
  readonly args: readonly (string | undefined)[];
  readonly options: OptionValues;
  print(text: string): void;
  /** What the user must know beside the data: standard error. */
  remark(text: string): void;
  /** What is going on: standard error, and only when that is a terminal. */
  progress(text: string): void;
  /** How far it has come: standard error, in place, and only when that is a terminal. "" clears the line. */
  status(text: string): void;
  /** Asked for discs and tapes. */
  readonly changer: MediumChanger;
  /** Disposed when the command has ended. */
  readonly cleanUp: AsyncDisposableStack;
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly args: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly Example[];
  /** For developers of Lifeboat; not in the user's help. */
  readonly hidden?: boolean;
  run(invocation: Invocation): Promise<ExitCode>;
}

/** For what reads one set, or the newest of several. */
export const SET_ARGUMENT: ArgumentSpec = {
  name: "SET",
  required: true,
  isPath: true,
  medium: () => "ro",
  description: "A set, an ISO image with one, a directory that holds sets, a drive with a disc, such as /dev/sr0, or tape:/dev/nst0",
};

export const FORCE_OPTION: OptionSpec = { name: "force", description: "Replace the output when it exists", inConfig: false };
export const JSON_OPTION: OptionSpec = { name: "json", description: "Print JSON instead of text", inConfig: false };

/** For the help and the man pages (DESIGN section 8). */
export const EXIT_CODE_TEXTS: Readonly<Record<ExitCode, string>> = {
  0: "done",
  1: "files differ or were not read, or damage was accepted",
  2: "bad usage or config",
  3: "refused before any write",
  4: "failed after writing began",
  5: "the set is damaged",
};

/** A value that is known to be a text when it is there. */
export function textOption(options: OptionValues, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

export function numberOption(options: OptionValues, name: string, fallback: number): number {
  const value = options[name];
  return typeof value === "number" ? value : fallback;
}

export function listOption(options: OptionValues, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value : [];
}
