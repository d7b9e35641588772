// Reads cpio newc archives as the kernel does (init/initramfs.c, buffer-format.rst): concatenated members, NULs between them.
import { damage, decodeNewcHeader, NAMESIZE_LIMIT, NEWC_HEADER_BYTES, paddingAfter, TRAILER_NAME, type NewcHeader } from "./cpio-header.ts";
import { beforeNul, utf8Decode } from "./text.ts";

export type CpioType = "file" | "directory" | "symlink" | "character-device" | "block-device" | "fifo" | "socket";

export interface CpioEntry {
  /** As written: `./` or a leading slash are kept. */
  readonly path: string;
  readonly type: CpioType;
  /** Permission bits. */
  readonly mode: number;
  readonly ino: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly mtimeSeconds: number;
  /** Of the device that the entry is, not of the one it was on. */
  readonly major: number;
  readonly minor: number;
  /** A view: content of a file, target of a symlink. */
  readonly data: Uint8Array;
  /** The first path with the same inode in this member, when this is a further name of it. */
  readonly hardLinkOf?: string;
  /** Which of the concatenated members, from 0. */
  readonly member: number;
}

export interface CpioArchive {
  readonly entries: readonly CpioEntry[];
  /** Where a compressed member begins: the reader stops there. */
  readonly compressedAt?: number;
}

const TYPES: Readonly<Record<number, CpioType>> = {
  0o100000: "file",
  0o040000: "directory",
  0o120000: "symlink",
  0o020000: "character-device",
  0o060000: "block-device",
  0o010000: "fifo",
  0o140000: "socket",
};

/** First bytes of what the kernel can unpack: gzip (two), bzip2, lzma, xz, lzo, lz4, zstd (lib/decompress.c). */
const COMPRESSED = [
  [0x1f, 0x8b],
  [0x1f, 0x9e],
  [0x42, 0x5a],
  [0x5d, 0x00],
  [0xfd, 0x37],
  [0x89, 0x4c],
  [0x02, 0x21],
  [0x28, 0xb5],
];

/** A missing trailer at the very end is accepted, as the kernel does; anything else that is wrong names the field. */
export function readNewc(bytes: Uint8Array): CpioArchive {
  const entries: CpioEntry[] = [];
  let links = new Map<string, string>();
  let member = 0;
  let isBetweenMembers = true;
  let offset = 0;
  for (;;) {
    if (isBetweenMembers) offset = skipNuls(bytes, offset);
    if (offset >= bytes.length) return { entries };
    if (isBetweenMembers && isCompressed(bytes, offset)) return { entries, compressedAt: offset };
    const raw = readEntry(bytes, offset);
    isBetweenMembers = raw.name === TRAILER_NAME;
    if (isBetweenMembers) {
      // The trailer ends the table of hard links: inode numbers start afresh.
      links = new Map();
      member += 1;
    } else {
      entries.push(toEntry(raw, { links, member, offset }));
    }
    offset = raw.endOffset;
  }
}

interface RawEntry {
  readonly header: NewcHeader;
  readonly name: string;
  readonly data: Uint8Array;
  readonly endOffset: number;
}

function readEntry(bytes: Uint8Array, offset: number): RawEntry {
  if (bytes.length - offset < NEWC_HEADER_BYTES) {
    throw damage(offset, `a header must have ${NEWC_HEADER_BYTES} bytes`, `${bytes.length - offset} are left`);
  }
  const header = decodeNewcHeader(bytes.subarray(offset, offset + NEWC_HEADER_BYTES), offset);
  const name = readName(bytes, offset, header.namesize);
  const headBytes = NEWC_HEADER_BYTES + header.namesize;
  const dataStart = offset + headBytes + paddingAfter(headBytes);
  const dataEnd = dataStart + header.filesize;
  if (dataEnd > bytes.length) {
    throw damage(
      offset,
      `"filesize" of "${name}" must fit the archive`,
      `${header.filesize}, ${Math.max(bytes.length - dataStart, 0)} are left`,
    );
  }
  const data = bytes.subarray(dataStart, dataEnd);
  checkSum(header, data, { name, offset });
  return { header, name, data, endOffset: Math.min(dataEnd + paddingAfter(header.filesize), bytes.length) };
}

