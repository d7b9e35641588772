// Does a module alias fit a device's modalias? kmod's rules: dashes as underscores outside of brackets, then fnmatch(3) without flags.
import { KmodParseError } from "./parse-error.ts";

/** Whole-string match. Both sides are normalised first. Throws KmodParseError for unbalanced brackets on either side. */
export function matchAlias(pattern: string, modalias: string): boolean {
  return matchPattern(normalizeAlias(pattern), normalizeAlias(modalias));
}

/** `-` becomes `_`, but not inside `[…]`. Throws KmodParseError for unbalanced brackets. */
export function normalizeAlias(text: string): string {
  if (!text.includes("[") && !text.includes("]")) return text.includes("-") ? text.replace(/-/g, "_") : text;
  let normal = "";
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf("[", at);
    const close = text.indexOf("]", at);
    if (close === -1 && open === -1) break;
    if (open === -1 || close < open) {
      const state = close === -1 ? `"[" without "]"` : `"]" without "["`;
      throw new KmodParseError(`Cannot use alias "${text}" as its brackets must come in pairs: ${state}`, { value: text });
    }
    normal += text.slice(at, open).replace(/-/g, "_") + text.slice(open, close + 1);
    at = close + 1;
  }
  return normal + text.slice(at).replace(/-/g, "_");
}

/** Where the first character with a meaning is, or the length: what comes before must be equal. */
export function literalLength(pattern: string): number {
  const at = pattern.search(/[*?[\\]/);
  return at === -1 ? pattern.length : at;
}

/**
 * `fnmatch(pattern, text, 0)` on the whole string: `*` and `?` take any character, "/" included; sets have ranges,
 * `!` and `^`; a backslash takes away the next one's meaning. Time is at most pattern × text.
 */
export function matchPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let starP = -1;
  let starT = 0;
  let run = "";
  while (t < text.length || pattern[p] === "*") {
    const step = pattern[p] === "*" ? -1 : oneCharacter(pattern, p, text.charCodeAt(t));
    if (step > 0) {
      p += step;
      t++;
      continue;
    }
    if (step === 0) {
      // Only the last star needs to be tried again: an earlier one could not reach further.
      if (starP < 0) return false;
      starT = text.indexOf(run, starT + 1);
    } else {
      starP = p + 1;
      run = literalRun(pattern, starP);
      starT = text.indexOf(run, t);
    }
    if (starT < 0) return false;
    p = starP + run.length;
    t = starT + run.length;
  }
  return p === pattern.length;
}

/** The plain characters from `from` on. This is the hot spot: "of:" and "hid:" patterns all begin alike. */
function literalRun(pattern: string, from: number): string {
  let end = from;
  while (end < pattern.length && !isSpecial(pattern.charCodeAt(end))) end++;
  return pattern.slice(from, end);
}

/** One of `*`, `?`, `[`, `\`. */
function isSpecial(code: number): boolean {
  return code === 0x2a || code === 0x3f || code === 0x5b || code === 0x5c;
}

/** How many pattern characters at `p` stand for `code`; 0 when they do not fit. */
function oneCharacter(pattern: string, p: number, code: number): number {
  const wanted = pattern.charCodeAt(p);
  switch (pattern[p]) {
    case undefined:
      return 0;
    case "?":
      return 1;
    case "[":
      return setLength(pattern, p, code);
    case "\\":
      return pattern.charCodeAt(p + 1) === code ? 2 : 0;
    default:
      return wanted === code ? 1 : 0;
  }
}

function setLength(pattern: string, open: number, code: number): number {
  const negated = pattern[open + 1] === "!" || pattern[open + 1] === "^";
  const first = open + (negated ? 2 : 1);
  let at = first;
  let found = false;
  // A "]" that comes first is a member, not the end.
  while (at === first || pattern[at] !== "]") {
    const low = member(pattern, at);
    if (low === undefined) return 0;
    const isRange = pattern[low.next] === "-" && pattern[low.next + 1] !== "]" && low.next + 1 < pattern.length;
    const high = isRange ? member(pattern, low.next + 1) : low;
    if (high === undefined) return 0;
    if (code >= low.code && code <= high.code) found = true;
    at = high.next;
  }
  return found === negated ? 0 : at + 1 - open;
}

function member(pattern: string, at: number): { readonly code: number; readonly next: number } | undefined {
  const from = pattern[at] === "\\" ? at + 1 : at;
  return from < pattern.length ? { code: pattern.charCodeAt(from), next: from + 1 } : undefined;
}
