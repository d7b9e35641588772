// Which file system is on a device, told from its first bytes: enough to mount it without writing and to name it.
// Offsets: ECMA-119 8.4, ext4 Documentation/filesystems/ext4/super.rst, XFS Filesystem Structure, btrfs on-disk format,
// FAT specification 1.03, squashfs 4.0, NTFS boot sector, Linux swap header, ECMA-167 part 2 section 9, LVM2 label, md's
// include/uapi/linux/raid/md_p.h, LUKS on-disk format.

import { decodeUtf8 } from "kmod-parse/utf8";

export type FileSystemType =
  | "iso9660"
  | "ext"
  | "xfs"
  | "btrfs"
  | "vfat"
  | "exfat"
  | "ntfs"
  | "squashfs"
  | "udf"
  | "f2fs"
  | "swap"
  | "lvm"
  | "luks"
  | "md";

export interface Superblock {
  readonly type: FileSystemType;
  readonly label: string | undefined;
  readonly uuid: string | undefined;
}

/** How much of a device `identifySuperblock` wants to see. */
export const SUPERBLOCK_BYTES = 0x11000;

/** 16 bytes, 4 or 8 bytes backwards, or 36 characters. */
type UuidForm = "dce" | "fat" | "ntfs" | "text";

interface Signature {
  readonly type: FileSystemType;
  readonly offset: number;
  readonly magic: readonly number[];
  readonly label?: readonly [offset: number, length: number];
  readonly uuid?: readonly [offset: number, form: UuidForm];
}

/** In this order: what a disk was given to counts more than a file system left over from before. */
const SIGNATURES: readonly Signature[] = [
  { type: "luks", offset: 0, magic: [...text("LUKS"), 0xba, 0xbe], uuid: [0xa8, "text"] },
  // The label stands in one of the first four sectors.
  ...[0, 1, 2, 3].map((sector): Signature => ({ type: "lvm", offset: sector * 512 + 0x18, magic: text("LVM2 001") })),
  { type: "md", offset: 0x1000, magic: [0xfc, 0x4e, 0x2b, 0xa9], label: [0x1020, 32], uuid: [0x1010, "dce"] },
  { type: "md", offset: 0, magic: [0xfc, 0x4e, 0x2b, 0xa9], label: [0x20, 32], uuid: [0x10, "dce"] },
  { type: "iso9660", offset: 0x8001, magic: text("CD001"), label: [0x8028, 32] },
  // Without a CD001 beside them: the start of the extended area, then the version of the file system.
  { type: "udf", offset: 0x8001, magic: text("BEA01") },
  { type: "ext", offset: 0x438, magic: [0x53, 0xef], label: [0x478, 16], uuid: [0x468, "dce"] },
  { type: "xfs", offset: 0, magic: text("XFSB"), label: [0x6c, 12], uuid: [0x20, "dce"] },
  { type: "btrfs", offset: 0x10040, magic: text("_BHRfS_M"), label: [0x1012b, 256], uuid: [0x10020, "dce"] },
  { type: "f2fs", offset: 0x400, magic: [0x10, 0x20, 0xf5, 0xf2], uuid: [0x46c, "dce"] },
  { type: "squashfs", offset: 0, magic: text("hsqs") },
  { type: "ntfs", offset: 3, magic: text("NTFS    "), uuid: [0x48, "ntfs"] },
  { type: "exfat", offset: 3, magic: text("EXFAT   "), uuid: [0x64, "fat"] },
  { type: "vfat", offset: 0x52, magic: text("FAT32"), label: [0x47, 11], uuid: [0x43, "fat"] },
  { type: "vfat", offset: 0x36, magic: text("FAT1"), label: [0x2b, 11], uuid: [0x27, "fat"] },
  { type: "swap", offset: 0xff6, magic: text("SWAPSPACE2"), label: [0x41c, 16], uuid: [0x40c, "dce"] },
];

/** Undefined when nothing known is there. `head` holds the first bytes of the device; a short one only hides what lies further on. */
export function identifySuperblock(head: Uint8Array): Superblock | undefined {
  const found = SIGNATURES.find(({ offset, magic }) => magic.every((byte, index) => head[offset + index] === byte));
  if (found === undefined) return undefined;
  return { type: found.type, label: found.label && readLabel(head, found.label), uuid: found.uuid && readUuid(head, found.uuid) };
}

function readLabel(head: Uint8Array, [offset, length]: readonly [number, number]): string | undefined {
  const bytes = head.subarray(offset, offset + length);
  const end = bytes.indexOf(0);
  const label = decodeUtf8(bytes, 0, end < 0 ? bytes.length : end).trimEnd();
  return label === "" || label === "NO NAME" ? undefined : label;
}

const UUID_BYTES: Readonly<Record<UuidForm, number>> = { dce: 16, ntfs: 8, fat: 4, text: 36 };

function readUuid(head: Uint8Array, [offset, form]: readonly [number, UuidForm]): string | undefined {
  const bytes = [...head.subarray(offset, offset + UUID_BYTES[form])];
  if (bytes.length < UUID_BYTES[form] || bytes.every((byte) => byte === 0)) return undefined;
  if (form === "text") return String.fromCharCode(...bytes);
  const hex = (form === "dce" ? bytes : bytes.reverse()).map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (form === "ntfs") return hex.toUpperCase();
  if (form === "fat") return `${hex.slice(0, 4)}-${hex.slice(4)}`.toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function text(value: string): readonly number[] {
  return Array.from(value, (character) => character.charCodeAt(0));
}
