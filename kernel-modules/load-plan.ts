// From the names of modules to the steps that load them: what comes before what, and what can run in parallel.
import { loadOrder } from "./load-order.ts";
import { normalizeModuleName } from "./module-name.ts";
import type { ModuleTable, Place, TableModule } from "./module-table.ts";
import type { Layer } from "./select.ts";

export interface LoadState {
  /** Names as in /proc/modules. */
  readonly loaded: readonly string[];
  /** The layers that can be read now. */
  readonly layers: readonly Layer[];
  /**
   * Names of modules that serve one device, best first: each waits for the one before it, as `modprobe` and udev load
   * them one by one. Side by side, whichever starts first would have the device.
   */
  readonly rivals?: readonly (readonly string[])[];
}

export interface LoadStep {
  readonly name: string;
  readonly path: string;
  readonly layer: Place;
  /** Parameters for finit_module, one string. */
  readonly options: string;
  /** Names of earlier steps that must have ended, well or not, before this one starts. */
  readonly after: readonly string[];
  /** Those of `after` without which this one cannot be loaded; the failure of the others does not matter. */
  readonly needs: readonly string[];
}

export interface LoadPlan {
  /** In an order that is right when done one by one; steps that do not wait for each other may run at once. */
  readonly steps: readonly LoadStep[];
  /** Asked for, but they or what they need are in a layer that is not there yet. */
  readonly waiting: readonly string[];
  /** Neither in the table nor built in. */
  readonly unknown: readonly string[];
}

/** The order is kmod's, softdeps included. What is loaded or built in already gives no step. */
export function loadPlan(table: ModuleTable, names: readonly string[], state: LoadState): LoadPlan {
  const loaded = new Set(state.loaded.map(normalizeModuleName));
  const isAvailable = (id: number) => [id, ...moduleAt(table, id).needs].every((each) => isReadable(moduleAt(table, each), state, loaded));
  const graph = {
    needs: (id: number) => moduleAt(table, id).needs,
    pre: (id: number) => moduleAt(table, id).pre.filter(isAvailable),
    post: (id: number) => moduleAt(table, id).post.filter(isAvailable),
  };
  const order = new Set<number>();
  const waiting: string[] = [];
  const unknown: string[] = [];
  for (const asked of names) {
    const name = normalizeModuleName(asked);
    const id = table.byName.get(name);
    if (id === undefined) {
      if (!table.builtins.has(name)) unknown.push(name);
    } else if (!isAvailable(id)) waiting.push(name);
    else if (!loaded.has(name)) loadOrder(graph, id).forEach((each) => order.add(each));
  }
  return { steps: stepsOf(table, order, { loaded, betters: bettersOf(table, state.rivals ?? []) }), waiting, unknown };
}

function moduleAt(table: ModuleTable, id: number): TableModule {
  return table.modules[id]!;
}

function isReadable(module: TableModule, state: LoadState, loaded: ReadonlySet<string>): boolean {
  return loaded.has(module.name) || (module.layer !== "none" && state.layers.includes(module.layer));
}

/** For each module those that stand right before it in a list of rivals. */
function bettersOf(table: ModuleTable, rivals: readonly (readonly string[])[]): ReadonlyMap<number, readonly number[]> {
  const betters = new Map<number, number[]>();
  for (const names of rivals) {
    const ids = names.flatMap((name) => table.byName.get(normalizeModuleName(name)) ?? []);
    for (const [index, id] of ids.entries()) if (index > 0) betters.set(id, [...(betters.get(id) ?? []), ids[index - 1]!]);
  }
  return betters;
}

interface StepFacts {
  readonly loaded: ReadonlySet<string>;
  readonly betters: ReadonlyMap<number, readonly number[]>;
}

function stepsOf(table: ModuleTable, order: ReadonlySet<number>, { loaded, betters }: StepFacts): readonly LoadStep[] {
  const ids = [...order].filter((id) => !loaded.has(moduleAt(table, id).name));
  const parents = new Map<number, number[]>();
  for (const id of ids) for (const post of moduleAt(table, id).post) parents.set(post, [...(parents.get(post) ?? []), id]);
  const earlier = new Set<number>();
  return ids.map((id) => {
    const { name, path, layer, options, needs, pre } = moduleAt(table, id);
    const wanted = [...needs, ...pre, ...(parents.get(id) ?? []), ...(betters.get(id) ?? [])];
    const waitFor = [...new Set(wanted)].filter((other) => earlier.has(other));
    earlier.add(id);
    const nameOf = (other: number) => moduleAt(table, other).name;
    return { name, path, layer, options, after: waitFor.map(nameOf), needs: waitFor.filter((other) => needs.includes(other)).map(nameOf) };
  });
}
