// What GNU tar says on standard error while it reads a tree that is in use, in its own words of the C locale.

import type { ByteText } from "../formats/tar-read.ts";
import { absolutePath, printable } from "./catalogue.ts";

export interface TarMessages {
  /** Files whose content changed, shrank or went away while they were read. */
  readonly changed: readonly { readonly path: string; readonly what: string }[];
  /** Files that could not be read. */
  readonly unreadable: readonly { readonly path: string; readonly what: string }[];
  /** What is neither: tar itself failed. */
  readonly fatal: readonly string[];
}

/** Of whatever went away between two looks at it. */
export const REMOVED = "it was removed before it was read";
const CHANGES: readonly (readonly [RegExp, string])[] = [
  [/^(.*): file changed as we read it$/, "it changed while it was read"],
  [/^(.*): File shrank by (\d+) bytes?; padding with zeros$/, "it shrank while it was read; zeros stand for its end"],
  [/^(.*): File removed before we read it$/, REMOVED],
  [/^(.*): Cannot \w+: (?:No such file or|Not a) directory$/, REMOVED],
  [/^(.*): (?:socket|door) ignored$/, "it became a socket before it was read"],
];
/** Warnings are of extended attributes: `Cannot flistxattr` and the like. */
const UNREADABLE = /^(.*): (Cannot \w+|Read error at byte \d+.*?): (.*)$/;
/** Said beside messages that count by themselves. */
const NOISE =
  /^Exiting with failure status due to previous errors$|^.*: (?:implausibly old time stamp|time stamp .* in the future)|^Removing leading/;

/** Paths are absolute and printable. */
export function readTarMessages(stderr: string): TarMessages {
  const changed: { path: string; what: string }[] = [];
  const unreadable: { path: string; what: string }[] = [];
  const fatal: string[] = [];
  for (const line of stderr.split("\n")) {
    const text = line.replace(/^tar: /, "").replace(/: Warning: (?=Cannot \w+: [^:]*$)/, ": ");
    if (text === "" || NOISE.test(text)) continue;
    const change = CHANGES.map(([pattern, what]) => ({ path: pattern.exec(text)?.[1], what })).find(({ path }) => path !== undefined);
    const failure = UNREADABLE.exec(text);
    if (change?.path !== undefined) changed.push({ path: absolute(change.path), what: change.what });
    else if (failure !== null) unreadable.push({ path: absolute(failure[1]!), what: `${failure[2]}: ${failure[3]}` });
    else fatal.push(text);
  }
  return { changed, unreadable, fatal };
}

function absolute(path: string): string {
  return printable(pathInMessage(path));
}

/** The absolute path that tar has written in its own way. */
export function pathInMessage(path: string): ByteText {
  return absolutePath(unescaped(path));
}

const ESCAPES: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Undoes tar's --quoting-style=escape, which in the C locale has all that is not ASCII as `\303`. */
function unescaped(text: string): ByteText {
  return text.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(parseInt(code, 8)) : (ESCAPES[code] ?? code),
  );
}
