// The modules and the firmware of a rescue image as plan entries: which layer each goes to, and why.

import { makeModuleTable, type ModuleTable, type TableModule } from "kmod-parse/module-table";
import { formatModuleTable } from "kmod-parse/module-table-text";
import type { ModuleAlias } from "kmod-parse/modules-alias";
import { selectModules, type HostFacts, type Layer, type Selection } from "kmod-parse/select";
import type { FirmwareEntry, FirmwareFiles } from "./firmware-files.ts";
import type { PlanEntry } from "./image-plan.ts";
import { withPlace } from "./module-errors.ts";
import { plainPath, type ModuleFiles } from "./module-files.ts";

export interface ModuleChoice {
  /** Given for `--modules host`. */
  readonly host?: HostFacts;
  readonly forceModules: readonly string[];
  readonly denyModules: readonly string[];
}

/** What this machine has for one kernel. */
export interface KernelFiles {
  readonly release: string;
  readonly files: ModuleFiles;
  readonly firmware: FirmwareFiles;
}

export interface ModulePart {
  readonly selection: Selection;
  readonly entries: readonly PlanEntry[];
  /** Names of firmware that chosen modules ask for and this machine does not have. */
  readonly missingFirmware: readonly string[];
}

/**
 * Firmware always lies in the layer of the module that asks for it: a device that probes without its firmware may never
 * try again (https://github.com/qualcomm-linux/kernel/issues/923).
 */
export function moduleEntries(kernel: KernelFiles, choice: ModuleChoice): ModulePart {
  const { release, files, firmware } = kernel;
  const { forceModules, denyModules, host } = choice;
  const directory = `usr/lib/modules/${release}`;
  const selection = withPlace(`/${directory}`, () =>
    selectModules(files.tree, { forceModules, denyModules, ...(host === undefined ? {} : { host }) }),
  );
  const table = makeModuleTable({ release, tree: files.tree, selection, firmware: files.firmware, pathOf: plainPath });
  const tableEntry = textEntry(`${directory}/lifeboat-modules.json`, formatModuleTable(table), {
    layer: "initramfs",
    because: "the agent looks modules up there",
  });
  const modules = selection.modules.map((module): PlanEntry => {
    const file = files.files.get(module.name)!;
    const path = module.path.startsWith("/") ? plainPath(module.path).slice(1) : `${directory}/${plainPath(module.path)}`;
    const { hostPath, sizeBytes } = file;
    return {
      type: "file",
      path,
      mode: 0o644,
      layer: module.layer,
      group: "modules",
      because: module.because,
      sizeBytes,
      content: { hostPath },
    };
  });
  return {
    selection,
    entries: [
      tableEntry,
      ...modprobeEntries(directory, table, files.tree.aliases),
      ...modules,
      ...firmwareEntries(selection, files, firmware),
    ],
    missingFirmware: firmware.missing,
  };
}

/** Those that begin with a bus (`pci:`, `usb:`): devices get their modules from the agent, by its own table. */
const DEVICE_ALIAS = /^[\w-]+:/;

/**
 * What modprobe reads (modprobe(8), modules.dep(5)), of the modules in the image: the kernel itself calls it for an array's level, a target
 * of the device mapper, a file system's character set, and so do people. Busybox reads these texts; kmod would want depmod's binary ones.
 */
function modprobeEntries(
  directory: string,
  { modules, configAliases }: ModuleTable,
  aliases: readonly ModuleAlias[],
): readonly PlanEntry[] {
  const chosen = modules.filter(({ layer }) => layer !== "none");
  const names = new Set(chosen.map(({ name }) => name));
  // Nearest first, which the table has last.
  const needs = ({ needs: ids }: TableModule) => [...ids].reverse().map((id) => ` ${modules[id]!.path}`);
  const dependencies = chosen.map((module) => `${module.path}:${needs(module).join("")}\n`);
  const known = [...configAliases, ...aliases].filter(({ module, pattern }) => names.has(module) && !DEVICE_ALIAS.test(pattern));
  const aliasLines = known.map(({ pattern, module }) => `alias ${pattern} ${module}\n`);
  const options = chosen.filter((module) => module.options !== "").map(({ name, options: words }) => `options ${name} ${words}\n`);
  const about = { layer: "tools", because: "modprobe reads it" } as const;
  return [
    textEntry(`${directory}/modules.dep`, dependencies.join(""), about),
    textEntry(`${directory}/modules.alias`, aliasLines.join(""), about),
    ...(options.length === 0 ? [] : [textEntry("etc/modprobe.d/lifeboat.conf", options.join(""), about)]),
  ];
}

function textEntry(path: string, text: string, { layer, because }: { readonly layer: Layer; readonly because: string }): PlanEntry {
  const bytes = new TextEncoder().encode(text);
  return { type: "file", path, mode: 0o644, layer, group: "modules", because: [because], sizeBytes: bytes.length, content: { bytes } };
}

interface FirmwareOwner {
  readonly layer: Layer;
  readonly who: string;
}

/** By firmware name. Built-in drivers ask before there is a tools layer; else it is that of the first module that asks. */
function firmwareOwners(selection: Selection, { tree, firmware }: ModuleFiles): ReadonlyMap<string, FirmwareOwner> {
  const builtins = [...tree.builtins.keys()].map((name) => ({ name, layer: "initramfs", who: `${name}, which is built in,` }) as const);
  const modules = selection.modules.map(({ name, layer }) => ({ name, layer, who: name }));
  const owners = new Map<string, FirmwareOwner>();
  for (const { name, layer, who } of [...builtins, ...modules]) {
    for (const file of firmware.get(name) ?? []) {
      const known = owners.get(file);
      if (known === undefined || (known.layer === "tools" && layer === "initramfs")) owners.set(file, { layer, who });
    }
  }
  return owners;
}

function firmwareEntries(selection: Selection, files: ModuleFiles, firmware: FirmwareFiles): readonly PlanEntry[] {
  const wantedBy = firmwareOwners(selection, files);
  const pathOwner = new Map<string, { layer: Layer; because: string }>();
  for (const { name, paths } of firmware.found) {
    const owner = ownerOf(name, wantedBy);
    if (owner === undefined) continue;
    for (const path of paths)
      if (pathOwner.get(path)?.layer !== "initramfs") pathOwner.set(path, { layer: owner.layer, because: `${owner.who} asks for ${name}` });
  }
  return firmware.entries.flatMap((entry) => {
    const owner = pathOwner.get(entry.path);
    return owner === undefined ? [] : [firmwareEntry(entry, owner)];
  });
}

/** A glob among the wanted names owns what it matched. */
function ownerOf(name: string, wantedBy: ReadonlyMap<string, FirmwareOwner>): FirmwareOwner | undefined {
  const exact = wantedBy.get(name);
  if (exact !== undefined) return exact;
  for (const [pattern, owner] of wantedBy) if (/[*?[]/.test(pattern) && globMatches(pattern, name)) return owner;
  return undefined;
}

function globMatches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\*/g, "[^/]*")
    .replace(/\?/g, "[^/]");
  return new RegExp(`^${source}$`).test(name);
}

function firmwareEntry(entry: FirmwareEntry, owner: { readonly layer: Layer; readonly because: string }): PlanEntry {
  const path = entry.path.replace(/^lib\//, "usr/lib/");
  const common = { path, layer: owner.layer, group: "firmware", because: [owner.because] } as const;
  if (entry.type === "symlink") return { ...common, type: "symlink", mode: 0o777, target: entry.target };
  return { ...common, type: "file", mode: 0o644, sizeBytes: entry.sizeBytes, content: { hostPath: entry.hostPath } };
}
