// Load order over a module tree, as `modprobe --show-depends` prints it, without the built-in ones.
import { loadOrder } from "./load-order.ts";
import { lookup } from "./lookup.ts";
import type { ModuleTree } from "./module-tree.ts";

/** Names, first to load first, the module itself included; empty for a name that is no module of the tree. */
export function treeLoadOrder(tree: ModuleTree, name: string): readonly string[] {
  if (!tree.modules.has(name)) return [];
  return loadOrder(treeLoadGraph(tree), name);
}

function treeLoadGraph(tree: ModuleTree) {
  const soft = (name: string, side: "pre" | "post") =>
    (tree.softdeps.get(name)?.[0]?.[side] ?? []).flatMap((word) => modulesFor(tree, word));
  return {
    needs: (name: string) => [...(tree.modules.get(name)?.needs ?? [])].reverse(),
    pre: (name: string) => soft(name, "pre"),
    post: (name: string) => soft(name, "post"),
  };
}

/** Loadable modules that a softdep's word stands for. */
export function modulesFor(tree: ModuleTree, word: string): readonly string[] {
  return (lookup(tree, word)?.names ?? []).filter((name) => tree.modules.has(name));
}
