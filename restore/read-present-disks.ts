// Looks at the disks that are here, and at what is on them; nothing is written, and no journal is replayed.

import { readRange } from "#os/files";
import { inspectDisks } from "../machine/inspect-disks.ts";
import { inspectDevices } from "../machine/inspect-mounts.ts";
import { diskContents, HEAD_BYTES } from "./disk-contents.ts";
import { diskLocks } from "./disk-locks.ts";
import type { PresentDisk } from "./present-disk.ts";

/** `locks` gives reasons by kernel name of disk or partition. What is in use is locked by itself. */
export async function readPresentDisks(locks: ReadonlyMap<string, string>): Promise<readonly PresentDisk[]> {
  const [disks, devices] = await Promise.all([inspectDisks(), inspectDevices()]);
  const reasons = diskLocks(devices, locks);
  return Promise.all(
    disks.map(async (disk): Promise<PresentDisk> => {
      const device = devices.find(({ kernelName }) => kernelName === disk.id);
      return {
        disk,
        contents: await diskContents(device, disk, readHead),
        lockedBecause: device === undefined ? "lsblk does not tell what is on it" : reasons.get(device.kernelName),
      };
    }),
  );
}

async function readHead(kernelName: string): Promise<Uint8Array | undefined> {
  return readRange(`/dev/${kernelName}`, 0, HEAD_BYTES).catch(() => undefined);
}
