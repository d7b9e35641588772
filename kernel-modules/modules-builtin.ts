// modules.builtin: the modules that are part of the kernel itself, one path a line.
import { moduleNameOf } from "./module-name.ts";
import { contentLines } from "./text-lines.ts";

export interface BuiltinModule {
  readonly name: string;
  /** Where it would be, were it a module. No such file exists. */
  readonly path: string;
}

export function parseModulesBuiltin(text: string): readonly BuiltinModule[] {
  return contentLines(text).map((line) => ({ name: moduleNameOf(line.text.trim()), path: line.text.trim() }));
}
