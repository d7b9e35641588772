// Why something is in the rescue image, or why not: the answers of `lifeboat explain`. Data in, data out.

import { lookup } from "kmod-parse/lookup";
import { hasModuleExtension, moduleNameOf } from "kmod-parse/module-name";
import { nearestName } from "../machine/nearest-name.ts";
import { explainFirmware, firmwareNameOf } from "./explain-firmware.ts";
import { explainModule } from "./explain-module.ts";
import type { ImageContents } from "./gather-image.ts";
import { imagePath } from "./image-path.ts";
import type { Because, Layer, PlanEntry } from "./image-plan.ts";
import { machineEntries } from "./machine-entries.ts";
import { TOOL_PROGRAMS } from "./programs.ts";

/** One thing that the name may mean. */
export type Finding =
  | {
      readonly kind: "inside";
      /** What it is, e.g. `module nvme`. */
      readonly what: string;
      readonly path: string;
      readonly layer: Layer;
      readonly sizeBytes: number;
      /** Reasons, nearest first: each answers "why?" of the one before it. */
      readonly because: Because;
      /** What else is worth knowing; one sentence each. */
      readonly remarks: readonly string[];
    }
  | {
      readonly kind: "outside";
      readonly what: string;
      readonly why: string;
      /** What the reader can do; one sentence. */
      readonly hint: string | undefined;
    };

export interface Explanation {
  readonly findings: readonly Finding[];
  /** For a name that nothing answers to: the nearest one that something does. */
  readonly nearest: string | undefined;
}

export interface ImageFacts {
  readonly release: string;
  readonly contents: ImageContents;
  /** True for `--modules host`. */
  readonly hostOnly: boolean;
  /** False for `--firmware none`. */
  readonly withFirmware: boolean;
}

/**
 * `name` is a module, an alias or a device's modalias, a program, a library, a firmware name, or a path, as it is on this machine
 * or in the image. `placeOnMachine` is where this machine has a program of that name.
 */
export function explainName(name: string, facts: ImageFacts, placeOnMachine: string | undefined): Explanation {
  const modules = moduleNames(name, facts).map((module) => explainModule(module, name, facts));
  const files = modules.length > 0 ? [] : explainFiles(name, allEntries(facts));
  const others = [explainProgram(name, facts.contents), explainFirmware(name, facts)].flatMap((finding) => finding ?? []);
  const findings = [...modules, ...files, ...(files.length > 0 ? [] : others)];
  if (findings.length > 0) return { findings, nearest: undefined };
  if (placeOnMachine !== undefined) return { findings: [notListed(name, placeOnMachine)], nearest: undefined };
  return { findings: [], nearest: nearestName(name, knownNames(facts)) };
}

/** A module's file, its name, or whatever alias it answers to. */
function moduleNames(name: string, { contents }: ImageFacts): readonly string[] {
  const { tree } = contents.moduleFiles;
  const found = lookup(tree, hasModuleExtension(name) ? moduleNameOf(name) : name)?.names ?? [];
  const asked = contents.modulePart.selection.unknown.filter((wanted) => wanted.name === name).map((wanted) => wanted.name);
  return [...found.filter((module) => tree.modules.has(module) || tree.builtins.has(module)), ...asked];
}

/** What the last segment holds is made with the image; that it does is known before. */
function allEntries({ contents }: ImageFacts): readonly PlanEntry[] {
  return [...contents.entries, ...machineEntries(new Uint8Array())];
}

function explainFiles(name: string, entries: readonly PlanEntry[]): readonly Finding[] {
  const path = imagePath(name.replace(/\/+$/, "")) ?? name;
  const exact = entries.filter((entry) => entry.path === path);
  if (exact.length > 0) return exact.map(fileFinding);
  const inside = entries.filter((entry) => entry.path.startsWith(`${path}/`));
  if (name.includes("/") && inside.length > 0) return [directoryFinding(path, inside)];
  const firmware = firmwareNameOf(name);
  const named = entries.filter((entry) => entry.group !== "modules" && entry.path.replace(/\.(?:xz|zst)$/, "").endsWith(`/${firmware}`));
  return named.map(fileFinding);
}

function fileFinding(entry: PlanEntry): Finding {
  const { path, layer, because } = entry;
  const sizeBytes = entry.type === "file" ? entry.sizeBytes : 0;
  const remarks = entry.type === "symlink" ? [`a link to ${entry.target}`] : [];
  return { kind: "inside", what: `${kindOf(entry)} ${nameOf(path)}`, path, layer, sizeBytes, because, remarks };
}

function kindOf({ group, path }: PlanEntry): string {
  if (group === "libraries") return "library";
  if (group === "firmware") return "firmware";
  return /^usr\/(?:local\/)?s?bin\//.test(path) ? "program" : "file";
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function directoryFinding(path: string, entries: readonly PlanEntry[]): Finding {
  const sizeBytes = entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.sizeBytes : 0), 0);
  const layers = [...new Set(entries.map(({ layer }) => layer))];
  const counts = new Map<string, number>();
  for (const { because } of entries) counts.set(because[0] ?? "", (counts.get(because[0] ?? "") ?? 0) + 1);
  const shown = [...counts].sort((a, b) => b[1] - a[1]).slice(0, SHOWN_REASONS);
  const remarks = [
    `${entries.length} entries, for ${counts.size} reasons${layers.length > 1 ? ", in both layers" : ""}`,
    ...shown.map(([reason, count]) => `${count} of them because ${reason}`),
  ];
  // Its entries have chains of reasons; it has none of its own.
  return { kind: "inside", what: `directory ${nameOf(path)}`, path, layer: layers[0]!, sizeBytes, because: [], remarks };
}

const SHOWN_REASONS = 3;

function explainProgram(name: string, { absentPrograms, incompleteFiles }: ImageContents): Finding | undefined {
  const incomplete = incompleteFiles.find((one) => one.name === name || (name.includes("/") && nameOf(name) === one.name));
  if (incomplete !== undefined) return { kind: "outside", what: incomplete.name, why: incomplete.state, hint: REPAIR };
  const program = absentPrograms.find((one) => one.name === name || one.package === name);
  if (program === undefined) return undefined;
  return {
    kind: "outside",
    what: `program ${program.name}`,
    why: `this machine does not have it (it ${program.purpose})`,
    hint: `Install the package that has it, Debian's is ${program.package}, and build again`,
  };
}

const REPAIR = "This machine has it, but not all that it needs to run: repair that and build again";

function notListed(name: string, place: string): Finding {
  if (name === place)
    return { kind: "outside", what: name, why: "this machine has it, but nothing in the image needs it", hint: undefined };
  const why = `this machine has it as ${place}, but it is not among the programs of a rescue system`;
  return { kind: "outside", what: `program ${name}`, why, hint: undefined };
}

function knownNames(facts: ImageFacts): readonly string[] {
  const { tree } = facts.contents.moduleFiles;
  const names = [
    ...tree.modules.keys(),
    ...tree.builtins.keys(),
    ...TOOL_PROGRAMS.map(({ name }) => name),
    ...allEntries(facts).map(({ path }) => nameOf(path)),
  ];
  return [...new Set(names)];
}
