// The layout of the running machine: disks up to mounts.
import { fileInfo, listDirectory, readRange, readTextIfThere } from "#os/files";
import { orUnknown } from "./ask-tool.ts";
import { inspectDisks } from "./inspect-disks.ts";
import { inspectFileSystems } from "./inspect-file-systems.ts";
import { inspectMounts, type MountedSystem } from "./inspect-mounts.ts";
import { inspectStack } from "./inspect-stack.ts";
import { makeLayout, mountsBelow, ownMounts } from "./layout.ts";
import { layoutDevices, ownDevices } from "./layout-devices.ts";
import type { FstabEntry, Layout, Swap } from "./model.ts";
import { parseFstab } from "./parse-fstab.ts";
import { flattenDevices } from "./parse-lsblk.ts";
import { insideVolumes } from "./stack.ts";
import { identifySuperblock, SUPERBLOCK_BYTES } from "./superblock.ts";

/** `root` is where the machine's root is mounted, `/` unless a rescue system looks at it. */
export async function inspectLayout(root: string): Promise<Layout> {
  const prefix = root === "/" ? "" : root;
  // systemd mounts an EFI system partition when somebody looks at it, and unmounts it again.
  await Promise.all(BOOT_PATHS.map((path) => orUnknown(() => listDirectory(`${prefix}${path}`))));
  const [system, disks, fstabText] = await Promise.all([
    orUnknown(inspectMounts),
    inspectDisks(),
    orUnknown(() => readTextIfThere(`${prefix}/etc/fstab`)),
  ]);
  const { devices: tree, mounts: everyMount, swaps: swapsInUse } = system ?? NOTHING;
  const fstab = parseFstab(fstabText ?? "");
  const mountTable = mountsBelow(everyMount, root);
  const everyDevice = ownDevices(layoutDevices(tree), mountTable, fstab);
  const stack = await inspectStack(everyDevice);
  const inside = insideVolumes(everyDevice, stack.lvm);
  const devices = everyDevice.filter(({ id }) => !inside.has(id));
  const mounts = ownMounts(mountTable, devices, flattenDevices(tree));
  const swapPaths = swapsInUse.filter(({ type }) => type === "file").map(({ path }) => path);
  return makeLayout({
    disks,
    devices,
    mounts,
    stack,
    fileSystems: await inspectFileSystems(devices, mounts, prefix),
    mountTable,
    swapsInUse,
    swapFiles: await inspectSwapFiles(swapPaths, fstab, prefix),
    fstab,
  });
}

const BOOT_PATHS = ["/boot", "/boot/efi", "/efi"];

const NOTHING: MountedSystem = { devices: [], mounts: [], swaps: [] };

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
