// The header of a cpio newc entry: 110 ASCII bytes (kernel Documentation/driver-api/early-userspace/buffer-format.rst).
import { LifeboatError } from "#os/error";
import { asciiDecode, asciiEncode } from "./text.ts";

export const NEWC_HEADER_BYTES = 110;
export const TRAILER_NAME = "TRAILER!!!";
/** PATH_MAX, final NUL included: the kernel skips entries with longer names. */
export const NAMESIZE_LIMIT = 4096;

const MAGIC_BYTES = 6;
const FIELD_DIGITS = 8;

/** In the order of the format; each is eight hexadecimal digits. */
const FIELDS = [
  "ino",
  "mode",
  "uid",
  "gid",
  "nlink",
  "mtime",
  "filesize",
  "devmajor",
  "devminor",
  "rdevmajor",
  "rdevminor",
  "namesize",
  "check",
] as const;

export type NewcField = (typeof FIELDS)[number];
export type NewcHeader = Readonly<Record<NewcField, number>> & {
  /** Magic 070702: `check` is the sum of the data's bytes. */
  readonly hasChecksum: boolean;
};

/** Fields that are not given are 0. Magic 070701: no checksum. */
export function encodeNewcHeader(fields: Partial<Readonly<Record<NewcField, number>>>): Uint8Array {
  const digits = FIELDS.map((field) => hex(field, fields[field] ?? 0));
  return asciiEncode(`070701${digits.join("")}`);
}

/** `bytes` are at least NEWC_HEADER_BYTES long. Upper and lower case digits are read; anything else names the field. */
export function decodeNewcHeader(bytes: Uint8Array, offset: number): NewcHeader {
  const text = asciiDecode(bytes.subarray(0, NEWC_HEADER_BYTES));
  const hasChecksum = checkMagic(text.slice(0, MAGIC_BYTES), offset);
  const values = FIELDS.map((field, index) => {
    const digits = text.slice(MAGIC_BYTES + index * FIELD_DIGITS, MAGIC_BYTES + (index + 1) * FIELD_DIGITS);
    if (!/^[0-9a-fA-F]{8}$/.test(digits)) {
      throw damage(offset, `"${field}" must be eight hexadecimal digits`, JSON.stringify(digits));
    }
    return [field, parseInt(digits, 16)] as const;
  });
  return { ...(Object.fromEntries(values) as Record<NewcField, number>), hasChecksum };
}

/** `offset` is where the entry's header starts. */
export function damage(offset: number, rule: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot read the cpio entry at byte ${offset} as ${rule}: ${state}`, {
    hint: "The archive is damaged or cut short; build it again",
  });
}

/** Bytes that fill `length` up to a multiple of four. */
export function paddingAfter(length: number): number {
  return (4 - (length % 4)) % 4;
}

function checkMagic(magic: string, offset: number): boolean {
  if (magic === "070701") return false;
  if (magic === "070702") return true;
  const state = magic === "070707" ? "070707, the old portable format (make it with cpio -H newc)" : JSON.stringify(magic);
  throw damage(offset, 'the magic must be "070701" or "070702"', state);
}

function hex(field: NewcField, value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new LifeboatError(`Cannot write a cpio header as "${field}" must fit 32 bits: ${value}`);
  }
  return value.toString(16).toUpperCase().padStart(FIELD_DIGITS, "0");
}
