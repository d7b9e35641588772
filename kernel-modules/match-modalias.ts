// From a device's modalias to the modules that serve it, on the agent's table.
import { matchAliasIndex } from "./alias-index.ts";
import { matchPattern, normalizeAlias } from "./alias-match.ts";
import { normalizeModuleName } from "./module-name.ts";
import type { ModuleTable } from "./module-table.ts";
import { KmodParseError } from "./parse-error.ts";

export interface ColdplugAnswer {
  /** To load, best first. */
  readonly load: readonly string[];
  /** They would serve the device, but are not to be loaded for it: display drivers, blacklisted and denied ones. */
  readonly held: readonly { readonly name: string; readonly because: string }[];
}

/** All modules of the table that serve `modalias`, in kmod's order of priority; held ones too. */
export function matchModalias(table: ModuleTable, modalias: string): readonly string[] {
  const configured = matchConfigAliases(table, modalias);
  if (configured.length > 0) return configured.filter((name) => table.byName.has(name));
  const name = modalias.replace(/-/g, "_");
  return table.byName.has(name) ? [name] : matchAliasIndex(table.aliases, modalias);
}

/** What coldplug does for one device; `denied` are names from the boot words. */
export function coldplugModules(table: ModuleTable, modalias: string, denied: readonly string[] = []): ColdplugAnswer {
  const refused = new Set(denied.map(normalizeModuleName));
  const answers = matchModalias(table, modalias).map((name) => {
    const because = refused.has(name) ? "denied by a boot word" : table.modules[table.byName.get(name)!]!.heldBecause;
    return { name, because };
  });
  return {
    load: answers.flatMap(({ name, because }) => (because === undefined ? [name] : [])),
    held: answers.flatMap(({ name, because }) => (because === undefined ? [] : [{ name, because }])),
  };
}

function matchConfigAliases(table: ModuleTable, modalias: string): readonly string[] {
  if (table.configAliases.length === 0) return [];
  try {
    const query = normalizeAlias(modalias);
    return table.configAliases.filter((alias) => matchPattern(alias.pattern, query)).map((alias) => alias.module);
  } catch (error) {
    if (error instanceof KmodParseError) return [];
    throw error;
  }
}
