// Aliases sorted by the literal text they begin with: thousands of devices find their modules in milliseconds.
import { literalLength, matchPattern, normalizeAlias } from "./alias-match.ts";
import type { ModuleAlias } from "./modules-alias.ts";
import { KmodParseError } from "./parse-error.ts";

/** Plain JSON data, ready for use when parsed: nothing is to be built again in a slow guest. */
export interface AliasIndex {
  /** Module names in order of priority, which is their order in modules.alias. */
  readonly modules: readonly string[];
  /** The different lengths of the keys of `entries`, ascending. */
  readonly lengths: readonly number[];
  /** What patterns have after their literal beginning; the first is "". */
  readonly tails: readonly string[];
  /** Literal beginning → tail, module, tail, module, … as indices. */
  readonly entries: Readonly<Record<string, readonly number[]>>;
}

/**
 * Patterns with unbalanced brackets are left out, as kmod does. `order` gives the modules' priority;
 * without it, that of first appearance holds, which is the same for a file that depmod wrote.
 */
export function buildAliasIndex(aliases: readonly ModuleAlias[], order: readonly string[] = []): AliasIndex {
  const modules = new Numbering();
  const tails = new Numbering();
  const lengths = new Set<number>();
  const entries = new Map<string, number[]>();
  for (const name of order) modules.of(name);
  tails.of("");
  for (const alias of aliases) {
    const pattern = normalized(alias.pattern);
    if (pattern === undefined) continue;
    const length = literalLength(pattern);
    const key = pattern.slice(0, length);
    const entry = entries.get(key) ?? [];
    entry.push(tails.of(pattern.slice(length)), modules.of(alias.module));
    entries.set(key, entry);
    lengths.add(length);
  }
  return {
    modules: modules.names(),
    lengths: [...lengths].sort((a, b) => a - b),
    tails: tails.names(),
    entries: Object.fromEntries(entries),
  };
}

/** The modules that serve `modalias`, best first, each once. A modalias with unbalanced brackets has none. */
export function matchAliasIndex(index: AliasIndex, modalias: string): readonly string[] {
  const query = normalized(modalias);
  if (query === undefined) return [];
  const found = new Set<number>();
  for (const length of index.lengths) {
    if (length > query.length) break;
    const entry = entryAt(index, query.slice(0, length));
    for (let at = 0; at + 1 < entry.length; at += 2) {
      const module = entry[at + 1]!;
      if (!found.has(module) && matchPattern(index.tails[entry[at]!] ?? "", query.slice(length))) found.add(module);
    }
  }
  return [...found].sort((a, b) => a - b).flatMap((module) => index.modules[module] ?? []);
}

const NOTHING: readonly number[] = [];

/** A query such as "constructor" must not find what every object has. */
function entryAt(index: AliasIndex, key: string): readonly number[] {
  return Object.prototype.hasOwnProperty.call(index.entries, key) ? (index.entries[key] ?? NOTHING) : NOTHING;
}

function normalized(text: string): string | undefined {
  try {
    return normalizeAlias(text);
  } catch (error) {
    if (error instanceof KmodParseError) return undefined;
    throw error;
  }
}

class Numbering {
  readonly #numbers = new Map<string, number>();

  of(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  names(): readonly string[] {
    return [...this.#numbers.keys()];
  }
}
