// The order in which kmod loads a module and what it asks for (kmod's libkmod-module.c, probe list).

/** What the order needs to know of a module; the same code runs on a module tree and on the agent's table. */
export interface LoadGraph<Id> {
  /** The transitive closure of hard dependencies, first to load first. */
  readonly needs: (id: Id) => readonly Id[];
  /** Of the first softdep line that fits; names already looked up. */
  readonly pre: (id: Id) => readonly Id[];
  readonly post: (id: Id) => readonly Id[];
}

/**
 * The module and everything that is loaded with it, each once: for each hard dependency, farthest first, its softdep
 * pre, itself, its softdep post; then the same for the module. Loops among softdeps end at a module already visited.
 */
export function loadOrder<Id>(graph: LoadGraph<Id>, id: Id): readonly Id[] {
  const visited = new Set<Id>();
  const order = new Set<Id>();

  const visit = (module: Id): void => {
    if (visited.has(module)) return;
    visited.add(module);
    for (const needed of graph.needs(module)) loadWithSoft(needed);
    loadWithSoft(module);
  };
  const loadWithSoft = (module: Id): void => {
    graph.pre(module).forEach(visit);
    order.add(module);
    graph.post(module).forEach(visit);
  };

  visit(id);
  return [...order];
}
