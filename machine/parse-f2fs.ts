// Reads the superblock of an F2FS (Linux's include/linux/f2fs_fs.h, struct f2fs_super_block): what mkfs.f2fs has to be told again.
import type { FileSystemParameters } from "./file-system-parameters.ts";

const SUPERBLOCK_OFFSET = 0x400;
/** How much of a device `parseF2fs` wants to see. */
export const F2FS_HEAD_BYTES = 0x1000;

const MAGIC = 0xf2f5_2010;
/** Offsets in the superblock. */
const FEATURE = 2180;
const DEVICES = 2201;
const DEVICE_BYTES = 68;
const ENCODING = 2758;

/** By bit, in the words of mkfs.f2fs -O. Bit 2 is one of the kernel's own, for files that are written whole. */
const FEATURES: readonly (readonly [bit: number, word: string])[] = [
  [0, "encrypt"],
  [3, "extra_attr"],
  [4, "project_quota"],
  [5, "inode_checksum"],
  [6, "flexible_inline_xattr"],
  [7, "quota"],
  [8, "inode_crtime"],
  [9, "lost_found"],
  [10, "verity"],
  [11, "sb_checksum"],
  [12, "casefold"],
  [13, "compression"],
];
const ATOMIC_WRITES = 2;

/** Undefined when it is none, or one that cannot be made again: on several devices, on zones, read-only, or with features that are not known here. */
export function parseF2fs(head: Uint8Array): FileSystemParameters | undefined {
  if (head.length < F2FS_HEAD_BYTES) return undefined;
  const view = new DataView(head.buffer, head.byteOffset + SUPERBLOCK_OFFSET, head.byteLength - SUPERBLOCK_OFFSET);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const bits = view.getUint32(FEATURE, true);
  const known = FEATURES.reduce((mask, [bit]) => mask | (1 << bit), 1 << ATOMIC_WRITES);
  const hasMoreDevices = view.getUint8(DEVICES + DEVICE_BYTES) !== 0;
  if ((bits & ~known) !== 0 || hasMoreDevices) return undefined;
  const features = FEATURES.filter(([bit]) => (bits & (1 << bit)) !== 0).map(([, word]) => word);
  if (!features.includes("casefold")) return { kind: "f2fs", features };
  // F2FS_ENC_UTF8_12_1 is the only one that there is.
  return view.getUint16(ENCODING, true) === 1 ? { kind: "f2fs", features, encoding: "utf8" } : undefined;
}
