// The line by which an NFS server lets machines read the sets (exports(5)).

import { LifeboatError } from "#os/error";
import { readTextIfThere, writeAtomic } from "#os/files";
import type { Subnet } from "./subnet.ts";

/** Read-only for the network that is served; root stays root, as sets are readable by nobody else. */
export function exportLine(directory: string, { network, prefixLength }: Subnet): string {
  const path = /[\s"\\#]/.test(directory) ? `"${directory.replace(/["\\]/g, (one) => `\\${one.charCodeAt(0).toString(8)}`)}"` : directory;
  return `${path} ${network}/${prefixLength}(ro,no_root_squash,no_subtree_check)`;
}

const HEAD = "# Written by lifeboat serve: sets of machines, for their restore.\n";

/** Writes a file of its own, as below /etc/exports.d. What somebody else has written stays. */
export async function writeExport(path: string, line: string): Promise<void> {
  const there = await readTextIfThere(path);
  if (there !== undefined && !there.startsWith(HEAD)) {
    throw new LifeboatError(`Cannot write the export to "${path}" as what others have written is kept: it has other lines`, {
      exitCode: 2,
      hint: "Name a file of its own, such as /etc/exports.d/lifeboat.exports, or add the line to it by hand",
    });
  }
  await writeAtomic(path, `${HEAD}${line}\n`, 0o644);
}
