// Why a firmware file is not in the rescue image, and which modules would ask for it.

import { matchPattern } from "kmod-parse/alias-match";
import { KmodParseError } from "kmod-parse/parse-error";
import type { Finding, ImageFacts } from "./explain-name.ts";

const SHOWN = 5;

/** A firmware name as modules say it, from a name or a path as people say it. */
export function firmwareNameOf(name: string): string {
  return name.replace(/^\/?(?:usr\/)?lib\/firmware\//, "").replace(/\.(?:xz|zst)$/, "");
}

/** Undefined when no module of the kernel names it. */
export function explainFirmware(name: string, { contents, withFirmware }: ImageFacts): Finding | undefined {
  const wanted = firmwareNameOf(name);
  const askers = [...contents.moduleFiles.firmware]
    .filter(([, names]) => names.some((one) => isNamedBy(one, wanted)))
    .map(([module]) => module);
  if (askers.length === 0) return undefined;
  const more = askers.length > SHOWN ? ` and ${askers.length - SHOWN} more` : "";
  const who = `${askers.slice(0, SHOWN).join(", ")}${more} would ask for it`;
  if (!withFirmware)
    return { kind: "outside", what: `firmware ${wanted}`, why: `all firmware was left out; ${who}`, hint: "Leave --firmware none out" };
  const chosen = new Set([...contents.moduleFiles.tree.builtins.keys(), ...contents.modulePart.selection.modules.map(({ name }) => name)]);
  const why = askers.some((module) => chosen.has(module))
    ? "this machine has no such file in /lib/firmware"
    : "no module in the image needs it";
  return {
    kind: "outside",
    what: `firmware ${wanted}`,
    why: `${why}; ${who}`,
    hint: "Install the package that has it (Debian's names begin with firmware-) and build again",
  };
}

/** `*` over `/` is looser than the firmware loader's own globs, which is right for a question. */
function isNamedBy(pattern: string, wanted: string): boolean {
  if (!/[*?[]/.test(pattern)) return pattern === wanted;
  try {
    return matchPattern(pattern, wanted);
  } catch (error) {
    if (error instanceof KmodParseError) return false;
    throw error;
  }
}
