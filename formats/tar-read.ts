// Reads tar while it streams by: pax interchange format as GNU tar writes it (POSIX.1-2017 pax; GNU tar manual, "Sparse Formats").
import { LifeboatError } from "#os/error";
import { asciiDecode, beforeNul, latin1Decode } from "./text.ts";

/** Names on disk are bytes: one character a byte, 0 to 255, so that they compare and stand in maps like text. */
export type ByteText = string;

/** Whole seconds, which may be negative, and nanoseconds from 0 to 999999999. */
export type Timestamp = readonly [seconds: number, nanoseconds: number];

export type TarMemberType = "file" | "hard-link" | "symlink" | "character-device" | "block-device" | "directory" | "fifo";

export interface TarMember {
  /** As the archive has it, without a slash at the end; `.` is the top. */
  readonly path: ByteText;
  readonly type: TarMemberType;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  readonly ctime: Timestamp | undefined;
  /** What a reader of the file sees; more than `storedBytes` for a file with holes. */
  readonly sizeBytes: number;
  /** Data in the archive, without padding. */
  readonly storedBytes: number;
  /** A symbolic link's target, or the path of the member that a hard link is another name of. */
  readonly linkTarget: ByteText | undefined;
  readonly device: readonly [major: number, minor: number] | undefined;
  /** pax records of extended attributes, by their keys. */
  readonly attributes: ReadonlyMap<ByteText, Uint8Array>;
  /** Stored in GNU's sparse format 1.0: the data begins with a map; see sparse-map.ts. */
  readonly isSparse: boolean;
}

/** Every byte of the stream is handed on once and in order. What is given is valid during the call only. */
export interface TarEvents {
  /** A member begins; `header` has all blocks that stand before its data. */
  member(member: TarMember, header: Uint8Array): void;
  data(bytes: Uint8Array): void;
  /** After a member's data, with the bytes that fill its last block. */
  end(padding: Uint8Array): void;
  /** The zero blocks at the archive's end. */
  trailer(bytes: Uint8Array): void;
}

export interface TarScanner {
  /** Throws LifeboatError for what is no tar. */
  push(chunk: Uint8Array): void;
  /** True between members, where a stream may be taken up or left. */
  isBetweenMembers(): boolean;
  /** True when the zero blocks have begun. */
  hasEnded(): boolean;
}

export const TAR_BLOCK_BYTES = 512;
/** Extended headers hold attributes; the kernel limits these to 64 KiB each (xattr(7)). More than this is a lying length. */
const HEADER_LIMIT_BYTES = 16 * 1024 * 1024;

type Records = ReadonlyMap<ByteText, Uint8Array>;

interface ScanState {
  phase: "header" | "records" | "data" | "padding" | "trailer";
  /** Bytes until the phase ends. */
  left: number;
  /** The header blocks of the coming member. */
  group: Uint8Array;
  groupBytes: number;
  /** Where the block or the records that are being gathered begin in the group. */
  partStart: number;
  /** False for a global header's records, which say nothing about one member. */
  recordsCount: boolean;
  records: Records;
  paddingBytes: number;
}

const NO_RECORDS: Records = new Map();

export function tarScanner(events: TarEvents): TarScanner {
  const state: ScanState = {
    phase: "header",
    left: TAR_BLOCK_BYTES,
    group: new Uint8Array(8 * TAR_BLOCK_BYTES),
    groupBytes: 0,
    partStart: 0,
    recordsCount: true,
    records: NO_RECORDS,
    paddingBytes: 0,
  };
  return {
    push(chunk) {
      for (let at = 0; at < chunk.length;) {
        const piece = chunk.subarray(at, at + Math.min(state.left, chunk.length - at));
        take(state, piece, events);
        at += piece.length;
      }
    },
    isBetweenMembers: () => state.phase === "header" && state.groupBytes === 0,
    hasEnded: () => state.phase === "trailer",
  };
}

/** `piece` never reaches beyond the phase. */
function take(state: ScanState, piece: Uint8Array, events: TarEvents): void {
  state.left -= piece.length;
  switch (state.phase) {
    case "header":
      gather(state, piece);
      if (state.left === 0) endHeaderBlock(state, events);
      return;
    case "records":
      gather(state, piece);
      if (state.left === 0) endRecords(state);
      return;
    case "data":
      events.data(piece);
      if (state.left === 0) startPadding(state, events);
      return;
    case "padding":
      gather(state, piece);
      if (state.left === 0) endMember(state, events);
      return;
    case "trailer":
      if (!isZero(piece)) throw damaged("nothing may follow the end of the archive", "bytes that are not zero");
      events.trailer(piece);
  }
}

