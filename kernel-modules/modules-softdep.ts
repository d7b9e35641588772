// modules.softdep: modules to load before and after another where they exist ("softdep NAME pre: a b post: c").
import { badLine } from "./parse-error.ts";
import { contentLines, words } from "./text-lines.ts";

export interface SoftDependency {
  /** A module's name, or a pattern of names. */
  readonly module: string;
  /** Names or aliases. */
  readonly pre: readonly string[];
  readonly post: readonly string[];
  /** Words before either keyword: kmod ignores them, image builders take them in. */
  readonly other: readonly string[];
}

/** In the file's order: for loading, only the first line that fits a module counts. Throws KmodParseError. */
export function parseModulesSoftdep(text: string, file = "modules.softdep"): readonly SoftDependency[] {
  return contentLines(text).map((line) => {
    const [keyword, module, ...rest] = words(line.text);
    if (keyword !== "softdep" || module === undefined || rest.length === 0) {
      throw badLine(file, line.number, { rule: 'a line is "softdep MODULE pre: MODULE… post: MODULE…"', value: line.text });
    }
    return softDependency(module, rest);
  });
}

/** The words after `softdep NAME`, or those of a module's own `softdep=` entry. */
export function softDependency(module: string, rest: readonly string[]): SoftDependency {
  const lists = { pre: [] as string[], post: [] as string[], other: [] as string[] };
  let current = lists.other;
  for (const word of rest) {
    if (word === "pre:") current = lists.pre;
    else if (word === "post:") current = lists.post;
    else current.push(word);
  }
  return { module: module.replace(/-/g, "_"), ...lists };
}
