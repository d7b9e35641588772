// Whether all files have room on the file systems that the plan makes, in bytes and in inodes.

import type { FileSystem, Layout, Machine } from "../machine/model.ts";
import { btrfsCopies } from "./fit/file-system-size.ts";
import { isWhole } from "./subvolumes.ts";
import { bytesOfText, type CatalogueEntry } from "../set/catalogue.ts";

export interface RoomCounter {
  add(entry: CatalogueEntry): void;
  /** One sentence each, which follow a colon. */
  problems(): readonly string[];
}

interface Need {
  readonly path: string;
  readonly prefix: string;
  readonly fileSystem: FileSystem;
  readonly blockBytes: number;
  bytes: number;
  inodes: number;
}

/** Of what the kernel's own tables take beside the inodes: superblocks, bitmaps, the journal of a small file system. */
const OVERHEAD_SHARE = 0.01;

export function roomCounter({ layout }: Machine): RoomCounter {
  const needs = layout.mounts.flatMap((mount): readonly Need[] => {
    const { path, device } = mount;
    const fileSystem = layout.fileSystems.find((candidate) => candidate.device === device);
    // What compression will save is not known.
    const isCompressed = mount.options.some((option) => option.startsWith("compress"));
    if (fileSystem === undefined || !isWhole(mount, layout) || isCompressed) return [];
    return [
      { path, prefix: path === "/" ? "/" : `${bytesOfText(path)}/`, fileSystem, blockBytes: blockBytesOf(fileSystem), bytes: 0, inodes: 0 },
    ];
  });
  // The deepest mount that a path is below has it.
  const sorted = [...needs].sort((a, b) => b.prefix.length - a.prefix.length);
  for (const { kind, place, sizeBytes } of layout.swaps) {
    const need = kind === "file" ? sorted.find(({ prefix }) => bytesOfText(place).startsWith(prefix)) : undefined;
    if (need === undefined) continue;
    need.inodes += 1;
    need.bytes += inBlocks(sizeBytes, need);
  }
  return {
    add(entry) {
      const { path, type } = entry;
      const need = sorted.find(({ prefix }) => path.startsWith(prefix));
      // A file system's own top directory, and this one, are there when it is made.
      const isMade = path === need?.prefix || path === `${need?.prefix}lost+found`;
      if (need === undefined || type === "hard-link" || isMade) return;
      need.inodes += 1;
      if (type === "file") need.bytes += inBlocks(dataBytes(entry), need);
      if (type === "directory") need.bytes += need.blockBytes;
    },
    problems: () => [...together(needs).flatMap(problemsOf), ...poolProblems(layout, needs)],
  };
}

/** Of btrfs on several devices the size is that of the smallest, and copies take their part. */
function dataRoom({ sizeBytes, parameters }: FileSystem): number {
  if (parameters.kind !== "btrfs") return sizeBytes;
  return (sizeBytes * parameters.devices.length) / btrfsCopies(parameters.dataProfile);
}

/** The smallest piece that it gives to a file; small rather than large, so that nothing is refused that would fit. */
function blockBytesOf({ parameters }: FileSystem): number {
  if (parameters.kind === "ext") return parameters.clusterBytes ?? parameters.blockBytes;
  return parameters.kind === "xfs" ? parameters.blockBytes : 512;
}

function inBlocks(bytes: number, { blockBytes }: Need): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** Of a file with holes, what is stored of it; the headers of a member are no data: two blocks of pax records and its own are the least. */
function dataBytes({ isSparse, sizeBytes, streamBytes }: CatalogueEntry): number {
  return isSparse ? Math.max(0, Math.min(sizeBytes, streamBytes - 3 * 512)) : sizeBytes;
}

/** Subvolumes of one file system share its room. */
function together(needs: readonly Need[]): readonly Need[] {
  const byDevice = new Map<string, Need>();
  for (const need of needs) {
    const { device, parameters } = need.fileSystem;
    const known = parameters.kind === "btrfs" ? byDevice.get(device) : undefined;
    const key = known === undefined && byDevice.has(device) ? `${device} ${need.path}` : device;
    byDevice.set(key, known === undefined ? need : { ...known, bytes: known.bytes + need.bytes, inodes: known.inodes + need.inodes });
  }
  return [...byDevice.values()];
}

/** Thin volumes may be promised more than their pool has: what is written must fit. */
function poolProblems({ stack }: Layout, needs: readonly Need[]): readonly string[] {
  return stack.flatMap((pool) => {
    if (pool.kind !== "logical-volume" || pool.form.type !== "thin-pool") return [];
    const thin = new Set(
      stack.flatMap((one) => (one.kind === "logical-volume" && one.form.type === "thin" && one.form.pool === pool.id ? [one.id] : [])),
    );
    const bytes = needs.filter(({ fileSystem }) => thin.has(fileSystem.device)).reduce((total, need) => total + need.bytes, 0);
    const room = Math.floor(pool.sizeBytes * (1 - OVERHEAD_SHARE));
    return bytes <= room
      ? []
      : [`thin pool "${pool.id}" has room for ${room} bytes, and the files of its volumes need ${bytes}: ${bytes - room} are missing`];
  });
}

function problemsOf({ path, fileSystem, bytes, inodes }: Need): readonly string[] {
  const { usedBytes, type, parameters } = fileSystem;
  const sizeBytes = dataRoom(fileSystem);
  const isExt = parameters.kind === "ext";
  const tableBytes = isExt ? parameters.inodeCount * parameters.inodeBytes : 0;
  // What was in one that is made alike has room again.
  const room = Math.max(Math.floor(sizeBytes * (1 - OVERHEAD_SHARE)) - tableBytes, usedBytes ?? 0);
  // The first ten are ext's own, and lost+found is the eleventh.
  const inodeRoom = isExt ? parameters.inodeCount - 11 : Number.POSITIVE_INFINITY;
  return [
    ...(bytes <= room
      ? []
      : [`"${path}" (${type}, ${sizeBytes} bytes) has room for ${room} bytes, and its files need ${bytes}: ${bytes - room} are missing`]),
    ...(inodes <= inodeRoom
      ? []
      : [`"${path}" (${type}) has ${inodeRoom} inodes, and its files need ${inodes}: ${inodes - inodeRoom} are missing`]),
  ];
}
