// Reads an ISO 9660 file system with Rock Ridge names (ECMA-119; SUSP 1.12 and RRIP 1.12): volume and lookup of a path.
import { readSystemUse } from "./iso9660-rock-ridge.ts";
import { fieldReader, type FieldReader } from "./fields.ts";
import { asciiDecode } from "./text.ts";

export interface IsoVolume {
  readonly volumeId: string;
  /** Blocks of the whole file system. */
  readonly blockCount: number;
  readonly blockBytes: number;
  /** As in the descriptor: 16 digits, YYYYMMDDhhmmssff. GRUB finds a volume by it. */
  readonly modificationDate: string;
}

export interface IsoExtent {
  /** In blocks of the volume. */
  readonly lba: number;
  readonly sizeBytes: number;
}

export interface IsoEntry {
  /** Rock Ridge name, else the ISO name without version. */
  readonly name: string;
  readonly type: "file" | "directory" | "symlink";
  readonly sizeBytes: number;
  /** Several for files of 4 GiB and more. */
  readonly extents: readonly IsoExtent[];
}

const SECTOR_BYTES = 2048;
const DESCRIPTOR = 16 * SECTOR_BYTES;
const ROOT_RECORD = DESCRIPTOR + 156;
const RECORD_BYTES = 33;
/** A directory larger than this is a lie: no ISO of ours has a hundred thousand names in one. */
const DIRECTORY_LIMIT_BYTES = 16 * 1024 * 1024;
const FLAG_DIRECTORY = 2;
const FLAG_MORE_EXTENTS = 0x80;

/** The primary volume descriptor. Throws LifeboatError when there is none at sector 16. */
export function readIsoVolume(iso: Uint8Array): IsoVolume {
  const file = open(iso);
  return {
    volumeId: asciiDecode(file.bytes(DESCRIPTOR + 40, 32, "volume identifier")).trimEnd(),
    blockCount: file.u32(DESCRIPTOR + 80, "volume space size"),
    blockBytes: blockBytesOf(file),
    modificationDate: asciiDecode(file.bytes(DESCRIPTOR + 830, 16, "volume modification date")),
  };
}

/** The entry that a path names, symbolic links not followed; undefined when there is none. `""` and `/` are the root. */
export function findOnIso(iso: Uint8Array, path: string): IsoEntry | undefined {
  let entry = rootEntry(open(iso));
  for (const part of path.split("/").filter((one) => one !== "")) {
    if (entry.type !== "directory") return undefined;
    const child = listIsoDirectory(iso, entry).find((one) => one.name === part);
    if (child === undefined) return undefined;
    entry = child;
  }
  return entry;
}

/** What a directory holds, without itself and its parent, in the order of the ISO. */
export function listIsoDirectory(iso: Uint8Array, directory: IsoEntry): IsoEntry[] {
  const file = open(iso);
  const extent = directory.extents[0];
  if (directory.type !== "directory" || extent === undefined) return [];
  const skip = suspSkip(file);
  const found: IsoEntry[] = [];
  let started: IsoEntry | undefined;
  for (const at of recordOffsets(file, extent)) {
    const { entry, hasMore } = readRecord(file, at, skip);
    const joined: IsoEntry =
      started === undefined
        ? entry
        : { ...entry, sizeBytes: started.sizeBytes + entry.sizeBytes, extents: [...started.extents, ...entry.extents] };
    started = hasMore ? joined : undefined;
    if (!hasMore) found.push(joined);
  }
  return found;
}

/** The content of a file; a view when it lies in one piece. */
export function readIsoFile(iso: Uint8Array, entry: IsoEntry): Uint8Array {
  const file = open(iso);
  const pieces = entry.extents.map(({ lba, sizeBytes }) => file.bytes(lba * blockBytesOf(file), sizeBytes, `extent of ${entry.name}`));
  if (pieces.length === 1) return pieces[0]!;
  const out = new Uint8Array(entry.sizeBytes);
  let offset = 0;
  for (const piece of pieces) {
    out.set(piece, offset);
    offset += piece.length;
  }
  return out;
}

