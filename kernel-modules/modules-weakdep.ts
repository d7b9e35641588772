// modules.weakdep (kmod 33 and later): modules that another may ask for at run time. Take in, do not load.
import { badLine } from "./parse-error.ts";
import { contentLines, words } from "./text-lines.ts";

export interface WeakDependency {
  /** A module's name, or a pattern of names. */
  readonly module: string;
  /** Names or aliases. */
  readonly weak: readonly string[];
}

/** Lines `weakdep NAME NAME…`. Throws KmodParseError. */
export function parseModulesWeakdep(text: string, file = "modules.weakdep"): readonly WeakDependency[] {
  return contentLines(text).map((line) => {
    const [keyword, module, ...weak] = words(line.text);
    if (keyword !== "weakdep" || module === undefined || weak.length === 0) {
      throw badLine(file, line.number, { rule: 'a line is "weakdep MODULE MODULE…"', value: line.text });
    }
    return weakDependency(module, weak);
  });
}

/** The words after `weakdep NAME`. */
export function weakDependency(module: string, weak: readonly string[]): WeakDependency {
  return { module: module.replace(/-/g, "_"), weak };
}
