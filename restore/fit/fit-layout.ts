// A machine's layout on the disks that are here: as it was where they are as large, else shared out anew, up through arrays, LUKS and LVM. Pure.

import type { DeviceId, Disk, FileSystem, Layout, PartitionTable } from "../../machine/model.ts";
import { devicesOn, standsOn } from "../../machine/own-layout.ts";
import type { RaidArray, StackedDevice, VolumeGroup } from "../../machine/stacked-device.ts";
import { dataMembers, UNEVEN_LEVELS } from "../array-levels.ts";
import { sizeText } from "../describe-step.ts";
import { neededDiskBytes } from "../needed-room.ts";
import { fitGroup } from "./fit-group.ts";
import { placePartitions } from "./place-partitions.ts";
import { resizedFileSystem } from "./file-system-size.ts";

export interface FitPair {
  readonly from: Disk;
  readonly to: Pick<Disk, "id" | "sizeBytes" | "logicalSectorBytes">;
}

export type Fit =
  | {
      readonly fits: true;
      readonly layout: Layout;
      /** One line each: what is of another size, or in another place. */
      readonly changes: readonly string[];
    }
  /** One sentence each, which follow a colon. */
  | { readonly fits: false; readonly problems: readonly string[] };

export interface FitOptions {
  /** Partitions keep their sizes and places. */
  readonly noResize: boolean;
  /** Disks whose tables stay as they are. */
  readonly reused: ReadonlySet<DeviceId>;
}

export function fitLayout(layout: Layout, pairs: readonly FitPair[], { noResize, reused }: FitOptions): Fit {
  const disks: Disk[] = [];
  const problems: string[] = [];
  for (const { from, to } of pairs) {
    const { table } = from;
    if (reused.has(from.id) || (table !== undefined && keepsPlaces(from, to, noResize))) disks.push(from);
    else if (table === undefined) disks.push({ ...from, ...sizesOf(to) });
    else {
      const placed = placePartitions(layout, { ...from, table }, to);
      if (placed.fits) disks.push({ ...from, ...sizesOf(to), table: placed.table });
      else if (keepsPlaces(from, to, true)) disks.push(from);
      else problems.push(`what is on ${from.id} needs ${placed.missingBytes} bytes more than ${to.id} has`);
    }
  }
  if (problems.length > 0) return { fits: false, problems };
  return fitStack(layout, disks);
}

/** Sector numbers hold for the new disk's sectors. A disk whose places are kept keeps its old size too: all that is reckoned from it stays as it was. */
function sizesOf({ sizeBytes, logicalSectorBytes }: FitPair["to"]): Partial<Disk> {
  return { sizeBytes, logicalSectorBytes };
}

/** Less is not worth moving anything for. */
const NOTICEABLE_SHARE = 0.01;

function keepsPlaces(from: Disk, to: FitPair["to"], noResize: boolean): boolean {
  if (from.logicalSectorBytes !== to.logicalSectorBytes || to.sizeBytes < neededDiskBytes(from)) return false;
  return noResize || to.sizeBytes <= from.sizeBytes * (1 + NOTICEABLE_SHARE);
}

/** From the partitions' sizes upwards. */
function fitStack(layout: Layout, disks: readonly Disk[]): Fit {
  const before = sizesIn(layout.disks, layout.stack);
  const sizes = new Map(sizesIn(disks, []));
  const sectors = new Map(disks.flatMap((disk) => devicesOn(disk).map((id) => [id, disk.logicalSectorBytes] as const)));
  const isSame = (id: DeviceId) => sizes.get(id) === before.get(id);
  const stack: StackedDevice[] = [];
  const problems: string[] = [];
  for (const stacked of layout.stack) {
    if (stacked.kind === "logical-volume") continue;
    const below = standsOn(layout, stacked.id);
    const sectorBytes = Math.max(...below.map((id) => sectors.get(id) ?? 512));
    if (stacked.kind === "volume-group") {
      const fitted = fitGroup(layout, stacked, sizes);
      if (fitted.fits) stack.push(...fitted.devices);
      else problems.push(fitted.problem);
      for (const device of fitted.fits ? fitted.devices : [])
        if (device.kind === "logical-volume") note(device.id, device.sizeBytes, sectorBytes);
      continue;
    }
    const made = below.every(isSame)
      ? stacked
      : resized(
          stacked,
          below.map((id) => sizes.get(id) ?? 0),
        );
    stack.push(made);
    note(made.id, made.sizeBytes, sectorBytes);
  }
  if (problems.length > 0) return { fits: false, problems };
  const fileSystems = layout.fileSystems.map((fileSystem) => fittedFileSystem(fileSystem, { before, now: sizes, sectors }));
  const swaps = layout.swaps.map((swap) => (swap.kind === "file" ? swap : { ...swap, sizeBytes: sizes.get(swap.place) ?? swap.sizeBytes }));
  const fitted = { ...layout, disks, stack, fileSystems, swaps };
  return { fits: true, layout: fitted, changes: changesBetween(layout, fitted) };

  function note(id: DeviceId, sizeBytes: number, sectorBytes: number): void {
    sizes.set(id, sizeBytes);
    sectors.set(id, sectorBytes);
  }
}

