// Writes tar: ustar headers, pax records for what does not fit them (POSIX.1-2017, pax "Interchange Format").
import { entryOrderChecker, refusal, sizedData, type ArchiveEntry } from "./archive-entry.ts";
import type { ByteText, Timestamp } from "./tar-read.ts";
import { asciiEncode, latin1Encode, utf8Encode } from "./text.ts";

export interface TarOptions {
  /** Seconds since the epoch, for every entry. */
  readonly mtimeSeconds: number;
}

export type TarEntries = Iterable<ArchiveEntry> | AsyncIterable<ArchiveEntry>;

const FORMAT = "tar";
const BLOCK_BYTES = 512;
/** Largest size in the eleven octal digits of a ustar header. */
const USTAR_SIZE_LIMIT = 8 ** 11 - 1;

const TYPE_FLAGS: Readonly<Record<ArchiveEntry["type"], string>> = {
  file: "0",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};

/** Field offsets and lengths in a ustar header. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  chksum: [148, 8],
  typeflag: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  devmajor: [329, 8],
  devminor: [337, 8],
} as const;

/** The end of an archive: two blocks of zeros. Some readers stop at the first. */
export const TAR_END = new Uint8Array(2 * BLOCK_BYTES);

/** The archive in pieces: entries in the order given (directories first, checked), owner 0:0. Same entries, same bytes. */
export async function* encodeTar(entries: TarEntries, options: TarOptions): AsyncGenerator<Uint8Array> {
  yield* encodeTarEntries(entries, options);
  yield TAR_END;
}

/** Like encodeTar, without its end. */
export async function* encodeTarEntries(entries: TarEntries, options: TarOptions): AsyncGenerator<Uint8Array> {
  const check = entryOrderChecker(FORMAT);
  for await (const entry of entries) {
    check(entry);
    yield encodeHead(entry, options);
    if (entry.type !== "file") continue;
    yield* sizedData(FORMAT, entry);
    if (paddingAfter(entry.sizeBytes) > 0) yield new Uint8Array(paddingAfter(entry.sizeBytes));
  }
}

/** The ustar header of an entry, with a pax header before it when a name or size does not fit. */
export function encodeHead(entry: ArchiveEntry, options: TarOptions): Uint8Array {
  const name = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const linkname = entry.type === "symlink" ? entry.target : "";
  const sizeBytes = entry.type === "file" ? entry.sizeBytes : 0;
  const records = [
    ...(fits(name) ? [] : [paxRecord("path", name)]),
    ...(fits(linkname) ? [] : [paxRecord("linkpath", linkname)]),
    ...(sizeBytes <= USTAR_SIZE_LIMIT ? [] : [paxRecord("size", `${sizeBytes}`)]),
  ];
  const header = ustarHeader(entry.path, {
    name,
    linkname,
    mode: entry.mode & 0o7777,
    sizeBytes: Math.min(sizeBytes, USTAR_SIZE_LIMIT),
    mtimeSeconds: options.mtimeSeconds,
    typeflag: TYPE_FLAGS[entry.type],
    ...(entry.type === "character-device" || entry.type === "block-device" ? { device: [entry.major, entry.minor] } : {}),
  });
  return records.length === 0 ? header : concat([...paxHeader(entry.path, concat(records), options), header]);
}

export interface DirectoryHead {
  /** Absolute. */
  readonly path: ByteText;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
}

/** A directory with owner and time to the nanosecond, which ustar cannot hold. */
export function encodeDirectory({ path, mode, uid, gid, mtime }: DirectoryHead): Uint8Array {
  const records = [
    bytesRecord("path", latin1Encode(path === "/" ? "./" : `${path.slice(1)}/`)),
    paxRecord("uid", `${uid}`),
    paxRecord("gid", `${gid}`),
    paxRecord("mtime", decimalSeconds(mtime)),
  ];
  const name = "directory";
  const header = ustarHeader(name, { name: `${name}/`, linkname: "", mode, sizeBytes: 0, mtimeSeconds: 0, typeflag: TYPE_FLAGS.directory });
  return concat([...paxHeader(name, concat(records), { mtimeSeconds: 0 }), header]);
}

/** Nanoseconds count upwards also before 1970. */
function decimalSeconds([seconds, nanoseconds]: Timestamp): string {
  const isNegative = seconds < 0 && nanoseconds > 0;
  const [whole, rest] = isNegative ? [-seconds - 1, 1e9 - nanoseconds] : [seconds, nanoseconds];
  return `${isNegative ? "-" : ""}${whole}.${`${rest}`.padStart(9, "0")}`;
}

interface Ustar {
  readonly name: string;
  readonly linkname: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly typeflag: string;
  readonly device?: readonly [major: number, minor: number];
}

function ustarHeader(path: string, fields: Ustar): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const octal = (field: keyof typeof FIELD, value: number) => {
    const [offset, length] = FIELD[field];
    const digits = value.toString(8).padStart(length - 1, "0");
    if (!Number.isInteger(value) || value < 0 || digits.length > length - 1) {
      throw refusal(FORMAT, path, `"${field}" must fit ${length - 1} octal digits`, `${value}`);
    }
    block.set(asciiEncode(digits), offset);
  };
  block.set(asciiEncode(fields.name).subarray(0, FIELD.name[1]), FIELD.name[0]);
  block.set(asciiEncode(fields.linkname).subarray(0, FIELD.linkname[1]), FIELD.linkname[0]);
  octal("mode", fields.mode);
  octal("uid", 0);
  octal("gid", 0);
  octal("size", fields.sizeBytes);
  octal("mtime", fields.mtimeSeconds);
  block.set(asciiEncode(fields.typeflag), FIELD.typeflag[0]);
  block.set(asciiEncode("ustar\u000000"), FIELD.magic[0]);
  octal("devmajor", fields.device?.[0] ?? 0);
  octal("devminor", fields.device?.[1] ?? 0);
  // The sum of all bytes, taken with spaces in its own place; six digits, NUL, space.
  block.fill(0x20, FIELD.chksum[0], FIELD.chksum[0] + FIELD.chksum[1]);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(asciiEncode(`${sum.toString(8).padStart(6, "0")}\0 `), FIELD.chksum[0]);
  return block;
}

function paxHeader(path: string, records: Uint8Array, options: TarOptions): Uint8Array[] {
  const header = ustarHeader(path, {
    // Only seen by readers without pax: POSIX leaves the name open.
    name: `PaxHeaders/${path.slice(path.lastIndexOf("/") + 1)}`.slice(0, FIELD.name[1]),
    linkname: "",
    mode: 0o644,
    sizeBytes: records.length,
    mtimeSeconds: options.mtimeSeconds,
    typeflag: "x",
  });
  return [header, records, new Uint8Array(paddingAfter(records.length))];
}

function paxRecord(key: string, value: string): Uint8Array {
  return bytesRecord(key, utf8Encode(value));
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function bytesRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = concat([asciiEncode(` ${key}=`), value, asciiEncode("\n")]);
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
  return concat([asciiEncode(`${length}`), rest]);
}

/** ustar names are at most 100 bytes and, to be read alike everywhere, ASCII. */
function fits(name: string): boolean {
  const bytes = utf8Encode(name);
  return bytes.length <= FIELD.name[1] && bytes.length === name.length;
}

function paddingAfter(length: number): number {
  return (BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
