// What only the file systems themselves can tell: how they were made, and how full they are.
import { readRange, usageOn } from "#os/files";
import { askTool, orUnknown } from "./ask-tool.ts";
import { inspectBtrfs } from "./inspect-btrfs.ts";
import { fileSystemDevices, poolDevices, type FileSystemFacts } from "./layout.ts";
import type { LayoutDevice } from "./layout-devices.ts";
import type { FileSystemParameters } from "./file-system-parameters.ts";
import type { DeviceId, MountPoint } from "./model.ts";
import { parseDumpe2fs } from "./parse-dumpe2fs.ts";
import { F2FS_HEAD_BYTES, parseF2fs } from "./parse-f2fs.ts";
import { FAT_BOOT_SECTOR_BYTES, parseFat } from "./parse-fat.ts";
import type { LsblkDevice } from "./parse-lsblk.ts";
import { parseXfsInfo } from "./parse-xfs-info.ts";

/** By device. `prefix` is where the machine's root is mounted, "" for `/`. */
export async function inspectFileSystems(
  devices: readonly LayoutDevice[],
  mounts: readonly MountPoint[],
  prefix: string,
): Promise<ReadonlyMap<string, FileSystemFacts>> {
  const facts = fileSystemDevices(devices).map(async (node) => {
    const { id, device } = node;
    const path = mounts.find((mount) => mount.device === id)?.path;
    const mountPoint = path === undefined ? undefined : `${prefix}${path}`;
    const ids = poolDevices(node, devices).map((member) => member.id);
    const parameters = await inspectParameters(device, mountPoint, ids);
    const usage = mountPoint === undefined ? undefined : await orUnknown(() => usageOn(mountPoint));
    return [id, { parameters, usedBytes: usage?.usedBytes, usedInodes: usage?.usedInodes }] as const;
  });
  // A stray device is none of lsblk's: its mount is all that can be asked.
  const known = new Set(fileSystemDevices(devices).map(({ id }) => id));
  const strays = mounts
    .filter(({ device }) => !known.has(device))
    .map(async ({ device, path }) => {
      const usage = await orUnknown(() => usageOn(`${prefix}${path}`));
      return [device, { parameters: undefined, usedBytes: usage?.usedBytes, usedInodes: usage?.usedInodes }] as const;
    });
  return new Map(await Promise.all([...strays, ...facts]));
}

async function inspectParameters(
  { fsType, path: device, uuid }: LsblkDevice,
  mountPoint: string | undefined,
  ids: readonly DeviceId[],
): Promise<FileSystemParameters | undefined> {
  switch (fsType ?? "") {
    case "ext2":
    case "ext3":
    case "ext4": {
      const text = await askTool(["dumpe2fs", "-h", device]);
      return text === undefined ? undefined : parseDumpe2fs(text);
    }
    case "xfs": {
      // Older versions know mounted file systems alone.
      const text = await askTool(["xfs_info", mountPoint ?? device]);
      return text === undefined ? undefined : parseXfsInfo(text);
    }
    case "vfat":
      return orUnknown(async () => parseFat(await readRange(device, 0, FAT_BOOT_SECTOR_BYTES)));
    case "btrfs":
      return inspectBtrfs({ ids, device, uuid, mountPoint });
    case "f2fs":
      return orUnknown(async () => parseF2fs(await readRange(device, 0, F2FS_HEAD_BYTES)));
    case "jfs":
    case "reiserfs":
      return { kind: "plain" };
    default:
      return undefined;
  }
}
