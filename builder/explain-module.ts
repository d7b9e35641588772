// Why a kernel module is in the rescue image, or why not.

import { moduleNameOf, normalizeModuleName } from "kmod-parse/module-name";
import type { Finding, ImageFacts } from "./explain-name.ts";

/** `asked` is the word that led to the module: its own name, or an alias. */
export function explainModule(name: string, asked: string, facts: ImageFacts): Finding {
  const { modulePart, moduleFiles } = facts.contents;
  const { selection, entries } = modulePart;
  const chosen = selection.modules.find((module) => module.name === name);
  if (chosen === undefined) return { kind: "outside", what: `module ${name}`, ...absence(name, facts) };
  const entry = entries.find((one) => one.group === "modules" && moduleNameOf(one.path) === name);
  const { layer, because, heldBecause } = chosen;
  const held = heldBecause === undefined ? [] : [`no device loads it by itself: ${heldBecause}`];
  const firmware = facts.withFirmware ? missingFirmware(moduleFiles.firmware.get(name) ?? [], modulePart.missingFirmware) : [];
  const remarks = [...aliasRemark(name, asked), ...held, ...firmware];
  const sizeBytes = moduleFiles.files.get(name)?.sizeBytes ?? 0;
  return { kind: "inside", what: `module ${name}`, path: entry?.path ?? chosen.path, layer, sizeBytes, because, remarks };
}

function absence(name: string, { release, contents, hostOnly }: ImageFacts): { readonly why: string; readonly hint: string | undefined } {
  const { tree } = contents.moduleFiles;
  const { denied, unknown } = contents.modulePart.selection;
  if (tree.builtins.has(name)) return { why: `it is built into kernel ${release}, so there is nothing to take`, hint: undefined };
  const refusal = denied.find((wanted) => wanted.name === name);
  if (refusal !== undefined) return { why: refusal.because.join(", as "), hint: "Take it back from --deny-module" };
  if (!tree.modules.has(name)) {
    const because = unknown.find((wanted) => wanted.name === name)?.because ?? [];
    return { why: [`kernel ${release} has no such module`, ...because].join("; "), hint: undefined };
  }
  const why = hostOnly ? "nothing on this machine asks for it, and only this machine's modules were asked for" : "it was not chosen";
  return { why, hint: `Take it with --force-module ${name}${hostOnly ? ", or all with --modules all" : ""}` };
}

function aliasRemark(name: string, asked: string): readonly string[] {
  const isName = normalizeModuleName(asked.slice(asked.lastIndexOf("/") + 1)) === name;
  return isName ? [] : [`it answers to the alias ${asked}`];
}

const SHOWN = 5;

function missingFirmware(names: readonly string[], missing: readonly string[]): readonly string[] {
  const absent = names.filter((name) => missing.includes(name));
  if (absent.length === 0) return [];
  const more = absent.length > SHOWN ? ` and ${absent.length - SHOWN} more` : "";
  return [`of the ${names.length} firmware files that it may ask for this machine lacks ${absent.slice(0, SHOWN).join(", ")}${more}`];
}
