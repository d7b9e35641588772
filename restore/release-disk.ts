// Lifts the write protection that the agent puts on every disk, for a disk that has passed the gate (DESIGN section 8, rule 2).

import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import { makeDirectory, writeFile } from "#os/files";
import { listSys, readSys } from "#os/sysfs";
import { readDisks } from "../machine/inspect-disks.ts";
import type { TargetDisk } from "./plan.ts";

/** Names of disks that are released; the agent protects partitions that appear on all others. */
export const RELEASED_DIRECTORY = "/run/lifeboat/released";

/** Throws LifeboatError (3) when the name has come to another disk: consent and the gate may have taken hours, and USB disks come and go. */
export async function releaseDisk(disk: TargetDisk): Promise<void> {
  const { name, path } = disk;
  checkSame(disk);
  await makeDirectory(RELEASED_DIRECTORY);
  await writeFile(`${RELEASED_DIRECTORY}/${sysName(name)}`, "");
  const partitions = listSys(`/sys/block/${sysName(name)}`).filter(
    (child) => readSys(`/sys/block/${sysName(name)}/${child}/partition`) !== undefined,
  );
  for (const device of [path, ...partitions.map((partition) => `/dev/${partition}`)]) await run(["blockdev", "--setrw", device]);
}

function checkSame({ name, path, wwid, serial, model, sizeBytes }: TargetDisk): void {
  const now = readDisks().find(({ id }) => id === name);
  const isSame =
    now?.sizeBytes === sizeBytes && now.identity.wwid === wwid && now.identity.serial === serial && now.identity.model === model;
  if (isSame) return;
  const found =
    now === undefined
      ? "it is gone"
      : `it has serial ${now.identity.serial ?? "none"}, wwid ${now.identity.wwid ?? "none"} and ${now.sizeBytes} bytes`;
  throw new LifeboatError(
    `Cannot write to ${path} as it must be the disk that the plan was made for (serial ${serial ?? "none"}, wwid ${wwid ?? "none"}, ${sizeBytes} bytes): ${found}`,
    { hint: "Disks were changed since. Nothing has been written. Make the plan again" },
  );
}

/** sysfs cannot have the slash that some names have in /dev. */
function sysName(name: string): string {
  return name.replace(/\//g, "!");
}
