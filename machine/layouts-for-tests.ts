// For tests: layouts of machines as data, from a few words for each disk and for what stands on them.

import { BIOS_MACHINE, BTRFS, UEFI_MACHINE } from "./machine-for-tests.ts";
import type { FileSystemParameters } from "./file-system-parameters.ts";
import type { DeviceId, Disk, FileSystem, Layout, MountPoint, Partition, PartitionTable, Swap } from "./model.ts";
import { deviceBytes } from "./own-layout.ts";
import { ARRAY, GROUP, LUKS, VOLUME } from "./stack-for-tests.ts";
import type { RaidArray, StackedDevice, VolumeForm } from "./stacked-device.ts";

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;
const EXTENT_BYTES = 4 * MIB;

/** GPT's types and MBR's for the same word. */
const TYPES = {
  linux: ["0fc63daf-8483-4772-8e79-3d69d8477de4", "83"],
  esp: ["c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "ef"],
  bios: ["21686148-6449-6e6f-744e-656564454649", "ef"],
  swap: ["0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "82"],
  raid: ["a19d880f-05fc-4d3b-a006-743f0f84911e", "fd"],
  lvm: ["e6d6d379-f507-44c2-a23c-238f2a3df928", "8e"],
  extended: ["", "5"],
} as const;

export interface PartitionSketch {
  readonly type: keyof typeof TYPES;
  /** Undefined: all that is left. */
  readonly sizeMiB: number | undefined;
  readonly isLogical: boolean;
  /** Left free before it. */
  readonly gapMiB: number;
  readonly number: number | undefined;
}

/** In the order of their places. */
export function part(type: PartitionSketch["type"], sizeMiB?: number, more: Partial<PartitionSketch> = {}): PartitionSketch {
  return { type, sizeMiB, isLogical: false, gapMiB: 0, number: undefined, ...more };
}

export interface DiskSketch {
  readonly sizeMiB: number;
  readonly kind?: "gpt" | "mbr";
  readonly sectorBytes?: number;
  readonly parts?: readonly PartitionSketch[];
}

/** Without partitions there is no table. */
export function sketchedDisk(id: string, { sizeMiB, kind = "gpt", sectorBytes = 512, parts }: DiskSketch): Disk {
  const [base] = BIOS_MACHINE.layout.disks;
  const own = {
    id,
    identity: { ...base!.identity, serial: `S-${id}`, wwid: undefined },
    sizeBytes: sizeMiB * MIB,
    logicalSectorBytes: sectorBytes,
    physicalSectorBytes: sectorBytes,
  };
  return { ...base!, ...own, table: parts === undefined ? undefined : sketchedTable(own, kind, parts) };
}

function sketchedTable(
  disk: Pick<Disk, "id" | "sizeBytes" | "logicalSectorBytes">,
  kind: "gpt" | "mbr",
  parts: readonly PartitionSketch[],
): PartitionTable {
  const number = disk.id.split("").reduce((total, letter) => total * 31 + letter.charCodeAt(0), 7) % 0xffffff;
  const hex = number.toString(16).padStart(8, "0");
  const id = kind === "gpt" ? `${hex}-2222-4333-8444-555555555555` : `0x${hex}`;
  const tailSectors = kind === "gpt" ? 33 : 0;
  const endBytes = disk.sizeBytes - MIB;
  let at = MIB;
  let [primary, logical] = [0, 4];
  const partitions = parts.map((sketch): Partition => {
    const { type, isLogical, gapMiB } = sketch;
    at += (gapMiB + (isLogical ? 1 : 0)) * MIB;
    const sizeBytes = sketch.sizeMiB === undefined ? endBytes - at : sketch.sizeMiB * MIB;
    const next = sketch.number ?? (isLogical ? (logical += 1) : (primary += 1));
    const partition: Partition = {
      id: /\d$/.test(disk.id) ? `${disk.id}p${next}` : `${disk.id}${next}`,
      number: next,
      startSector: at / disk.logicalSectorBytes,
      sizeSectors: sizeBytes / disk.logicalSectorBytes,
      role: type === "extended" ? "extended" : isLogical ? "logical" : "primary",
      type: TYPES[type][kind === "gpt" ? 0 : 1],
      uuid: kind === "gpt" ? `${hex}-0000-4000-8000-0000000000${String(next).padStart(2, "0")}` : `${hex}-${String(next).padStart(2, "0")}`,
      label: undefined,
      attributes: "",
      active: false,
    };
    if (type !== "extended") at += sizeBytes;
    return partition;
  });
  const lastSector = disk.sizeBytes / disk.logicalSectorBytes - 1 - tailSectors;
  return {
    kind,
    id,
    ...(kind === "gpt"
      ? { entryCount: 128, firstSector: 34, lastSector }
      : { entryCount: undefined, firstSector: undefined, lastSector: undefined }),
    partitions,
  };
}

/** What stands on devices: made into the model's shape when all below it is known. */
export type StackSketch = (below: Layout) => StackedDevice;

export function array(id: DeviceId, level: string, members: readonly DeviceId[], more: Partial<RaidArray> = {}): StackSketch {
  return (below) => {
    const striped = level !== "raid1";
    const chunkBytes = striped ? 512 * 1024 : undefined;
    const usable = Math.min(...members.map((member) => bytesOf(below, member) - 2 * MIB));
    const parity = { raid0: 0, raid1: members.length - 1, raid5: 1, raid6: 2, raid10: members.length / 2 }[level] ?? 0;
    const layout = { raid5: "left-symmetric", raid6: "left-symmetric", raid10: "n2" }[level];
    const shape = { ...ARRAY.shape!, deviceCount: members.length, chunkBytes, layout, memberBytes: usable, name: `box:${id}` };
    const sizeBytes = usable * (members.length - parity);
    return { ...ARRAY, id, level, members, sizeBytes, shape, uuid: uuidOf(id), ...more };
  };
}

export function luks(id: DeviceId, device: DeviceId): StackSketch {
  return (below) => ({ ...LUKS, id, device, uuid: uuidOf(id), sizeBytes: bytesOf(below, device) - 16 * MIB });
}

export function group(id: DeviceId, on: readonly DeviceId[]): StackSketch {
  return (below) => {
    const physicalVolumes = on.map((device, index) => {
      const extents = Math.floor((bytesOf(below, device) - MIB) / EXTENT_BYTES);
      return { device, uuid: `${id}-PV-${index}`, startBytes: MIB, extents, allocatable: true };
    });
    return { ...GROUP, id, uuid: `${id}-VG`, extentBytes: EXTENT_BYTES, physicalVolumes };
  };
}

export type Piece = readonly [sizeMiB: number, ...on: DeviceId[]];

/** `VG/LV` in pieces, each on as many physical volumes as it has stripes. */
export function volume(id: DeviceId, ...pieces: readonly Piece[]): StackSketch {
  const segments = pieces.map(([sizeMiB, ...on]) => {
    return { extents: (sizeMiB * MIB) / EXTENT_BYTES, stripes: on.length, stripeBytes: on.length > 1 ? 65536 : undefined, on };
  });
  return formed(
    id,
    pieces.reduce((total, [sizeMiB]) => total + sizeMiB, 0),
    { type: "segments", segments },
  );
}

export function formed(id: DeviceId, sizeMiB: number, form: VolumeForm): StackSketch {
  return () => ({ ...VOLUME, id, uuid: `${id}-LV`, volumeGroup: id.slice(0, id.indexOf("/")), sizeBytes: sizeMiB * MIB, form });
}

function bytesOf(layout: Layout, id: DeviceId): number {
  const bytes = deviceBytes(layout, id);
  if (bytes === undefined) throw new Error(`there is no ${id}`);
  return bytes;
}

/** Content of a device: of which type, where it is mounted, how full it is. */
export interface ContentSketch {
  readonly type: "ext4" | "xfs" | "vfat" | "swap" | "btrfs" | "f2fs";
  readonly path?: string;
  readonly usedMiB?: number;
  readonly parameters?: Partial<FileSystemParameters>;
}

export interface LayoutSketch {
  readonly disks: readonly Disk[];
  readonly stack?: readonly StackSketch[];
  readonly holds: Readonly<Record<DeviceId, ContentSketch>>;
}

export function sketchedLayout({ disks, stack = [], holds }: LayoutSketch): Layout {
  const bare: Layout = { disks, stack: [], fileSystems: [], swaps: [], mounts: [], images: [], fstab: [] };
  const made: StackedDevice[] = [];
  for (const make of stack) made.push(make({ ...bare, stack: made }));
  const built = { ...bare, stack: made };
  const contents = Object.entries(holds);
  const fileSystems = contents.filter(([, { type }]) => type !== "swap").map(([device, content]) => fileSystemOn(built, device, content));
  const swaps = contents
    .filter(([, { type }]) => type === "swap")
    .map(([place]): Swap => ({ kind: "partition", place, uuid: uuidOf(place), label: undefined, sizeBytes: bytesOf(built, place) }));
  const mounts = contents.flatMap(([device, { type, path }]): readonly MountPoint[] =>
    path === undefined ? [] : [{ path, device, type, options: ["rw", "relatime"], fsRoot: "/" }],
  );
  const fstab = mounts.map(({ device, path, type }) => ({ spec: `UUID=${uuidOf(device)}`, path, type, options: ["defaults"] }));
  return { ...built, fileSystems, swaps, mounts, fstab };
}

const PARAMETERS: Readonly<Record<string, FileSystemParameters>> = {
  ext4: BIOS_MACHINE.layout.fileSystems[0]!.parameters,
  xfs: BIOS_MACHINE.layout.fileSystems[1]!.parameters,
  vfat: UEFI_MACHINE.layout.fileSystems[0]!.parameters,
  f2fs: { kind: "f2fs", features: ["lost_found", "extra_attr"] },
};

function fileSystemOn(layout: Layout, device: DeviceId, { type, usedMiB = 500, parameters }: ContentSketch): FileSystem {
  const usual: FileSystemParameters = type === "btrfs" ? { ...BTRFS, devices: [device] } : PARAMETERS[type]!;
  const sizeBytes = bytesOf(layout, device);
  const sectorBytes = Math.max(...layout.disks.map(({ logicalSectorBytes }) => logicalSectorBytes));
  const own =
    usual.kind === "ext"
      ? { inodeCount: Math.floor(sizeBytes / 16384) }
      : usual.kind === "xfs" || usual.kind === "vfat"
        ? { sectorBytes }
        : {};
  return {
    device,
    type,
    uuid: type === "vfat" ? "ABCD-1234" : uuidOf(device),
    label: undefined,
    sizeBytes,
    usedBytes: type === "vfat" ? 5 * MIB : usedMiB * MIB,
    usedInodes: usual.kind === "ext" || usual.kind === "xfs" ? 1000 : undefined,
    parameters: { ...usual, ...own, ...parameters } as FileSystemParameters,
  };
}

/** The same for the same name. */
export function uuidOf(name: string): string {
  const hex = name
    .split("")
    .reduce((total, letter) => (total * 33 + letter.charCodeAt(0)) % 0xffffffffffff, 5381)
    .toString(16)
    .padStart(12, "0");
  return `00000000-0000-4000-9000-${hex}`;
}
