// modules.order: the order in which the kernel's build links modules, one path a line; depmod's priority follows it.
import { contentLines } from "./text-lines.ts";

/** Paths; earlier ones win. Some kernels write `.o` for `.ko`. */
export function parseModulesOrder(text: string): readonly string[] {
  return contentLines(text).map((line) => line.text.trim().replace(/\.o$/, ".ko"));
}
