// The layout of the running machine: disks up to mounts.
import { fileInfo, readRange, readTextIfThere, usageOn } from "#os/files";
import { askTool, orUnknown } from "./ask-tool.ts";
import { inspectDisks } from "./inspect-disks.ts";
import { inspectMounts, type MountedSystem } from "./inspect-mounts.ts";
import { fileSystemDevices, makeLayout, mountsBelow, ownMounts, type FileSystemFacts } from "./layout.ts";
import { layoutDevices, ownDevices, type LayoutDevice } from "./layout-devices.ts";
import type { FileSystemParameters, FstabEntry, Layout, MountPoint, Swap } from "./model.ts";
import { parseDumpe2fs } from "./parse-dumpe2fs.ts";
import { FAT_BOOT_SECTOR_BYTES, parseFat } from "./parse-fat.ts";
import { parseFstab } from "./parse-fstab.ts";
import { flattenDevices } from "./parse-lsblk.ts";
import { parseXfsInfo } from "./parse-xfs-info.ts";
import { identifySuperblock, SUPERBLOCK_BYTES } from "./superblock.ts";

/** `root` is where the machine's root is mounted, `/` unless a rescue system looks at it. */
export async function inspectLayout(root: string): Promise<Layout> {
  const prefix = root === "/" ? "" : root;
  const [system, disks, fstabText] = await Promise.all([
    orUnknown(inspectMounts),
    inspectDisks(),
    orUnknown(() => readTextIfThere(`${prefix}/etc/fstab`)),
  ]);
  const { devices: tree, mounts: everyMount, swaps: swapsInUse } = system ?? NOTHING;
  const fstab = parseFstab(fstabText ?? "");
  const mountTable = mountsBelow(everyMount, root);
  const devices = ownDevices(layoutDevices(tree), mountTable, fstab);
  const mounts = ownMounts(mountTable, devices, flattenDevices(tree));
  const swapPaths = swapsInUse.filter(({ type }) => type === "file").map(({ path }) => path);
  return makeLayout({
    disks,
    devices,
    mounts,
    fileSystems: await inspectFileSystems(devices, mounts, prefix),
    mountTable,
    swapsInUse,
    swapFiles: await inspectSwapFiles(swapPaths, fstab, prefix),
    fstab,
  });
}

const NOTHING: MountedSystem = { devices: [], mounts: [], swaps: [] };

async function inspectFileSystems(
  devices: readonly LayoutDevice[],
  mounts: readonly MountPoint[],
  prefix: string,
): Promise<ReadonlyMap<string, FileSystemFacts>> {
  const facts = fileSystemDevices(devices).map(async ({ id, device }) => {
    const path = mounts.find((mount) => mount.device === id)?.path;
    const mountPoint = path === undefined ? undefined : `${prefix}${path}`;
    const parameters = await inspectParameters(device.fsType ?? "", device.path, mountPoint);
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

async function inspectParameters(type: string, device: string, mountPoint: string | undefined): Promise<FileSystemParameters | undefined> {
  switch (type) {
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
    default:
      return undefined;
  }
}

/** Those in use, and those that fstab names. */
async function inspectSwapFiles(inUse: readonly string[], fstab: readonly FstabEntry[], prefix: string): Promise<readonly Swap[]> {
  const named = fstab.filter(({ spec, type }) => type === "swap" && spec.startsWith("/") && !spec.startsWith("/dev/"));
  const paths = [...new Set([...(prefix === "" ? inUse : []), ...named.map(({ spec }) => spec)])];
  const swaps = paths.map(async (path): Promise<readonly Swap[]> => {
    const info = await orUnknown(() => fileInfo(`${prefix}${path}`));
    if (info?.type !== "file") return [];
    const head = await orUnknown(() => readRange(`${prefix}${path}`, 0, SUPERBLOCK_BYTES));
    const header = head === undefined ? undefined : identifySuperblock(head);
    const isSwap = header?.type === "swap";
    const [uuid, label] = isSwap ? [header.uuid, header.label] : [undefined, undefined];
    return [{ kind: "file", place: path, uuid, label, sizeBytes: info.sizeBytes }];
  });
  return (await Promise.all(swaps)).flat();
}
