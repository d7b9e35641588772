// Whether depmod's texts are whole: what one that was cut short does not name would silently be missing from the image.

import { join } from "node:path";
import { moduleNameOf } from "kmod-parse/module-name";
import { parseModulesOrder } from "kmod-parse/modules-order";
import type { ModuleTree, ModuleTreeTexts } from "kmod-parse/module-tree";
import { LifeboatError } from "#os/error";
import { exists, readTextIfThere } from "#os/files";

const SUFFIXES = ["", ".xz", ".zst", ".gz"];

/** `texts` and `tree` are those of `directory`. Throws LifeboatError, exit code 3, that names the text. */
export async function checkModuleTexts(directory: string, texts: ModuleTreeTexts, tree: ModuleTree): Promise<void> {
  for (const [name, text] of Object.entries(texts)) {
    // A line ends with a newline, an entry of modules.builtin.modinfo with NUL.
    if (text !== "" && !/[\n\0]$/.test(text)) throw cut(directory, name, "the end of its last line is missing");
  }
  // depmod begins it with a comment, so that it is never empty.
  if (tree.modules.size > 0 && (texts["modules.alias"] ?? "") === "") {
    throw cut(directory, "modules.alias", texts["modules.alias"] === undefined ? "it is not there" : "it is empty");
  }
  const unlisted = await firstUnlisted(directory, tree);
  if (unlisted !== undefined) throw cut(directory, "modules.dep", `"${unlisted}" is there and not in it`);
}

/** The kernel's build names its modules in modules.order, which depmod reads and does not write. Those that are not installed do not count. */
async function firstUnlisted(directory: string, tree: ModuleTree): Promise<string | undefined> {
  const order = parseModulesOrder((await readTextIfThere(join(directory, "modules.order"))) ?? "");
  for (const path of order.filter((one) => !tree.modules.has(moduleNameOf(one)))) {
    for (const suffix of SUFFIXES) if (await exists(join(directory, path + suffix))) return path + suffix;
  }
  return undefined;
}

function cut(directory: string, name: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot use the modules in "${directory}" as depmod must have listed them in a whole ${name}: ${state}`, {
    hint: hintForText(name, directory),
  });
}

/** What depmod writes it writes again; the rest comes with the kernel. */
export function hintForText(name: string, directory: string): string {
  const isMade = !name.startsWith("modules.builtin") && name !== "modules.order";
  return isMade ? `Run: depmod ${directory.slice(directory.lastIndexOf("/") + 1)}` : "Install the kernel's package again";
}