function open(iso: Uint8Array): FieldReader {
  const file = fieldReader(iso, "the ISO 9660 volume", "little");
  const magic = asciiDecode(file.bytes(DESCRIPTOR, 6, "primary volume descriptor"));
  if (magic !== "\u0001CD001") throw file.damage("sector 16 must begin with 01 CD001", JSON.stringify(magic));
  return file;
}

function blockBytesOf(file: FieldReader): number {
  const size = file.u16(DESCRIPTOR + 128, "logical block size");
  if (size < 512 || size > SECTOR_BYTES || (size & (size - 1)) !== 0) {
    throw file.damage('"logical block size" must be 512, 1024 or 2048', `${size}`);
  }
  return size;
}

function rootEntry(file: FieldReader): IsoEntry {
  const sizeBytes = file.u32(ROOT_RECORD + 10, "root data length");
  return { name: "", type: "directory", sizeBytes, extents: [{ lba: file.u32(ROOT_RECORD + 2, "root extent"), sizeBytes }] };
}

/** Where each record starts, without the first two (the directory itself and its parent). Records do not cross sectors. */
function recordOffsets(file: FieldReader, { lba, sizeBytes }: IsoExtent): number[] {
  if (sizeBytes > DIRECTORY_LIMIT_BYTES) throw file.damage(`a directory must have at most ${DIRECTORY_LIMIT_BYTES} bytes`, `${sizeBytes}`);
  const start = lba * blockBytesOf(file);
  file.bytes(start, sizeBytes, "extent of a directory");
  const offsets: number[] = [];
  let at = start;
  while (at < start + sizeBytes) {
    const length = file.u8(at, "length of directory record");
    if (length === 0) {
      at += SECTOR_BYTES - ((at - start) % SECTOR_BYTES);
      continue;
    }
    if (length < RECORD_BYTES + 1) throw file.damage(`a directory record must have at least ${RECORD_BYTES + 1} bytes`, `${length}`);
    offsets.push(at);
    at += length;
  }
  return offsets.slice(2);
}

function readRecord(file: FieldReader, at: number, skip: number): { readonly entry: IsoEntry; readonly hasMore: boolean } {
  const length = file.u8(at, "length of directory record");
  const nameBytes = file.u8(at + 32, "length of file identifier");
  const nameEnd = RECORD_BYTES + nameBytes + (nameBytes % 2 === 0 ? 1 : 0);
  const isoName = asciiDecode(file.bytes(at + RECORD_BYTES, nameBytes, "file identifier"));
  const flags = file.u8(at + 25, "file flags");
  const systemUse = length > nameEnd + skip ? file.bytes(at + nameEnd + skip, length - nameEnd - skip, "system use") : new Uint8Array(0);
  const rockRidge = readSystemUse(file, systemUse, blockBytesOf(file));
  const sizeBytes = file.u32(at + 10, "data length");
  const name = rockRidge.name ?? isoName.replace(/;\d+$/, "").replace(/\.$/, "");
  const type = (flags & FLAG_DIRECTORY) !== 0 ? "directory" : rockRidge.isSymlink ? "symlink" : "file";
  return {
    entry: { name, type, sizeBytes, extents: [{ lba: file.u32(at + 2, "location of extent"), sizeBytes }] },
    hasMore: (flags & FLAG_MORE_EXTENTS) !== 0,
  };
}

/** SP in the root's own record says how many bytes of each system use field to skip (SUSP 5.3). */
function suspSkip(file: FieldReader): number {
  const root = rootEntry(file).extents[0]!;
  const at = root.lba * blockBytesOf(file);
  const recordEnd = at + file.u8(at, "length of directory record");
  const use = at + RECORD_BYTES + 1;
  if (use + 7 > recordEnd || asciiDecode(file.bytes(use, 2, "SP")) !== "SP") return 0;
  return file.u8(use + 6, "LEN_SKP");
}