function gather(state: ScanState, piece: Uint8Array): void {
  const end = state.groupBytes + piece.length;
  if (end > HEADER_LIMIT_BYTES) throw damaged(`a header may have at most ${HEADER_LIMIT_BYTES} bytes`, `${end} or more`);
  if (end > state.group.length) {
    const larger = new Uint8Array(2 * end);
    larger.set(state.group.subarray(0, state.groupBytes));
    state.group = larger;
  }
  state.group.set(piece, state.groupBytes);
  state.groupBytes = end;
}

function endHeaderBlock(state: ScanState, events: TarEvents): void {
  const block = state.group.subarray(state.partStart, state.groupBytes);
  if (isZero(block)) {
    if (state.partStart > 0) throw damaged("a member must follow its extended header", "the archive ends");
    const bytes = state.group.subarray(0, state.groupBytes);
    state.phase = "trailer";
    state.left = Number.POSITIVE_INFINITY;
    return events.trailer(bytes);
  }
  const header = parseHeaderBlock(block);
  if (header.typeflag === "x" || header.typeflag === "g") {
    state.phase = "records";
    state.recordsCount = header.typeflag === "x";
    state.left = header.sizeBytes + paddingAfter(header.sizeBytes);
    state.paddingBytes = paddingAfter(header.sizeBytes);
    state.partStart = state.groupBytes;
    if (state.left === 0) endRecords(state);
    return;
  }
  const member = memberOf(header, state.records);
  events.member(member, state.group.subarray(0, state.groupBytes));
  state.records = NO_RECORDS;
  state.groupBytes = 0;
  state.partStart = 0;
  state.phase = "data";
  state.left = member.storedBytes;
  state.paddingBytes = paddingAfter(member.storedBytes);
  if (state.left === 0) startPadding(state, events);
}

function endRecords(state: ScanState): void {
  const bytes = state.group.subarray(state.partStart, state.groupBytes - state.paddingBytes);
  if (state.recordsCount) state.records = parsePaxRecords(bytes);
  state.phase = "header";
  state.left = TAR_BLOCK_BYTES;
  state.partStart = state.groupBytes;
}

function startPadding(state: ScanState, events: TarEvents): void {
  state.phase = "padding";
  state.left = state.paddingBytes;
  if (state.left === 0) endMember(state, events);
}

function endMember(state: ScanState, events: TarEvents): void {
  events.end(state.group.subarray(0, state.groupBytes));
  state.groupBytes = 0;
  state.phase = "header";
  state.left = TAR_BLOCK_BYTES;
}

interface HeaderBlock {
  readonly block: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtime: number;
  readonly typeflag: string;
}

function parseHeaderBlock(block: Uint8Array): HeaderBlock {
  const stated = number(block, 148, 8, "chksum");
  let sum = 8 * 0x20;
  for (let index = 0; index < 148; index += 1) sum += block[index]!;
  for (let index = 156; index < TAR_BLOCK_BYTES; index += 1) sum += block[index]!;
  if (sum !== stated) throw damaged(`a header's checksum must be ${sum}`, `it says ${stated}`);
  return {
    block,
    mode: number(block, 100, 8, "mode"),
    uid: count(block, 108, 8, "uid"),
    gid: count(block, 116, 8, "gid"),
    sizeBytes: count(block, 124, 12, "size"),
    mtime: number(block, 136, 12, "mtime"),
    typeflag: String.fromCharCode(block[156]!),
  };
}

function textField(block: Uint8Array, offset: number, length: number): ByteText {
  return latin1Decode(beforeNul(block.subarray(offset, offset + length)));
}

/** "ustar" and its NUL say that there may be a prefix (POSIX.1-1988). */
function nameIn(block: Uint8Array): ByteText {
  const hasPrefix = block[257] === 0x75 && block[262] === 0;
  const prefix = hasPrefix ? textField(block, 345, 155) : "";
  return prefix === "" ? textField(block, 0, 100) : `${prefix}/${textField(block, 0, 100)}`;
}

/** Octal digits, or GNU's base 256 with the top bit set, where what follows is a two's complement number. */
function number(block: Uint8Array, offset: number, length: number, field: string): number {
  const first = block[offset]!;
  let value = 0;
  if ((first & 0x80) !== 0) {
    value = first === 0xff ? -1 : first & 0x7f;
    for (let index = 1; index < length; index += 1) value = value * 256 + block[offset + index]!;
    if (!Number.isSafeInteger(value)) throw damaged(`"${field}" must be a number that fits 53 bits`, `${value}`);
    return value;
  }
  let index = offset;
  const end = offset + length;
  while (index < end && block[index] === 0x20) index += 1;
  for (; index < end; index += 1) {
    const digit = block[index]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  if (index < end && block[index] !== 0 && block[index] !== 0x20) {
    throw damaged(`"${field}" must be octal digits`, `"${asciiDecode(beforeNul(block.subarray(offset, end)))}"`);
  }
  return value;
}

/** A number that is never negative. */
function count(block: Uint8Array, offset: number, length: number, field: string): number {
  const value = number(block, offset, length, field);
  if (value < 0) throw damaged(`"${field}" must be a whole number`, `"${value}"`);
  return value;
}

const TYPES: Readonly<Record<string, TarMemberType>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hard-link",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
};

