// modules.devname: device nodes to make before their module is loaded ("loop loop-control c10:237").
import { badLine } from "./parse-error.ts";
import { contentLines, words } from "./text-lines.ts";

export interface DeviceNode {
  readonly module: string;
  /** Relative to /dev. */
  readonly node: string;
  readonly type: "character" | "block";
  readonly major: number;
  readonly minor: number;
}

/** Throws KmodParseError. */
export function parseModulesDevname(text: string, file = "modules.devname"): readonly DeviceNode[] {
  return contentLines(text).map((line) => {
    const [module, node, numbers, ...rest] = words(line.text);
    const match = /^([cb])(\d+):(\d+)$/.exec(numbers ?? "");
    if (module === undefined || node === undefined || match === null || rest.length > 0 || escapes(node)) {
      throw badLine(file, line.number, { rule: 'a line is "MODULE NODE cMAJOR:MINOR"', value: line.text });
    }
    return { module, node, type: match[1] === "c" ? "character" : "block", major: Number(match[2]), minor: Number(match[3]) };
  });
}

/** Nodes are made under /dev by name, so that name must stay there. */
function escapes(node: string): boolean {
  return node.startsWith("/") || node.split("/").includes("..");
}
