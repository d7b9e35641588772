// Looks at the disks that are here, and at what is on them; nothing is written, and no journal is replayed.

import { readRange } from "#os/files";
import { inspectDisks } from "../machine/inspect-disks.ts";
import { inspectDevices } from "../machine/inspect-mounts.ts";
import type { LsblkDevice } from "../machine/parse-lsblk.ts";
import type { Disk } from "../machine/model.ts";
import type { FoundContent, PresentDisk } from "./present-disk.ts";

/** `locks` gives reasons by kernel name of disk or partition. What is in use is locked by itself. */
export async function readPresentDisks(locks: ReadonlyMap<string, string>): Promise<readonly PresentDisk[]> {
  const [disks, devices] = await Promise.all([inspectDisks(), inspectDevices()]);
  return Promise.all(
    disks.map(async (disk): Promise<PresentDisk> => {
      const device = devices.find(({ kernelName }) => kernelName === disk.id);
      const contents = device === undefined ? [] : contentsOf(device, disk);
      const stray = contents.length === 0 ? await unknownData(disk) : [];
      return {
        disk,
        contents: [...contents, ...stray],
        lockedBecause: device === undefined ? "lsblk does not tell what is on it" : lockOf(device, locks),
      };
    }),
  );
}

function contentsOf(device: LsblkDevice, { table }: Disk): readonly FoundContent[] {
  const found: FoundContent[] = [];
  const add = (content: FoundContent) => void found.push(content);
  if (table !== undefined) add({ device: device.kernelName, type: "partition table", uuid: table.id, label: undefined });
  const visit = ({ kernelName, type, partitionUuid, partitionLabel, fsType, uuid, label, children }: LsblkDevice): void => {
    if (type === "part") add({ device: kernelName, type: "partition", uuid: partitionUuid, label: partitionLabel });
    if (fsType !== undefined) add({ device: kernelName, type: fsType, uuid, label });
    for (const child of children) visit(child);
  };
  visit(device);
  return found;
}

function lockOf(device: LsblkDevice, locks: ReadonlyMap<string, string>): string | undefined {
  const places = device.mountpoints;
  if (places.length > 0) return `it is in use at ${places.map((place) => `"${place}"`).join(", ")}`;
  const reason = locks.get(device.kernelName);
  if (reason !== undefined) return reason;
  // An array or a volume: what is written below it would be written to the other disks of it, or be lost.
  const active = device.children.find(({ type }) => type !== "part");
  if (active !== undefined) return `${active.kernelName} (${active.type}) is active on it`;
  return device.children.map((child) => lockOf(child, locks)).find((found) => found !== undefined);
}

const LOOKED_AT_BYTES = 64 * 1024;

/** A disk without any signature is blank when it begins with zeros; else somebody's data may be on it that nothing here can read. */
async function unknownData(disk: Disk): Promise<readonly FoundContent[]> {
  const head = await readRange(`/dev/${disk.id}`, 0, LOOKED_AT_BYTES).catch(() => new Uint8Array([1]));
  if (head.every((byte) => byte === 0)) return [];
  return [{ device: disk.id, type: "data of an unknown kind", uuid: undefined, label: undefined }];
}
