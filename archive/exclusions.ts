// Which paths are left out: plain paths with all below them, and globs.

import picomatch from "picomatch";
import type { ByteText } from "../formats/tar-read.ts";
import { bytesOfText } from "../set/catalogue.ts";

export type Exclusion = (path: ByteText) => boolean;

/**
 * A pattern that begins with `/` is held against the whole path, others against the name alone. `*` and `?` stop at
 * slashes, `**` does not, braces and brackets work as in a shell. What lies below an excluded directory is never asked for.
 */
export function exclusionOf(patterns: readonly string[]): Exclusion {
  const tests = patterns.map((pattern) => {
    const bytes = withoutEndSlashes(bytesOfText(pattern));
    if (!bytes.startsWith("/")) return onName(matcher(bytes));
    // Without the first slash, so that the `**` of `/**\/cache` may stand for nothing, as in bash.
    const isMatch = matcher(bytes.slice(1));
    return (path: ByteText) => isMatch(path.slice(1));
  });
  return (path) => tests.some((test) => test(path));
}

function onName(isMatch: (text: ByteText) => boolean): Exclusion {
  return (path) => isMatch(path.slice(path.lastIndexOf("/") + 1));
}

/** Names are one character a byte, so the pattern is too; a `?` stands for a byte. */
function matcher(pattern: ByteText): (text: ByteText) => boolean {
  if (!/[*?[\]{}\\]/.test(pattern)) return (text) => text === pattern;
  return picomatch(withLiterals(pattern), OPTIONS);
}

/** `flags`: a dot of the expression that the pattern becomes stands for a newline too. `strictSlashes`: `/srv/**` is not /srv itself. */
const OPTIONS = { dot: true, nonegate: true, posix: true, regex: false, strictSlashes: true, flags: "s" };

/** What picomatch reads as grouping, choice or quoting is for a shell a character like others. */
function withLiterals(pattern: ByteText): ByteText {
  return pattern.replace(/\\.|[()|"]/gs, (found) => (found.startsWith("\\") ? found : `\\${found}`));
}

function withoutEndSlashes(pattern: ByteText): ByteText {
  let end = pattern.length;
  while (end > 1 && pattern[end - 1] === "/") end -= 1;
  return pattern.slice(0, end);
}
