// Makes the restored machine's mdadm.conf name no array and no device that is not there.

import { exists, linkInfo, listDirectory } from "#os/files";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import type { Originals } from "./keep-original.ts";
import { changedMdadmConf } from "./mdadm-conf.ts";
import type { Step } from "./plan.ts";

/** Debian's, and that of all others; each with a directory beside it (mdadm.conf(5)). */
const PLACES = ["/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"];

/** Returns the paths of what it has changed or made, by their own names in the machine. */
export async function writeMdadmConf(
  changes: Extract<Step, { readonly kind: "write-mdadm-conf" }>,
  root: string,
  originals: Originals,
): Promise<readonly string[]> {
  const written: string[] = [];
  for (const place of await filesIn(root)) {
    if (await exists(place)) written.push(...(await originals.change(place, (text) => changedMdadmConf(text, changes))));
  }
  return written.map((place) => pathInMachine(root, place));
}

/** Each once: one may be a link to the other. */
async function filesIn(root: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const path of PLACES) {
    found.add(await insideRoot(root, path));
    const directory = await insideRoot(root, `${path}.d`);
    if ((await linkInfo(directory))?.type !== "directory") continue;
    for (const name of await listDirectory(directory)) {
      if (!name.startsWith(".") && name.endsWith(".conf")) found.add(await insideRoot(root, `${path}.d/${name}`));
    }
  }
  return found;
}
