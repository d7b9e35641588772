// Looks at the disks that are here, and at what is on them; nothing is written, and no journal is replayed.

import { readRange } from "#os/files";
import { readSys } from "#os/sysfs";
import { inspectDisks } from "../machine/inspect-disks.ts";
import { inspectDevices } from "../machine/inspect-mounts.ts";
import type { DeviceId, Disk } from "../machine/model.ts";
import { diskContents, HEAD_BYTES } from "./disk-contents.ts";
import { diskLocks } from "./disk-locks.ts";
import { joinPaths, possiblePaths, type PathFacts } from "./join-paths.ts";
import type { PresentDisk } from "./present-disk.ts";

/** `locks` gives reasons by kernel name of disk or partition. What is in use is locked by itself. Paths to one disk are one. */
export async function readPresentDisks(locks: ReadonlyMap<string, string>): Promise<readonly PresentDisk[]> {
  const [disks, devices] = await Promise.all([inspectDisks(), inspectDevices()]);
  const reasons = diskLocks(devices, locks);
  const present = await Promise.all(
    disks.map(async (disk): Promise<PresentDisk> => {
      // Where the device mapper has joined its paths, whatever stands on one of them stands on the disk.
      const device = devices.find(({ kernelName }) => kernelName === (disk.multipath?.paths[0] ?? disk.id));
      return {
        disk,
        contents: await diskContents(device, disk, readHead),
        lockedBecause: device === undefined ? "lsblk does not tell what is on it" : reasons.get(device.kernelName),
      };
    }),
  );
  return joinPaths(present, await readPathFacts(possiblePaths(disks)));
}

async function readPathFacts(disks: readonly Disk[]): Promise<ReadonlyMap<DeviceId, PathFacts>> {
  const facts = disks.map(async ({ id }) => {
    const accessState = readSys(`/sys/block/${id.replace(/\//g, "!")}/device/access_state`);
    return [id, { head: await readHead(id), accessState }] as const;
  });
  return new Map(await Promise.all(facts));
}

async function readHead(kernelName: string): Promise<Uint8Array | undefined> {
  return readRange(`/dev/${kernelName}`, 0, HEAD_BYTES).catch(() => undefined);
}
