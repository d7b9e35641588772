// The words of the command line as bytes: Node makes text of them, and what is no UTF-8 is lost on the way.

import { readFileSync } from "node:fs";
import { LifeboatError } from "#os/error";
import { latin1Decode } from "../formats/text.ts";
import { printable, textOf } from "../set/catalogue.ts";
import type { OptionSpec, OptionValues } from "./command-spec.ts";

/** What were no text before they were made printable. */
const odd = new Set<string>();

/** The words that Node gives, those that are no UTF-8 as `lifeboat list` would print them. */
export function textWords(words: readonly string[]): readonly string[] {
  if (!words.some((word) => word.includes("\ufffd"))) return words;
  // proc_pid_cmdline(5): each ends in NUL. Before the last ones stand Node and its script.
  const raw = latin1Decode(readFileSync("/proc/self/cmdline")).split("\0").slice(0, -1).slice(-words.length);
  return raw.map((bytes) => textOf(bytes) ?? remembered(bytes));
}

function remembered(bytes: string): string {
  const text = printable(bytes);
  odd.add(text);
  // `--only=VALUE` and `-EVALUE` are one word.
  odd.add(text.replace(/^(?:--[a-z-]+=|-[A-Za-z])/, ""));
  return text;
}

/** Throws LifeboatError (2) for a value that was no text, of an option that takes nothing else. */
export function refuseBytes(options: readonly OptionSpec[], values: OptionValues): void {
  for (const { name, takesBytes } of options) {
    const value = values[name];
    const bad = takesBytes === true ? undefined : firstOdd(Array.isArray(value) ? value : [value]);
    if (bad !== undefined) throw notText(`--${name}`, bad);
  }
}

/** The same of a command's arguments. */
export function refuseByteArguments(args: readonly unknown[]): void {
  const bad = firstOdd(args);
  if (bad !== undefined) throw notText("an argument", bad);
}

function firstOdd(values: readonly unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === "string" && odd.has(value));
}

function notText(what: string, value: string): LifeboatError {
  return new LifeboatError(`Cannot use ${what} as it must be UTF-8 here: "${value}"`, {
    exitCode: 2,
    hint: "Reach it by a name of text, such as a symbolic link",
  });
}
