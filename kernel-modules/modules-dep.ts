// modules.dep: which modules each module needs (depmod's text form: "PATH: PATH PATH …").
import { moduleNameOf } from "./module-name.ts";
import { badLine } from "./parse-error.ts";
import { contentLines } from "./text-lines.ts";

export interface ModuleDependencies {
  readonly name: string;
  /** As written: relative to the module directory, or absolute for modules outside of it. */
  readonly path: string;
  /** Names; the transitive closure, nearest first. To load, go from the last to the first. */
  readonly needs: readonly string[];
}

/** In the file's order, which is the order of priority among modules that serve one device. Throws KmodParseError. */
export function parseModulesDep(text: string, file = "modules.dep"): readonly ModuleDependencies[] {
  return contentLines(text).map((line) => {
    const colon = line.text.indexOf(":");
    const path = line.text.slice(0, Math.max(colon, 0)).trim();
    if (path === "") throw badLine(file, line.number, { rule: 'a line is "PATH: DEPENDENCY…"', value: line.text });
    return { name: moduleNameOf(path), path, needs: namesIn(line.text, colon + 1) };
  });
}

function namesIn(line: string, from: number): readonly string[] {
  const rest = line.slice(from).trim();
  return rest === "" ? [] : rest.split(/\s+/).map(moduleNameOf);
}
