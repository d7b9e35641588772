// The table of modules that the builder writes into the image and the agent reads: compact JSON, ready when parsed.
import { type AliasIndex, buildAliasIndex } from "./alias-index.ts";
import { optionsFor } from "./modprobe-config.ts";
import type { ModuleAlias } from "./modules-alias.ts";
import type { DeviceNode } from "./modules-devname.ts";
import type { ModuleTree } from "./module-tree.ts";
import type { Layer, Selection } from "./select.ts";
import { modulesFor } from "./tree-load-order.ts";

export interface ModuleTable {
  /** Of the kernel, as `uname -r` prints it. */
  readonly release: string;
  /** All of the kernel's, in order of priority. */
  readonly modules: readonly TableModule[];
  readonly byName: ReadonlyMap<string, number>;
  /** Its `modules` are the names of this table's, in the same order. */
  readonly aliases: AliasIndex;
  /** Those of modprobe.d, which come before all others. */
  readonly configAliases: readonly ModuleAlias[];
  readonly builtins: ReadonlySet<string>;
  readonly devices: readonly DeviceNode[];
}

/** `none`: not in the image, but known, so that a report can name it. */
export type Place = Layer | "none";

export interface TableModule {
  readonly name: string;
  /** Relative to `/lib/modules/RELEASE` (or absolute), as in modules.dep: the uncompressed file's name is the builder's choice. */
  readonly path: string;
  readonly layer: Place;
  /** Hard dependencies, all of them, first to load first; indices of `modules`. */
  readonly needs: readonly number[];
  /** Of the softdep that counts; aliases looked up, what is not in the table left out. */
  readonly pre: readonly number[];
  readonly post: readonly number[];
  /** As the module names them; may be patterns. */
  readonly firmware: readonly string[];
  readonly options: string;
  /** Set when no device may load it by itself. */
  readonly heldBecause: string | undefined;
}

export interface TableInput {
  readonly release: string;
  readonly tree: ModuleTree;
  readonly selection: Selection;
  /** By module name. */
  readonly firmware: ReadonlyMap<string, readonly string[]>;
  /** The file's path in the image, where it differs from that in modules.dep: without `.xz`, say. */
  readonly pathOf?: (path: string) => string;
}

/** The same input gives the same table, and the same text. */
export function makeModuleTable({ release, tree, selection, firmware, pathOf = (path) => path }: TableInput): ModuleTable {
  const chosen = new Map(selection.modules.map((module) => [module.name, module]));
  const names = [...tree.modules.keys()];
  const byName = new Map(names.map((name, id) => [name, id]));
  const ids = (list: readonly string[]) => list.flatMap((name) => byName.get(name) ?? []);
  const modules = [...tree.modules.values()].map(({ name, path }): TableModule => {
    const selected = chosen.get(name);
    const soft = tree.softdeps.get(name)?.[0];
    const softIds = (words: readonly string[] = []) => ids(words.flatMap((word) => modulesFor(tree, word)));
    return {
      name,
      path: pathOf(path),
      layer: selected?.layer ?? "none",
      needs: ids(tree.modules.get(name)?.needs ?? []).reverse(),
      pre: softIds(soft?.pre),
      post: softIds(soft?.post),
      firmware: firmware.get(name) ?? [],
      options: optionsFor(tree.config, name),
      heldBecause: selected?.heldBecause,
    };
  });
  return {
    release,
    modules,
    byName,
    aliases: buildAliasIndex(
      tree.aliases.filter((alias) => byName.has(alias.module)),
      names,
    ),
    configAliases: tree.config.aliases,
    builtins: new Set(tree.builtins.keys()),
    devices: tree.devices.filter((device) => byName.has(device.module)),
  };
}
