// Which modules go into a rescue image, in which layer, and why.
import { classOf } from "./class-of.ts";
import { CLASSES } from "./classes.ts";
import { heldBecause } from "./held-modules.ts";
import { lookup } from "./lookup.ts";
import { normalizeModuleName } from "./module-name.ts";
import type { ModuleTree } from "./module-tree.ts";
import { KmodParseError } from "./parse-error.ts";
import { type Because, type Resolution, resolveClosure, type Wanted } from "./resolve.ts";

/** Unpacked at boot, or on the medium until the tools layer is taken in. */
export type Layer = "initramfs" | "tools";

/** What a machine uses, as its sysfs and /proc/modules show it. */
export interface HostFacts {
  readonly modaliases: readonly string[];
  readonly loadedModules: readonly string[];
  readonly driverNames: readonly string[];
}

export interface SelectOptions {
  /** "all" unless facts of a host are given. */
  readonly host?: HostFacts;
  /** Names or aliases. They go to the initramfs with all that they need. */
  readonly forceModules?: readonly string[];
  /** Names or aliases. They are left out with all that need them. */
  readonly denyModules?: readonly string[];
}

export interface SelectedModule {
  readonly name: string;
  readonly path: string;
  readonly layer: Layer;
  /** Reasons, nearest first. */
  readonly because: Because;
  /** False: no device loads it by itself, `heldBecause` says why. */
  readonly coldplug: boolean;
  readonly heldBecause?: string;
}

export interface Selection {
  /** In depmod's order, which is that of priority. */
  readonly modules: readonly SelectedModule[];
  /** Left out on request, and what cannot work without these. */
  readonly denied: readonly Wanted[];
  /** Asked for, and part of the kernel. */
  readonly builtins: readonly Wanted[];
  /** Asked for by a softdep, quirk, device or user, and not in this kernel. */
  readonly unknown: readonly Wanted[];
}

/** Throws KmodParseError when a forced or denied module does not exist, when a denied one is built in, or a forced one needs it. */
export function selectModules(tree: ModuleTree, options: SelectOptions = {}): Selection {
  const denied = withDependents(tree, deniedModules(tree, options.denyModules ?? []));
  const forced = forcedModules(tree, options.forceModules ?? [], denied);
  const chosen = options.host === undefined ? everyModule(tree, denied) : hostModules(tree, options.host, { denied, forced });
  const refuse = new Set(denied.keys());
  const early = resolveClosure(tree, [...forced, ...earlyModules(tree, chosen, options.host !== undefined)], { refuse });
  const reasonOf = (name: string) => early.modules.get(name) ?? lateReason(tree, chosen, name);
  return {
    modules: [...tree.modules.values()]
      .filter(({ name }) => chosen.modules.has(name) || early.modules.has(name))
      .map(({ name, path }) => {
        const held = heldBecause({ name, path }, tree.config);
        const layer: Layer = early.modules.has(name) ? "initramfs" : "tools";
        const base = { name, path, layer, because: reasonOf(name), coldplug: held === undefined };
        return held === undefined ? base : Object.assign(base, { heldBecause: held });
      }),
    denied: [...denied].map(asWanted),
    builtins: [...new Map([...chosen.builtins, ...early.builtins])].map(asWanted),
    unknown: mergeUnknown([...chosen.unknown, ...early.unknown]),
  };
}

type Reasons = ReadonlyMap<string, Because>;

function asWanted([name, because]: readonly [string, Because]): Wanted {
  return { name, because };
}

function mergeUnknown(list: readonly Wanted[]): readonly Wanted[] {
  return [...new Map(list.map((wanted): [string, Because] => [wanted.name, wanted.because]))].map(asWanted);
}

function deniedModules(tree: ModuleTree, names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.flatMap((name) => deniedByName(tree, name)).map((module) => [module, "denied by option"]));
}