function memberOf(header: HeaderBlock, records: Records): TarMember {
  const type = TYPES[header.typeflag];
  if (type === undefined) throw damaged("a member must be of a known type", `type flag "${header.typeflag}"`);
  const text = (key: string) => {
    const value = records.get(key);
    return value === undefined ? undefined : latin1Decode(value);
  };
  const storedBytes = type === "file" ? whole(text("size"), header.sizeBytes, "size") : 0;
  const realSize = text("GNU.sparse.realsize");
  const isSparse = type === "file" && text("GNU.sparse.major") === "1";
  const path = (isSparse ? text("GNU.sparse.name") : undefined) ?? text("path") ?? nameIn(header.block);
  const isLink = type === "symlink" || type === "hard-link";
  const isDevice = type === "character-device" || type === "block-device";
  const ctime = text("ctime");
  return {
    path: withoutEndSlashes(path),
    type,
    mode: header.mode & 0o7777,
    uid: whole(text("uid"), header.uid, "uid"),
    gid: whole(text("gid"), header.gid, "gid"),
    mtime: timestamp(text("mtime") ?? `${header.mtime}`, "mtime"),
    ctime: ctime === undefined ? undefined : timestamp(ctime, "ctime"),
    sizeBytes: isSparse ? whole(realSize, storedBytes, "GNU.sparse.realsize") : storedBytes,
    storedBytes,
    linkTarget: isLink ? (text("linkpath") ?? textField(header.block, 157, 100)) : undefined,
    device: isDevice ? [number(header.block, 329, 8, "devmajor"), number(header.block, 337, 8, "devminor")] : undefined,
    attributes: attributesIn(records),
    isSparse,
  };
}

function withoutEndSlashes(path: ByteText): ByteText {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}

/** star's word for an extended attribute, which GNU tar uses too; ACLs and labels are among them as `system.posix_acl_*` and `security.*`. */
const ATTRIBUTE_KEY = /^SCHILY\.xattr\./;

function attributesIn(records: Records): Records {
  let found: Map<ByteText, Uint8Array> | undefined;
  for (const [key, value] of records) if (ATTRIBUTE_KEY.test(key)) (found ??= new Map()).set(key, value);
  return found ?? NO_RECORDS;
}

function whole(text: string | undefined, fallback: number, field: string): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw damaged(`"${field}" must be a whole number`, `"${text}"`);
  return value;
}

/**
 * `SECONDS.FRACTION`; the fraction of a negative time counts away from zero. btrfs and tmpfs keep any 64 bits that a user
 * sets: beyond what a number holds exactly, the time is the furthest that it does.
 */
function timestamp(text: string, field: string): Timestamp {
  const [, sign, seconds, fraction = ""] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  if (seconds === undefined) throw damaged(`"${field}" must be a time in seconds`, `"${text}"`);
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  const held = Math.min(Number(seconds), Number.MAX_SAFE_INTEGER - 1);
  if (sign !== "-") return [held, nanoseconds];
  return nanoseconds === 0 ? [0 - held, 0] : [-1 - held, 1e9 - nanoseconds];
}

/** `LENGTH KEY=VALUE\n`, any number of them. A key that comes twice has its last value. */
export function parsePaxRecords(bytes: Uint8Array): ReadonlyMap<ByteText, Uint8Array> {
  const records = new Map<ByteText, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const lengthText = space < 0 ? "" : asciiDecode(bytes.subarray(at, space));
    const length = Number(lengthText);
    const end = at + length;
    const isSound = /^\d{1,10}$/.test(lengthText) && end <= bytes.length && end > space + 1 && bytes[end - 1] === 0x0a;
    const equals = isSound ? bytes.indexOf(0x3d, space) : -1;
    if (equals < 0 || equals >= end) throw damaged("a pax record must be LENGTH KEY=VALUE", `something else at byte ${at} of the records`);
    // A copy: the scanner's memory is used again.
    records.set(latin1Decode(bytes.subarray(space + 1, equals)), bytes.slice(equals + 1, end - 1));
    at = end;
  }
  return records;
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}

function paddingAfter(length: number): number {
  return (TAR_BLOCK_BYTES - (length % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}

function damaged(rule: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot read the tar stream as ${rule}: ${state}`, { exitCode: 5 });
}