function sizesIn(disks: readonly Disk[], stack: readonly StackedDevice[]): ReadonlyMap<DeviceId, number> {
  return new Map([
    ...disks.flatMap((disk) => [
      [disk.id, disk.sizeBytes] as const,
      ...(disk.table?.partitions ?? []).map(({ id, sizeSectors }) => [id, sizeSectors * disk.logicalSectorBytes] as const),
    ]),
    ...stack.flatMap((stacked) => (stacked.kind === "volume-group" ? [] : [[stacked.id, stacked.sizeBytes] as const])),
  ]);
}

type Resizable = Exclude<StackedDevice, VolumeGroup | { kind: "logical-volume" }>;

function resized(stacked: Resizable, below: readonly number[]): Resizable {
  switch (stacked.kind) {
    case "array":
      return resizedArray(stacked, below);
    case "luks":
      return { ...stacked, sizeBytes: (below[0] ?? 0) - (stacked.header?.dataOffsetBytes ?? 0) };
    case "other":
      return stacked;
  }
}

/** Superblocks at the end of members (metadata 0.90 and 1.0), and a bitmap beside them. */
const ARRAY_TAIL_BYTES = 256 * 1024;

/** mdadm reckons the size of members itself: `memberBytes` 0 says so. */
function resizedArray(array: RaidArray, members: readonly number[]): RaidArray {
  const { shape, level } = array;
  if (shape === undefined) return array;
  const own = shape.dataOffsetBytes + ARRAY_TAIL_BYTES;
  const chunk = shape.chunkBytes ?? 64 * 1024;
  const usable = members.map((bytes) => Math.floor((bytes - own) / chunk) * chunk);
  const sizeBytes = UNEVEN_LEVELS.has(level)
    ? usable.reduce((total, bytes) => total + bytes, 0)
    : Math.floor(Math.min(...usable) * dataMembers(array));
  return { ...array, sizeBytes, shape: { ...shape, memberBytes: 0 } };
}

interface Sizes {
  readonly before: ReadonlyMap<DeviceId, number>;
  readonly now: ReadonlyMap<DeviceId, number>;
  readonly sectors: ReadonlyMap<DeviceId, number>;
}

/** Each of its devices counts; the smallest says how large a file system on several is. */
function fittedFileSystem(fileSystem: FileSystem, { before, now, sectors }: Sizes): FileSystem {
  const { device, parameters } = fileSystem;
  const ids = parameters.kind === "btrfs" ? parameters.devices : [device];
  const sectorBytes = Math.max(...ids.map((id) => sectors.get(id) ?? 512));
  const hasOwnSectors =
    ("sectorBytes" in parameters && parameters.sectorBytes < sectorBytes) ||
    ("blockBytes" in parameters && parameters.blockBytes < sectorBytes);
  if (ids.every((id) => now.get(id) === before.get(id)) && !hasOwnSectors) return fileSystem;
  return resizedFileSystem(fileSystem, Math.min(...ids.map((id) => now.get(id) ?? fileSystem.sizeBytes)), sectorBytes);
}

function changesBetween(before: Layout, after: Layout): readonly string[] {
  const [was, is] = [sizesIn(before.disks, before.stack), sizesIn(after.disks, after.stack)];
  const isFrame = new Set(before.disks.flatMap(({ id, table }) => [id, ...extendedOf(table)]));
  return [...is].flatMap(([id, sizeBytes]) => {
    const old = was.get(id);
    return isFrame.has(id) || old === undefined || old === sizeBytes ? [] : [`${id}: ${sizeText(old)} becomes ${sizeText(sizeBytes)}`];
  });
}

/** They are as large as what is in them. */
function extendedOf(table: PartitionTable | undefined): readonly DeviceId[] {
  return (table?.partitions ?? []).flatMap(({ id, role }) => (role === "extended" ? [id] : []));
}
