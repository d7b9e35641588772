// modules.alias and modules.symbols: which module serves a device, file system, protocol or symbol.
import { badLine } from "./parse-error.ts";
import { contentLines } from "./text-lines.ts";

export interface ModuleAlias {
  /** A file name pattern as in `fnmatch(3)`, as written; `alias-match.ts` normalises it. */
  readonly pattern: string;
  readonly module: string;
}

/** Lines `alias PATTERN MODULE`, in the file's order. Throws KmodParseError. */
export function parseModulesAlias(text: string, file = "modules.alias"): readonly ModuleAlias[] {
  return contentLines(text).map((line) => {
    // The pattern may hold blanks (some dmi: ones do), a module's name never does.
    const end = line.text.lastIndexOf(" ");
    const pattern = line.text.slice("alias ".length, end).trim();
    if (!line.text.startsWith("alias ") || pattern === "") {
      throw badLine(file, line.number, { rule: 'a line is "alias PATTERN MODULE"', value: line.text });
    }
    return { pattern, module: line.text.slice(end + 1) };
  });
}
