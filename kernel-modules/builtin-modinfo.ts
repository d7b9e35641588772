// modules.builtin.modinfo (kernel 5.2 and later): what built-in modules say of themselves, "MODULE.KEY=VALUE" ended by NUL.
import { normalizeModuleName } from "./module-name.ts";
import type { ModinfoEntry } from "./modinfo-section.ts";
import { KmodParseError } from "./parse-error.ts";

/** By module name; entries in the file's order. Throws KmodParseError. */
export function parseBuiltinModinfo(text: string, file = "modules.builtin.modinfo"): ReadonlyMap<string, readonly ModinfoEntry[]> {
  const modules = new Map<string, ModinfoEntry[]>();
  for (const entry of text.split("\0")) {
    if (entry === "") continue;
    const match = /^([^.=]+)\.([^=]*)=([^]*)$/.exec(entry);
    if (match === null) {
      throw new KmodParseError(`Cannot read "${file}" as an entry is "MODULE.KEY=VALUE": "${entry.slice(0, 80)}"`, { file, value: entry });
    }
    const name = normalizeModuleName(match[1]!);
    const entries = modules.get(name) ?? [];
    entries.push({ key: match[2]!, value: match[3]! });
    modules.set(name, entries);
  }
  return modules;
}
