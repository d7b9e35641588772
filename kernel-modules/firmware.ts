// Which firmware files modules ask for, built-in ones too (their .modinfo is in modules.builtin.modinfo).
import { type ModinfoEntry, modinfoValues } from "./modinfo-section.ts";

/** Names relative to a firmware directory, or patterns as in `fnmatch(3)`, not expanded; in the module's order, each once. */
export function firmwareNames(entries: readonly ModinfoEntry[]): readonly string[] {
  return [...new Set(modinfoValues(entries, "firmware"))];
}

/** Those of modules that ask for any, by module. */
export function listFirmware(modules: ReadonlyMap<string, readonly ModinfoEntry[]>): ReadonlyMap<string, readonly string[]> {
  const lists = [...modules].map(([module, entries]) => [module, firmwareNames(entries)] as const);
  return new Map(lists.filter(([, names]) => names.length > 0));
}
