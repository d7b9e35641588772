// Writes cpio newc archives for the kernel (Documentation/driver-api/early-userspace/buffer-format.rst).
import { encodeNewcHeader, NAMESIZE_LIMIT, NEWC_HEADER_BYTES, paddingAfter, TRAILER_NAME } from "./cpio-header.ts";
import { checkSize, entryOrderChecker, FILE_TYPE_BITS, refusal, sizedData, type ArchiveEntry, type ArchiveFile } from "./archive-entry.ts";
import { utf8Encode } from "./text.ts";

export interface NewcOptions {
  /** Seconds since the epoch, for every entry. */
  readonly mtimeSeconds: number;
  /** Directories that an earlier segment of the initramfs makes: their content needs no directory entry here. */
  readonly existingDirectories?: Iterable<string>;
}

/** An entry whose content is at hand. */
export type BytesEntry = Exclude<ArchiveEntry, ArchiveFile> | (ArchiveFile & { readonly data: Uint8Array });

const FORMAT = "cpio";
/** `filesize` has 32 bits. */
const FILE_LIMIT_BYTES = 2 ** 32 - 1;

/**
 * The archive in pieces: entries in the order given (directories first, checked), inode numbers counted from 1, owner 0:0,
 * one link (directories two), one trailer. Same entries, same bytes.
 */
export async function* encodeNewc(
  entries: Iterable<ArchiveEntry> | AsyncIterable<ArchiveEntry>,
  options: NewcOptions,
): AsyncGenerator<Uint8Array> {
  const head = headEncoder(options);
  for await (const entry of entries) {
    yield head(entry);
    if (entry.type !== "file") continue;
    yield* sizedData(FORMAT, entry);
    if (paddingAfter(entry.sizeBytes) > 0) yield new Uint8Array(paddingAfter(entry.sizeBytes));
  }
  yield trailer();
}

/** Like `encodeNewc`, for content that is in memory. */
export function* writeNewc(entries: Iterable<BytesEntry>, options: NewcOptions): Generator<Uint8Array> {
  const head = headEncoder(options);
  for (const entry of entries) {
    yield head(entry);
    if (entry.type !== "file") continue;
    checkSize(FORMAT, entry, entry.data.length);
    if (entry.data.length > 0) yield entry.data;
    if (paddingAfter(entry.sizeBytes) > 0) yield new Uint8Array(paddingAfter(entry.sizeBytes));
  }
  yield trailer();
}

/** Header, name, padding, and the target of a symlink: all but a file's content. */
function headEncoder(options: NewcOptions): (entry: ArchiveEntry) => Uint8Array {
  const check = entryOrderChecker(FORMAT, options.existingDirectories);
  let ino = 0;
  let position = 0;
  return (entry) => {
    check(entry);
    if (entry.path === TRAILER_NAME) throw refusal(FORMAT, entry.path, "this name ends an archive", "an entry has it");
    ino += 1;
    const head = encodeHead(entry, { ino, position, mtimeSeconds: options.mtimeSeconds });
    position += head.length + (entry.type === "file" ? entry.sizeBytes + paddingAfter(entry.sizeBytes) : 0);
    return head;
  };
}

interface Place {
  readonly ino: number;
  /** Where the entry starts in the archive. */
  readonly position: number;
  readonly mtimeSeconds: number;
}

function encodeHead(entry: ArchiveEntry, place: Place): Uint8Array {
  const name = utf8Encode(entry.path);
  const target = entry.type === "symlink" ? utf8Encode(entry.target) : new Uint8Array(0);
  const namesize = entry.type === "file" ? alignedNamesize(entry, name.length, place.position) : name.length + 1;
  const header = encodeNewcHeader({
    ino: place.ino,
    mode: FILE_TYPE_BITS[entry.type] | (entry.mode & 0o7777),
    nlink: entry.type === "directory" ? 2 : 1,
    mtime: place.mtimeSeconds,
    filesize: entry.type === "file" ? checkedSize(entry) : target.length,
    namesize,
    ...(entry.type === "character-device" || entry.type === "block-device" ? { rdevmajor: entry.major, rdevminor: entry.minor } : {}),
  });
  const dataStart = header.length + namesize + paddingAfter(header.length + namesize);
  const out = new Uint8Array(dataStart + target.length + paddingAfter(target.length));
  out.set(header);
  out.set(name, header.length);
  out.set(target, dataStart);
  return out;
}

/** `namesize` may count extra NULs, which moves the data to where it must start (same document, "c_namesize"). */
function alignedNamesize(entry: ArchiveFile, nameBytes: number, position: number): number {
  const align = entry.alignBytes ?? 4;
  if (align < 4 || align > 4096 || (align & (align - 1)) !== 0) {
    throw refusal(FORMAT, entry.path, "alignment must be a power of two from 4 to 4096", `${align}`);
  }
  if (align === 4) return nameBytes + 1;
  const unaligned = position + NEWC_HEADER_BYTES + nameBytes + 1;
  const namesize = nameBytes + 1 + ((align - (unaligned % align)) % align);
  if (namesize > NAMESIZE_LIMIT) {
    throw refusal(FORMAT, entry.path, `the padded name must have at most ${NAMESIZE_LIMIT} bytes`, `${namesize}`);
  }
  return namesize;
}

function checkedSize(entry: ArchiveFile): number {
  if (entry.sizeBytes > FILE_LIMIT_BYTES) {
    throw refusal(FORMAT, entry.path, "a file must be smaller than 4 GiB", `${entry.sizeBytes} bytes`);
  }
  return entry.sizeBytes;
}

function trailer(): Uint8Array {
  const namesize = TRAILER_NAME.length + 1;
  const out = new Uint8Array(NEWC_HEADER_BYTES + namesize + paddingAfter(NEWC_HEADER_BYTES + namesize));
  out.set(encodeNewcHeader({ nlink: 1, namesize }));
  out.set(utf8Encode(TRAILER_NAME), NEWC_HEADER_BYTES);
  return out;
}
