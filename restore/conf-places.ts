// Where the restored machine keeps the configuration of a program: files, and directories with more of them.

import { linkInfo, listDirectory } from "#os/files";
import { insideRoot } from "../machine/inside-root.ts";

/** Each once, where the machine's links lead, there or not; of a directory all visible files that end in .conf. */
export async function confPlaces(
  root: string,
  { files, directories }: { readonly files: readonly string[]; readonly directories: readonly string[] },
): Promise<ReadonlySet<string>> {
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
