// Where this machine has a program, in the directories that the image's programs come from, or a file.

import { join } from "node:path";
import { exists, fileInfo, isExecutable } from "#os/files";
import { PROGRAM_DIRECTORIES } from "./programs.ts";

/** The absolute path of the program of that name, or of what an absolute path names; undefined when there is none. */
export async function findOnMachine(name: string): Promise<string | undefined> {
  if (name.startsWith("/")) return (await exists(name)) ? name : undefined;
  if (name === "" || name.includes("/")) return undefined;
  for (const directory of PROGRAM_DIRECTORIES) {
    const path = join("/", directory, name);
    if ((await fileInfo(path))?.type === "file" && (await isExecutable(path))) return path;
  }
  return undefined;
}
