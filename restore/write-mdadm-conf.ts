// Makes the restored machine's mdadm.conf name no array and no device that is not there.

import { rewriteConf } from "./conf-places.ts";
import type { Originals } from "./keep-original.ts";
import { changedMdadmConf } from "./mdadm-conf.ts";
import type { Step } from "./plan.ts";

/** Debian's, and that of all others; each with a directory beside it (mdadm.conf(5)). One may be a link to the other. */
const FILES = ["/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"];
const PLACES = { files: FILES, directories: FILES.map((path) => `${path}.d`) };

/** Returns the paths of what it has changed or made, by their own names in the machine. */
export async function writeMdadmConf(
  changes: Extract<Step, { readonly kind: "write-mdadm-conf" }>,
  root: string,
  originals: Originals,
): Promise<readonly string[]> {
  return rewriteConf(root, PLACES, { originals, rewrite: (text) => changedMdadmConf(text, changes) });
}
