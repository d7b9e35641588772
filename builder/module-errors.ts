// kmod-parse knows texts and bytes, not where they came from: here its errors become the user's.

import { join } from "node:path";
import { KmodParseError } from "kmod-parse/parse-error";
import { LifeboatError } from "#os/error";
import { hintForText } from "./check-module-texts.ts";

/** Runs `parse`; what it finds wrong is thrown as a LifeboatError, exit code 3, that names the file below `directory`. */
export function withPlace<T>(directory: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof KmodParseError)) throw error;
    throw new LifeboatError(place(error, directory), { exitCode: 3, hint: hintFor(error, directory), cause: error });
  }
}

function place({ message, file }: KmodParseError, directory: string): string {
  const isBare = file !== undefined && !file.includes("/");
  return isBare ? message.replace(`"${file}"`, `"${join(directory, file)}"`) : message.replace("the module directory", `"${directory}"`);
}

function hintFor({ file }: KmodParseError, directory: string): string {
  if (file?.startsWith("modules.") === true) return hintForText(file, directory);
  return /\.ko(?:\.\w+)?$/.test(file ?? "") ? "Install the kernel's package again" : "Change the option, or the file, that names it";
}
