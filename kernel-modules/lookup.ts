// Which modules a name or alias stands for: kmod's sources in kmod's order, the first that answers wins.
import { matchAliasIndex } from "./alias-index.ts";
import { matchPattern, normalizeAlias } from "./alias-match.ts";
import type { ModuleTree } from "./module-tree.ts";
import { KmodParseError } from "./parse-error.ts";

export interface Lookup {
  readonly source: "config alias" | "name" | "alias" | "built-in" | "built-in alias";
  /** Best first. A config alias may name what does not exist ("off" is the usual one). */
  readonly names: readonly string[];
}

/**
 * Looks up a module's name, a device's modalias or an alias such as `fs-vfat`; undefined when nobody answers.
 * An alias of an alias is not followed. Left out of kmod's list: `symbol:` aliases, and install commands as names.
 */
export function lookup(tree: ModuleTree, query: string): Lookup | undefined {
  const normal = normalizedOrUndefined(query);
  if (normal === undefined) return undefined;
  const configured = tree.config.aliases.filter((alias) => matchPattern(alias.pattern, normal)).map((alias) => alias.module);
  if (configured.length > 0) return { source: "config alias", names: configured };
  if (tree.modules.has(normal)) return { source: "name", names: [normal] };
  const aliased = matchAliasIndex(tree.aliasIndex, normal);
  if (aliased.length > 0) return { source: "alias", names: aliased };
  if (tree.builtins.has(normal)) return { source: "built-in", names: [normal] };
  const builtin = matchAliasIndex(tree.builtinAliasIndex, normal);
  return builtin.length > 0 ? { source: "built-in alias", names: builtin } : undefined;
}

function normalizedOrUndefined(query: string): string | undefined {
  try {
    return normalizeAlias(query);
  } catch (error) {
    if (error instanceof KmodParseError) return undefined;
    throw error;
  }
}