function deniedByName(tree: ModuleTree, name: string): readonly string[] {
  const own = normalizeModuleName(name);
  // An alias of modprobe.d may go by the name of a module; here the module is meant.
  if (tree.modules.has(own)) return [own];
  const found = lookup(tree, name)?.names ?? [];
  const modules = found.filter((target) => tree.modules.has(target));
  if (modules.length > 0) return modules;
  const builtin = found.find((target) => tree.builtins.has(target));
  if (builtin === undefined) throw unknownModule("leave out", name);
  throw new KmodParseError(`Cannot leave out module "${name}" as only a module can be left out: "${builtin}" is built into the kernel`);
}

function unknownModule(act: string, name: string): KmodParseError {
  const state = name.includes(",") ? "of several, each takes an option of its own" : "no module, alias or built-in has that name";
  return new KmodParseError(`Cannot ${act} module "${name}" as it must be one of this kernel's: ${state}`);
}

/** A module whose hard dependency is missing cannot be loaded either. */
function withDependents(tree: ModuleTree, roots: ReadonlyMap<string, string>): Reasons {
  const reasons = new Map<string, Because>([...roots].map(([name, why]): [string, Because] => [name, [why]]));
  if (roots.size === 0) return reasons;
  for (const module of tree.modules.values()) {
    const root = module.needs.find((needed) => roots.has(needed));
    if (root !== undefined && !reasons.has(module.name)) reasons.set(module.name, [`${module.name} needs ${root}`, roots.get(root)!]);
  }
  return reasons;
}

function forcedModules(tree: ModuleTree, names: readonly string[], denied: Reasons): readonly Wanted[] {
  return names.flatMap((name) => {
    const found = lookup(tree, name);
    if (found === undefined) throw unknownModule("take", name);
    return found.names.map((target) => {
      const refusal = denied.get(target);
      if (refusal === undefined) return { name: target, because: [`${name} forced by option`] };
      throw new KmodParseError(`Cannot take module "${name}" as nothing that it needs may be denied: ${refusal.join("; ")}`);
    });
  });
}

function everyModule(tree: ModuleTree, denied: Reasons): Resolution {
  const names = [...tree.modules.keys()].filter((name) => !denied.has(name));
  return { modules: new Map(names.map((name) => [name, EVERY])), builtins: new Map(), unknown: [] };
}

const EVERY: Because = ["every module of the kernel is taken"];

interface HostChoice {
  readonly denied: Reasons;
  readonly forced: readonly Wanted[];
}

function hostModules(tree: ModuleTree, host: HostFacts, { denied, forced }: HostChoice): Resolution {
  const known = (names: readonly string[], why: (name: string) => string): readonly Wanted[] =>
    names.filter((name) => lookup(tree, name) !== undefined).map((name) => ({ name, because: [why(name)] }));
  const wanted = [
    ...forced,
    ...known(host.modaliases, (modalias) => `device ${modalias}`),
    ...known(host.loadedModules, (name) => `${normalizeModuleName(name)} is loaded on this machine`),
    ...known(host.driverNames, (name) => `driver ${name} is in use on this machine`),
    ...alwaysModules(tree),
  ];
  return resolveClosure(tree, wanted, { refuse: new Set(denied.keys()) });
}

function alwaysModules(tree: ModuleTree): readonly Wanted[] {
  return [...tree.modules.values()].flatMap(({ name, path }) => {
    const place = classOf(name, path);
    const always = CLASSES.find((moduleClass) => moduleClass.name === place?.class)?.always ?? "none";
    const isTaken = always === "all" || (always === "early" && place?.stage === "early");
    return isTaken ? [{ name, because: [`class ${place!.class} is taken for every machine`] }] : [];
  });
}

function earlyModules(tree: ModuleTree, chosen: Resolution, isHost: boolean): readonly Wanted[] {
  return [...tree.modules.values()].flatMap(({ name, path }) => {
    const because = chosen.modules.get(name);
    const place = because === undefined ? undefined : classOf(name, path);
    if (because === undefined || place?.stage !== "early") return [];
    return [{ name, because: isHost ? because : [`class ${place.class}`] }];
  });
}

function lateReason(tree: ModuleTree, chosen: Resolution, name: string): Because {
  const because = chosen.modules.get(name) ?? [];
  if (because !== EVERY) return because;
  const place = classOf(name, tree.modules.get(name)?.path ?? "");
  return place === undefined ? because : [`class ${place.class}`, ...because];
}
