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
    const bytes = bytesOfText(pattern.replace(/(?<=.)\/+$/, ""));
    // Names are one character a byte, so the pattern is too; a `?` stands for a byte.
    const isMatch = hasGlob(bytes) ? picomatch(bytes, { dot: true, nonegate: true }) : (text: string) => text === bytes;
    return bytes.startsWith("/") ? isMatch : (path: ByteText) => isMatch(path.slice(path.lastIndexOf("/") + 1));
  });
  return (path) => tests.some((test) => test(path));
}

function hasGlob(pattern: string): boolean {
  return /[*?[\]{}\\]/.test(pattern);
}
