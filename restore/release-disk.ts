// Lifts the write protection that the agent puts on every disk, for a disk that has passed the gate (DESIGN section 8, rule 2).

import { run } from "#os/exec";
import { makeDirectory, writeFile } from "#os/files";
import { listSys, readSys } from "#os/sysfs";
import type { TargetDisk } from "./plan.ts";

/** Names of disks that are released; the agent protects partitions that appear on all others. */
export const RELEASED_DIRECTORY = "/run/lifeboat/released";

export async function releaseDisk({ name, path }: TargetDisk): Promise<void> {
  await makeDirectory(RELEASED_DIRECTORY);
  await writeFile(`${RELEASED_DIRECTORY}/${sysName(name)}`, "");
  const partitions = listSys(`/sys/block/${sysName(name)}`).filter(
    (child) => readSys(`/sys/block/${sysName(name)}/${child}/partition`) !== undefined,
  );
  for (const device of [path, ...partitions.map((partition) => `/dev/${partition}`)]) await run(["blockdev", "--setrw", device]);
}

/** sysfs cannot have the slash that some names have in /dev. */
function sysName(name: string): string {
  return name.replace(/\//g, "!");
}
