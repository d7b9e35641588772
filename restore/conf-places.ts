// Where the restored machine keeps the configuration of a program: files, and directories with more of them.

import { exists, linkInfo, listDirectory } from "#os/files";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import type { Originals } from "./keep-original.ts";

export interface ConfPlaces {
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

export interface Rewriting {
  readonly originals: Originals;
  /** One character a byte. */
  rewrite(text: string): string;
}

/** Returns the paths of what it has changed or made, by their own names in the machine. */
export async function rewriteConf(root: string, places: ConfPlaces, { originals, rewrite }: Rewriting): Promise<readonly string[]> {
  const written: string[] = [];
  for (const place of await confPlaces(root, places)) if (await exists(place)) written.push(...(await originals.change(place, rewrite)));
  return written.map((place) => pathInMachine(root, place));
}

/** Each once, where the machine's links lead, there or not; of a directory all visible files that end in .conf. */
async function confPlaces(root: string, { files, directories }: ConfPlaces): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const path of files) found.add(await insideRoot(root, path));
  for (const path of directories) {
    const directory = await insideRoot(root, path);
    if ((await linkInfo(directory))?.type !== "directory") continue;
    for (const name of await listDirectory(directory)) {
      if (!name.startsWith(".") && name.endsWith(".conf")) found.add(await insideRoot(root, `${path}/${name}`));
    }
  }
  return found;
}
