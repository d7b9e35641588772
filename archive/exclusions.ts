// Which paths are left out: plain paths with all below them, and globs.

import picomatch from "picomatch";
import { LifeboatError } from "#os/error";
import type { ByteText } from "../formats/tar-read.ts";
import { bytesOfText } from "../set/catalogue.ts";

export type Exclusion = (path: ByteText) => boolean;

export interface Exclusions {
  readonly isExcluded: Exclusion;
  /** The pattern that leaves out the path or a directory above it. */
  patternFor(path: ByteText): string | undefined;
  /** Patterns that nothing of what was asked for has matched yet. */
  unmatched(): readonly string[];
}

/**
 * A pattern that begins with `/` is held against the whole path, others against the name alone. `*` and `?` stop at
 * slashes, `**` does not, braces and brackets work as in a shell. What lies below an excluded directory is never asked for.
 */
export function exclusionsOf(patterns: readonly string[]): Exclusions {
  const tests = patterns.map((pattern) => ({ pattern, isMatch: testOf(pattern) }));
  const unmatched = new Set(tests);
  const isExcluded = (path: ByteText) => {
    let isFound = false;
    for (const test of tests) {
      // A pattern that another goes before is no mistyped one: it is asked until it has matched once.
      if ((isFound && !unmatched.has(test)) || !test.isMatch(path)) continue;
      isFound = true;
      unmatched.delete(test);
    }
    return isFound;
  };
  return {
    isExcluded,
    patternFor: (path) => tests.find(({ isMatch }) => waysTo(path).some((way) => isMatch(way)))?.pattern,
    unmatched: () => [...unmatched].map(({ pattern }) => pattern),
  };
}

/** The path and the directories above it, but for the root. */
function waysTo(path: ByteText): readonly ByteText[] {
  const parts = path.split("/").slice(1);
  return path === "/" ? ["/"] : parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

/**
 * The pattern without slashes that say nothing. Throws LifeboatError (2) for one that would leave out everything, or that no path
 * can match: a mistake of that kind would be seen on the bad day.
 */
export function checkedPattern(pattern: string): string {
  const plain = withoutEndSlashes(pattern.replace(/\/(?:\.?\/)+/g, "/").replace(/(?<=.\/)\.$/, ""));
  const refuse = (rule: string, hint: string) =>
    new LifeboatError(`Cannot leave out "${pattern}" as ${rule}: it never matches`, { exitCode: 2, hint });
  if (plain === "/" || plain === "/**") {
    throw new LifeboatError(`Cannot leave out "${pattern}" as something must be left: that is everything`, {
      exitCode: 2,
      hint: "Name what is to be taken with --include",
    });
  }
  if (plain.startsWith("**/")) return `/${plain}`;
  if (!plain.startsWith("/") && plain.includes("/")) {
    throw refuse("a pattern is a whole path or one name", `Write it from the root on, or /**/${plain.replace(/^(?:\.{1,2}\/)+/, "")}`);
  }
  if (plain.split("/").some((part) => part === "." || part === "..")) throw refuse("a path has no . and .. in it", "Write the path itself");
  return plain;
}

function testOf(pattern: string): Exclusion {
  const bytes = withoutEndSlashes(bytesOfText(pattern));
  if (!bytes.startsWith("/")) return onName(matcher(bytes));
  // Without the first slash, so that the `**` of `/**\/cache` may stand for nothing, as in bash.
  const isMatch = matcher(bytes.slice(1));
  return (path: ByteText) => isMatch(path.slice(1));
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

function withoutEndSlashes(pattern: string): string {
  let end = pattern.length;
  while (end > 1 && pattern[end - 1] === "/") end -= 1;
  return pattern.slice(0, end);
}
