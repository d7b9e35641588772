// One kernel's modules as one value: what modules.dep and its sisters, and modprobe.d, say together.
import { type AliasIndex, buildAliasIndex } from "./alias-index.ts";
import { matchPattern } from "./alias-match.ts";
import { parseBuiltinModinfo } from "./builtin-modinfo.ts";
import { type ModinfoEntry, modinfoValues } from "./modinfo-section.ts";
import { type ConfigFile, mergeModprobeConfig, type ModprobeConfig } from "./modprobe-config.ts";
import { type ModuleAlias, parseModulesAlias } from "./modules-alias.ts";
import { parseModulesBuiltin } from "./modules-builtin.ts";
import { type ModuleDependencies, parseModulesDep } from "./modules-dep.ts";
import { type DeviceNode, parseModulesDevname } from "./modules-devname.ts";
import { parseModulesSoftdep, type SoftDependency } from "./modules-softdep.ts";
import { parseModulesWeakdep, type WeakDependency } from "./modules-weakdep.ts";
import { KmodParseError } from "./parse-error.ts";

/** The texts of `/lib/modules/RELEASE`; only modules.dep must be there. */
export interface ModuleTreeTexts {
  readonly "modules.dep"?: string;
  readonly "modules.alias"?: string;
  readonly "modules.softdep"?: string;
  readonly "modules.weakdep"?: string;
  readonly "modules.builtin"?: string;
  readonly "modules.builtin.modinfo"?: string;
  readonly "modules.devname"?: string;
}

export interface ModuleTree {
  /** By name, in depmod's order: earlier ones have priority. Of two modules of one name, the first. */
  readonly modules: ReadonlyMap<string, ModuleDependencies>;
  /** Names and what is known of them; without a modules.builtin.modinfo, nothing. */
  readonly builtins: ReadonlyMap<string, readonly ModinfoEntry[]>;
  readonly aliases: readonly ModuleAlias[];
  readonly aliasIndex: AliasIndex;
  readonly builtinAliasIndex: AliasIndex;
  readonly config: ModprobeConfig;
  /** By module; for loading, only the first of a module's counts. */
  readonly softdeps: ReadonlyMap<string, readonly SoftDependency[]>;
  readonly weakdeps: ReadonlyMap<string, readonly WeakDependency[]>;
  readonly devices: readonly DeviceNode[];
}

/** `configFiles` are those of modprobe.d, of the machine that is meant. Throws KmodParseError for texts that depmod did not write. */
export function parseModuleTree(texts: ModuleTreeTexts, configFiles: readonly ConfigFile[] = []): ModuleTree {
  const dep = texts["modules.dep"];
  if (dep === undefined) {
    throw new KmodParseError(`Cannot read the module directory as it must have a modules.dep: not found; "depmod RELEASE" makes one`);
  }
  const modules = new Map<string, ModuleDependencies>();
  for (const module of parseModulesDep(dep)) if (!modules.has(module.name)) modules.set(module.name, module);
  for (const { path, needs } of modules.values()) {
    const lost = needs.find((name) => !modules.has(name));
    if (lost !== undefined) throw lostLine(path, lost);
  }
  const aliases = parseModulesAlias(texts["modules.alias"] ?? "");
  const builtins = parseBuiltins(texts);
  const config = parseConfig(texts, configFiles);
  const names = [...modules.keys(), ...builtins.keys()];
  return {
    modules,
    builtins,
    aliases,
    aliasIndex: buildAliasIndex(aliases, [...modules.keys()]),
    builtinAliasIndex: buildAliasIndex(builtinAliases(builtins)),
    config,
    softdeps: byModule([...config.softdeps, ...builtinSoftdeps(builtins)], names),
    weakdeps: byModule(config.weakdeps, names),
    devices: parseModulesDevname(texts["modules.devname"] ?? ""),
  };
}

/** depmod writes a line for each module that it knows. */
function lostLine(path: string, lost: string): KmodParseError {
  const file = "modules.dep";
  return new KmodParseError(`Cannot read "${file}" as every module has a line of its own: "${path}" needs "${lost}", which has none`, {
    file,
    value: lost,
  });
}

/** depmod's own files count as configuration, sorted in by their names; depmod's have no bad lines. */
function parseConfig(texts: ModuleTreeTexts, configFiles: readonly ConfigFile[]): ModprobeConfig {
  const own: ConfigFile[] = [];
  for (const name of ["modules.softdep", "modules.weakdep"] as const) {
    const text = texts[name];
    if (text === undefined) continue;
    if (name === "modules.softdep") parseModulesSoftdep(text);
    else parseModulesWeakdep(text);
    own.push({ name, directory: "", text });
  }
  return mergeModprobeConfig([...configFiles, ...own]);
}

function parseBuiltins(texts: ModuleTreeTexts): ReadonlyMap<string, readonly ModinfoEntry[]> {
  const builtins = new Map<string, readonly ModinfoEntry[]>();
  for (const builtin of parseModulesBuiltin(texts["modules.builtin"] ?? "")) builtins.set(builtin.name, []);
  for (const [name, entries] of parseBuiltinModinfo(texts["modules.builtin.modinfo"] ?? "")) builtins.set(name, entries);
  return builtins;
}

function builtinAliases(builtins: ModuleTree["builtins"]): readonly ModuleAlias[] {
  return [...builtins].flatMap(([module, entries]) => modinfoValues(entries, "alias").map((pattern) => ({ pattern, module })));
}

/** depmod writes none of these down, yet a built-in's request for `cryptomgr` is as real as a module's. */
function builtinSoftdeps(builtins: ModuleTree["builtins"]): readonly SoftDependency[] {
  return [...builtins].flatMap(([module, entries]) =>
    modinfoValues(entries, "softdep").flatMap((text) => parseModulesSoftdep(`softdep ${module} ${text}`, "modules.builtin.modinfo")),
  );
}

function byModule<T extends { readonly module: string }>(lines: readonly T[], names: readonly string[]): ReadonlyMap<string, readonly T[]> {
  const map = new Map<string, T[]>();
  for (const line of lines) {
    const fitting = /[*?[\\]/.test(line.module) ? names.filter((name) => matchPattern(line.module, name)) : [line.module];
    for (const name of fitting) map.set(name, [...(map.get(name) ?? []), line]);
  }
  return map;
}