function readName(bytes: Uint8Array, offset: number, namesize: number): string {
  const start = offset + NEWC_HEADER_BYTES;
  if (namesize === 0 || namesize > NAMESIZE_LIMIT) {
    throw damage(offset, `"namesize" must be from 1 to ${NAMESIZE_LIMIT}`, `${namesize}`);
  }
  if (start + namesize > bytes.length) {
    throw damage(offset, '"namesize" must fit the archive', `${namesize}, ${bytes.length - start} are left`);
  }
  const field = bytes.subarray(start, start + namesize);
  if (field[namesize - 1] !== 0) throw damage(offset, "the name must end with NUL", JSON.stringify(utf8Decode(field)));
  const name = utf8Decode(beforeNul(field));
  if (name === "") throw damage(offset, "the name must not be empty", "it is");
  return name;
}

function checkSum(header: NewcHeader, data: Uint8Array, place: { readonly name: string; readonly offset: number }): void {
  // GNU cpio leaves 0 in symlinks, and the kernel sums regular files alone.
  if (!header.hasChecksum || (header.mode & 0o170000) !== 0o100000) return;
  let sum = 0;
  for (const byte of data) sum = (sum + byte) >>> 0;
  if (sum !== header.check) {
    throw damage(place.offset, `"check" of "${place.name}" must be the sum of its data`, `${header.check} is written, the sum is ${sum}`);
  }
}

interface Context {
  readonly links: Map<string, string>;
  readonly member: number;
  readonly offset: number;
}

function toEntry({ header, name, data }: RawEntry, { links, member, offset }: Context): CpioEntry {
  const type = TYPES[header.mode & 0o170000];
  if (type === undefined) throw damage(offset, `"mode" of "${name}" must have a file type`, header.mode.toString(8));
  if (type !== "file" && type !== "symlink" && data.length > 0) {
    throw damage(offset, `"filesize" of the ${type} "${name}" must be 0`, `${data.length}`);
  }
  if (type === "symlink" && data.length > NAMESIZE_LIMIT) {
    throw damage(offset, `"filesize" of the symlink "${name}" must be at most ${NAMESIZE_LIMIT}`, `${data.length}`);
  }
  const hardLinkOf = type === "directory" || header.nlink < 2 ? undefined : linkedName(links, header, name);
  return {
    path: name,
    type,
    mode: header.mode & 0o7777,
    ino: header.ino,
    uid: header.uid,
    gid: header.gid,
    nlink: header.nlink,
    mtimeSeconds: header.mtime,
    major: header.rdevmajor,
    minor: header.rdevminor,
    data: type === "symlink" ? beforeNul(data) : data,
    ...(hardLinkOf === undefined ? {} : { hardLinkOf }),
    member,
  };
}

function linkedName(links: Map<string, string>, header: NewcHeader, name: string): string | undefined {
  const identity = `${header.devmajor}:${header.devminor}:${header.ino}:${header.mode & 0o170000}`;
  const first = links.get(identity);
  if (first === undefined) links.set(identity, name);
  return first;
}

function skipNuls(bytes: Uint8Array, start: number): number {
  let offset = start;
  while (offset < bytes.length && bytes[offset] === 0) offset += 1;
  if (offset < bytes.length && offset % 4 !== 0 && !isCompressed(bytes, offset)) {
    throw damage(offset, "a member must start at a multiple of 4", `${offset % 4} bytes after one`);
  }
  return offset;
}

function isCompressed(bytes: Uint8Array, offset: number): boolean {
  return COMPRESSED.some(([first, second]) => bytes[offset] === first && bytes[offset + 1] === second);
}
