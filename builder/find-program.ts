// Where this machine has a program, in the directories that the image's programs come from.

import { join } from "node:path";
import { fileInfo, isExecutable } from "#os/files";
import { PROGRAM_DIRECTORIES } from "./programs.ts";

/** The absolute path, or undefined; a name with a slash is no program's. */
export async function findProgram(name: string): Promise<string | undefined> {
  if (name === "" || name.includes("/")) return undefined;
  for (const directory of PROGRAM_DIRECTORIES) {
    const path = join("/", directory, name);
    if ((await fileInfo(path))?.type === "file" && (await isExecutable(path))) return path;
  }
  return undefined;
}
