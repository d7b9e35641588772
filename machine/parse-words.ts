// The words that machine.json is made of, each looked at: what a program is given must be nothing that it would take for something else.

import * as v from "valibot";

/** What reads `Type` from JSON. Fields that it does not name are dropped: newer versions may write more. */
export type Schema<Type> = v.GenericSchema<unknown, Type>;

export const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const Positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** No program can be given a zero byte. */
export const Text = v.pipe(
  v.string(),
  v.check((text) => !text.includes("\0"), "it must be text without zero bytes"),
);

/** What stands in sfdisk's script, where a newline would begin another line and a quote end a name. */
export const Word = v.pipe(v.string(), v.regex(/^[^\p{Cc}"]*$/u, 'it must be text on one line, without "'));

/** Handed to a program as an argument, where a hyphen before it would make it an option. */
export const Name = v.pipe(v.string(), v.regex(/^[^\p{Cc}-][^\p{Cc}]*$/u, "it must be a name on one line"));

export const NOT_ABSOLUTE = "it must be an absolute path, without ..";

/** Read below the directory that the machine is mounted at, which it must not leave. */
export const Path = v.pipe(
  Text,
  v.check((path) => path.startsWith("/") && staysInside(path), NOT_ABSOLUTE),
);

export const RelativePath = v.pipe(
  Text,
  v.check((path) => !path.startsWith("/") && staysInside(path), "it must be a relative path, without .."),
);

export function staysInside(path: string): boolean {
  return !path.split(/[/\\]/).includes("..");
}

/** JSON has no undefined: such a key is not there. */
export function maybe<Input, Output>(schema: v.GenericSchema<Input, Output>) {
  return v.optional(schema, () => undefined);
}

/** One of several that a program takes with commas between them. */
export const OptionWord = v.pipe(v.string(), v.regex(/^[^\p{Cc}\s",]+$/u, "it must be one word without commas"));
