// The module table as JSON text and back; what comes in is checked by hand, as the text may have been damaged on its medium.
import { moduleNameOf } from "./module-name.ts";
import type { ModuleTable, Place, TableModule } from "./module-table.ts";
import type { ModuleAlias } from "./modules-alias.ts";
import type { DeviceNode } from "./modules-devname.ts";
import { KmodParseError } from "./parse-error.ts";

const VERSION = 1;

/** What is empty is left out, names follow from paths. */
export function formatModuleTable(table: ModuleTable): string {
  const { lengths, tails, entries } = table.aliases;
  return JSON.stringify({
    version: VERSION,
    release: table.release,
    modules: table.modules.map(wireModule),
    aliases: { lengths, tails, entries },
    configAliases: table.configAliases,
    builtins: [...table.builtins],
    devices: table.devices,
  });
}

/** Throws KmodParseError naming the field that is wrong. */
export function parseModuleTable(text: string): ModuleTable {
  const root = record(parseJson(text), "the table");
  if (root["version"] !== VERSION) throw wrong("version", `${VERSION}`, root["version"]);
  const wires = list(root["modules"], "modules");
  const modules = wires.map((wire, id) => readModule(wire, `modules[${id}]`, wires.length));
  const names = modules.map((module) => module.name);
  const aliases = record(root["aliases"], "aliases");
  const tails = strings(aliases["tails"], "aliases.tails");
  return {
    release: string(root["release"], "release"),
    modules,
    byName: new Map(names.map((name, id) => [name, id])),
    aliases: {
      modules: names,
      lengths: numbers(aliases["lengths"], "aliases.lengths", Number.MAX_SAFE_INTEGER),
      tails,
      entries: readEntries(aliases["entries"], tails.length, names.length),
    },
    configAliases: list(root["configAliases"], "configAliases").map(readAlias),
    builtins: new Set(strings(root["builtins"], "builtins")),
    devices: list(root["devices"], "devices").map(readDevice),
  };
}

function wireModule(module: TableModule): Record<string, unknown> {
  const wire: Record<string, unknown> = { path: module.path };
  if (module.layer !== "initramfs") wire["in"] = module.layer;
  for (const field of ["needs", "pre", "post", "firmware", "options"] as const) {
    if (module[field].length > 0) wire[field] = module[field];
  }
  if (module.heldBecause !== undefined) wire["held"] = module.heldBecause;
  return wire;
}

function readModule(value: unknown, where: string, count: number): TableModule {
  const wire = record(value, where);
  const path = string(wire["path"], `${where}.path`);
  const ids = (field: string) => (wire[field] === undefined ? [] : numbers(wire[field], `${where}.${field}`, count));
  const text = (field: string) => (wire[field] === undefined ? undefined : string(wire[field], `${where}.${field}`));
  return {
    name: moduleNameOf(path),
    path,
    layer: readPlace(wire["in"], `${where}.in`),
    needs: ids("needs"),
    pre: ids("pre"),
    post: ids("post"),
    firmware: wire["firmware"] === undefined ? [] : strings(wire["firmware"], `${where}.firmware`),
    options: text("options") ?? "",
    heldBecause: text("held"),
  };
}

function readPlace(value: unknown, field: string): Place {
  if (value === undefined) return "initramfs";
  if (value === "tools" || value === "none") return value;
  throw wrong(field, '"tools" or "none"', value);
}

/** Checked in place and kept: rebuilding tens of thousands of lists is what the agent's slow start can do without. */
function readEntries(value: unknown, tailCount: number, moduleCount: number): Readonly<Record<string, readonly number[]>> {
  const entries = record(value, "aliases.entries");
  for (const key of Object.keys(entries)) {
    const entry = entries[key];
    const isPaired = Array.isArray(entry) && entry.length % 2 === 0;
    if (!isPaired || !entry.every((id, at) => isIndex(id, at % 2 === 0 ? tailCount : moduleCount))) {
      throw wrong(`aliases.entries["${key}"]`, "pairs of a tail's and a module's number", entry);
    }
  }
  return entries as Readonly<Record<string, readonly number[]>>;
}

function readAlias(value: unknown, id: number): ModuleAlias {
  const alias = record(value, `configAliases[${id}]`);
  return {
    pattern: string(alias["pattern"], `configAliases[${id}].pattern`),
    module: string(alias["module"], `configAliases[${id}].module`),
  };
}

function readDevice(value: unknown, id: number): DeviceNode {
  const where = `devices[${id}]`;
  const device = record(value, where);
  const { type, major, minor } = device;
  if (type !== "character" && type !== "block") throw wrong(`${where}.type`, '"character" or "block"', type);
  if (!isIndex(major, 2 ** 12) || !isIndex(minor, 2 ** 20)) throw wrong(`${where}.major and .minor`, "device numbers", [major, minor]);
  return { module: string(device["module"], `${where}.module`), node: string(device["node"], `${where}.node`), type, major, minor };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KmodParseError(`Cannot read the module table as it is one JSON value: ${(error as Error).message}`);
  }
}

function wrong(field: string, rule: string, value: unknown): KmodParseError {
  const shown = (JSON.stringify(value) ?? "missing").slice(0, 80);
  return new KmodParseError(`Cannot read the module table as ${field} is ${rule}: ${shown}`, { value: shown });
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(field, "an object", value);
  return value as Record<string, unknown>;
}

function list(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(field, "a list", value);
  return value;
}

function string(value: unknown, field: string): string {
  if (typeof value !== "string") throw wrong(field, "text", value);
  return value;
}

function strings(value: unknown, field: string): readonly string[] {
  return list(value, field).map((item, index) => string(item, `${field}[${index}]`));
}

function numbers(value: unknown, field: string, below: number): readonly number[] {
  return list(value, field).map((item, index) => {
    if (!isIndex(item, below)) throw wrong(`${field}[${index}]`, `a whole number below ${below}`, item);
    return item;
  });
}

function isIndex(value: unknown, below: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < below;
}
