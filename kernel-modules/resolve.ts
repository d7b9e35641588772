// What must come along: the closure of hard, soft, weak and quirk dependencies, with the reason for each module.
import { lookup } from "./lookup.ts";
import type { ModuleTree } from "./module-tree.ts";
import { type Quirk, QUIRKS } from "./quirks.ts";

/** Reasons, nearest first: each answers "why?" of the one before it. Example: `["nvme needs nvme_core", "class nvme"]`. */
export type Because = readonly string[];

export interface Wanted {
  /** A module's name or any alias. */
  readonly name: string;
  readonly because: Because;
}

export interface Resolution {
  readonly modules: ReadonlyMap<string, Because>;
  /** Part of the kernel: nothing to take, but their firmware may be needed. */
  readonly builtins: ReadonlyMap<string, Because>;
  /** Names that neither a module nor an alias answers to. Never an error: most softdeps name what other kernels have. */
  readonly unknown: readonly Wanted[];
}

/**
 * Breadth first, so each module has one of its shortest chains. For taking in, all softdep words count, those that
 * kmod ignores too; weak dependencies count as well; `refuse` names modules that are not taken, nor what only they need.
 */
export function resolveClosure(
  tree: ModuleTree,
  wanted: readonly Wanted[],
  { refuse, quirks = QUIRKS }: { readonly refuse?: ReadonlySet<string>; readonly quirks?: readonly Quirk[] } = {},
): Resolution {
  const modules = new Map<string, Because>();
  const builtins = new Map<string, Because>();
  const unknown = new Map<string, Because>();
  const queue = [...wanted];
  for (let next = 0; next < queue.length; next++) {
    const { name, because } = queue[next]!;
    const found = lookup(tree, name);
    if (found === undefined && !unknown.has(name)) unknown.set(name, because);
    for (const target of found?.names ?? []) {
      const place = tree.modules.has(target) ? modules : tree.builtins.has(target) ? builtins : unknown;
      if (place.has(target) || refuse?.has(target) === true) continue;
      place.set(target, because);
      if (place !== unknown)
        queue.push(...asksFor(tree, target, quirks).map((ask) => ({ name: ask.name, because: [ask.why, ...because] })));
    }
  }
  return { modules, builtins, unknown: [...unknown].map(([name, because]) => ({ name, because })) };
}

/** Hard dependencies that no other one brings along: modules.dep has the whole closure, a chain wants its links. */
export function directNeeds(tree: ModuleTree, name: string): readonly string[] {
  const needs = tree.modules.get(name)?.needs ?? [];
  if (needs.length < 2) return needs;
  const indirect = new Set(needs.flatMap((needed) => tree.modules.get(needed)?.needs ?? []));
  return needs.filter((needed) => !indirect.has(needed));
}

interface Ask {
  readonly name: string;
  readonly why: string;
}

function asksFor(tree: ModuleTree, name: string, quirks: readonly Quirk[]): readonly Ask[] {
  const soft = (tree.softdeps.get(name) ?? []).flatMap((line) => line.pre.concat(line.post, line.other));
  const weak = (tree.weakdeps.get(name) ?? []).flatMap((line) => line.weak);
  const odd = quirks.filter((quirk) => quirk.module === name);
  return [
    ...directNeeds(tree, name).map((needed) => ({ name: needed, why: `${name} needs ${needed}` })),
    ...soft.map((word) => ({ name: word, why: `${name} asks for ${word}, as its softdep says` })),
    ...weak.map((word) => ({ name: word, why: `${name} may ask for ${word}, as its weakdep says` })),
    ...odd.flatMap((quirk) => quirk.needs.map((needed) => ({ name: needed, why: `${name} needs ${needed}, see ${quirk.why}` }))),
  ];
}
