// What the kernel says of an md array (Documentation/admin-guide/md.rst, "MD devices in sysfs").

import { listSys, readSys } from "#os/sysfs";
import type { ArrayShape } from "./stacked-device.ts";

export interface ReadArray {
  readonly level: string;
  /** Kernel names, in the order of their places. */
  readonly members: readonly string[];
  readonly spares: readonly string[];
  /** Without its name, which only the superblock has; undefined when its metadata is none that the kernel itself keeps. */
  readonly shape: Omit<ArrayShape, "name"> | undefined;
  /** Kernel names. */
  readonly writeMostly: readonly string[];
  readonly hasPpl: boolean;
  /** In words. */
  readonly unkept: readonly string[];
}

const SECTOR_BYTES = 512;
const KIB = 1024;

/** Undefined when `name` is no array. */
export function readArray(name: string, sysRoot = "/sys"): ReadArray | undefined {
  const path = `${sysRoot}/block/${name}/md`;
  const level = readSys(`${path}/level`);
  if (level === undefined) return undefined;
  const devices = listSys(path)
    .filter((child) => child.startsWith("dev-"))
    .map((child) => readMember(`${path}/${child}`, child.slice("dev-".length)));
  const active = devices.filter(({ slot, isFaulty }) => slot !== undefined && !isFaulty).sort((a, b) => a.slot! - b.slot!);
  const spares = devices.filter(({ slot, isFaulty, isJournal }) => slot === undefined && !isFaulty && !isJournal);
  return {
    level,
    members: active.map((member) => member.name),
    spares: spares.map((member) => member.name),
    shape: readShape(path, level, Math.max(0, ...active.map(({ offsetSectors }) => offsetSectors))),
    writeMostly: active.filter(({ isWriteMostly }) => isWriteMostly).map((member) => member.name),
    hasPpl: readSys(`${path}/consistency_policy`) === "ppl",
    unkept: [
      ...devices.filter(({ isJournal }) => isJournal).map((member) => `its journal on ${member.name}`),
      ...(readSys(`${path}/bitmap/location`) === "file" ? ["its bitmap in a file"] : []),
    ],
  };
}

interface Member {
  readonly name: string;
  readonly slot: number | undefined;
  readonly isFaulty: boolean;
  /** It keeps what is to be written; the array is made again without one. */
  readonly isJournal: boolean;
  readonly isWriteMostly: boolean;
  readonly offsetSectors: number;
}

function readMember(path: string, name: string): Member {
  const slot = readSys(`${path}/slot`);
  const states = (readSys(`${path}/state`) ?? "").split(",");
  return {
    name: name.replace(/!/g, "/"),
    slot: slot === undefined || !/^\d+$/.test(slot) ? undefined : Number(slot),
    isFaulty: states.includes("faulty"),
    isWriteMostly: states.includes("write_mostly"),
    isJournal: slot === "journal",
    offsetSectors: Number(readSys(`${path}/offset`) ?? 0),
  };
}

function readShape(path: string, level: string, offsetSectors: number): ReadArray["shape"] {
  const metadata = readSys(`${path}/metadata_version`) ?? "";
  if (!/^\d+\.\d+$/.test(metadata)) return undefined;
  const chunkBytes = Number(readSys(`${path}/chunk_size`) ?? 0);
  const bitmap = readSys(`${path}/bitmap/location`) ?? "none";
  return {
    deviceCount: Number(readSys(`${path}/raid_disks`) ?? 0),
    metadata,
    chunkBytes: chunkBytes === 0 || level === "raid1" ? undefined : chunkBytes,
    layout: layoutWord(level, Number(readSys(`${path}/layout`) ?? 0)),
    hasBitmap: /^[+-]/.test(bitmap),
    memberBytes: Number(readSys(`${path}/component_size`) ?? 0) * KIB,
    dataOffsetBytes: offsetSectors * SECTOR_BYTES,
  };
}

/** Numbers of ALGORITHM_… in the kernel's drivers/md/raid5.h, by mdadm's words. */
const PARITY_LAYOUTS: ReadonlyMap<number, string> = new Map([
  [0, "left-asymmetric"],
  [1, "right-asymmetric"],
  [2, "left-symmetric"],
  [3, "right-symmetric"],
  [4, "parity-first"],
  [5, "parity-last"],
  [8, "ddf-zero-restart"],
  [9, "ddf-N-restart"],
  [10, "ddf-N-continue"],
  [16, "left-asymmetric-6"],
  [17, "right-asymmetric-6"],
  [18, "left-symmetric-6"],
  [19, "right-symmetric-6"],
  [20, "parity-first-6"],
]);

/** RAID10: near copies in the lowest byte, far copies in the next, then whether these are at an offset (drivers/md/raid10.c, setup_geo). */
function layoutWord(level: string, number: number): string | undefined {
  if (level === "raid5" || level === "raid6") return PARITY_LAYOUTS.get(number);
  if (level !== "raid10") return undefined;
  const [near, far, isOffset] = [number & 0xff, (number >> 8) & 0xff, ((number >> 16) & 1) === 1];
  if (far > 1) return isOffset ? `o${far}` : `f${far}`;
  return `n${near}`;
}
