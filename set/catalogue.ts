// The catalogue of a set: one line of JSON a path. Names are bytes; what is no UTF-8 travels as base64.

import * as v from "valibot";
import { LifeboatError } from "#os/error";
import { base64Decode, base64Encode } from "../formats/base64.ts";
import type { ByteText, TarMemberType, Timestamp } from "../formats/tar-read.ts";
import { latin1Decode, latin1Encode, utf8DecodeExact, utf8Encode } from "../formats/text.ts";
import { parseJson } from "../formats/json.ts";

export interface CatalogueEntry {
  /** Absolute. */
  readonly path: ByteText;
  readonly type: TarMemberType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  readonly ctime: Timestamp | undefined;
  readonly sizeBytes: number;
  /** Of a file's content; see content-digest.ts for what is sparse. Undefined for all but files. */
  readonly digest: string | undefined;
  readonly isSparse: boolean;
  /** Over extended attributes, ACLs and SELinux label; undefined where there are none. */
  readonly attributesDigest: string | undefined;
  /** Of a symbolic link. */
  readonly target: ByteText | undefined;
  /** Absolute path of the first name, which has the content. */
  readonly hardlinkOf: ByteText | undefined;
  /** Of a device node or FIFO that has several names, which tar does not keep together: the first of them. */
  readonly sameNodeAs?: ByteText;
  readonly device: readonly [major: number, minor: number] | undefined;
  /** chattr's letters, those that can be set again; "" for none. */
  readonly flags: string;
  /** The frame, counted from 0 through all volumes, in which its header begins. */
  readonly frame: number;
  /** Of its header in that frame's content. */
  readonly offset: number;
  /** Header, data and padding in the tar stream. */
  readonly streamBytes: number;
}

/** One line, with its newline. */
export function formatCatalogueEntry(entry: CatalogueEntry): string {
  const { type, mode, uid, gid, mtime, ctime, digest, device, frame, offset } = entry;
  const record = {
    ...jsonName("path", entry.path),
    type,
    mode,
    uid,
    gid,
    mtime,
    ctime,
    size: type === "file" ? entry.sizeBytes : undefined,
    digest,
    sparse: entry.isSparse ? true : undefined,
    xattrs: entry.attributesDigest,
    ...(entry.target === undefined ? {} : jsonName("target", entry.target)),
    ...(entry.hardlinkOf === undefined ? {} : jsonName("hardlinkOf", entry.hardlinkOf)),
    ...(entry.sameNodeAs === undefined ? {} : jsonName("sameNodeAs", entry.sameNodeAs)),
    rdev: device,
    flags: entry.flags === "" ? undefined : entry.flags,
    frame,
    offset,
    length: entry.streamBytes,
  };
  return `${JSON.stringify(record)}\n`;
}

/** A name in JSON: `KEY`, or `KEYB64` for what is no UTF-8. */
export function jsonName(key: string, bytes: ByteText): Readonly<Record<string, string>> {
  const text = textOf(bytes);
  return text === undefined ? { [`${key}B64`]: base64Encode(bytes) } : { [key]: text };
}

/** Members are named from the root of the file system; `.` is the root itself. */
export function absolutePath(memberPath: ByteText): ByteText {
  return memberPath === "." ? "/" : `/${memberPath}`;
}

/** A name as text, or undefined when its bytes are no UTF-8. */
export function textOf(bytes: ByteText): string | undefined {
  if (isAscii(bytes)) return bytes;
  return utf8DecodeExact(latin1Encode(bytes));
}

/** A text's bytes in UTF-8, one character each. */
export function bytesOfText(text: string): ByteText {
  return isAscii(text) ? text : latin1Decode(utf8Encode(text));
}

/** What stands before an absolute path of what is mounted, or kept, below `root`. */
export function prefixOf(root: string): ByteText {
  return root === "/" ? "" : bytesOfText(root);
}

/** From the deepest on, without the root. */
export function directoriesAbove(path: ByteText): readonly ByteText[] {
  const above: ByteText[] = [];
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) above.push(path.slice(0, end));
  return above;
}

/** Absolute, and of no part that leads elsewhere than it says. */
export function isProperName(path: ByteText): boolean {
  return path === "/" || (path.startsWith("/") && !/\/\.{0,2}(?:\/|$)|\0/.test(path));
}

/** A name for people, on one line: what is no text, or would break the line, as `\n`, `\x07` or `\377`. */
export function printable(bytes: ByteText): string {
  const text = textOf(bytes);
  const escaped = (character: string) => {
    const known = ({ "\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\" } as Readonly<Record<string, string>>)[character];
    return known ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  };
  // eslint-disable-next-line no-control-regex
  if (text !== undefined) return text.replace(/[\u0000-\u001f\u007f-\u009f\\]/g, escaped);
  return bytes.replace(/[^\x20-\x7e]|\\/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** What a line on a screen has room for beside what it says of a name. */
const SHORT_LENGTH = 200;

/** A text for people who need not read all of it, with its middle left out when it is long: a name may have 4,095 bytes. */
export function shortened(text: string): string {
  if (text.length <= SHORT_LENGTH) return text;
  const half = SHORT_LENGTH / 2;
  // No half of a character that takes two.
  return `${text.slice(0, half).replace(/[\ud800-\udbff]$/, "")}…${text.slice(-half).replace(/^[\udc00-\udfff]/, "")}`;
}

/** `printable`, for a line that is to be short. */
export function shortName(bytes: ByteText): string {
  return shortened(printable(bytes));
}

const PRINTED = /\\(?:([ntr\\])|x([0-9a-f]{2})|([0-7]{3}))|[^\\]+/y;

/** The bytes of a name as `printable` has written it. Undefined for a backslash that it never writes so. */
export function unprinted(text: string): ByteText | undefined {
  let bytes = "";
  const pattern = new RegExp(PRINTED);
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (found === null) return undefined;
    const [whole, letter, hex, octal] = found;
    if (letter !== undefined) bytes += { n: "\n", t: "\t", r: "\r" }[letter] ?? letter;
    else if (hex !== undefined) bytes += bytesOfText(String.fromCharCode(parseInt(hex, 16)));
    else bytes += octal === undefined ? bytesOfText(whole) : String.fromCharCode(parseInt(octal, 8) & 0xff);
  }
  return bytes;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Time = v.tuple([v.pipe(v.number(), v.safeInteger()), Whole]);
const Name = v.optional(v.string());

const Line = v.object({
  path: Name,
  pathB64: Name,
  type: v.picklist(["file", "hard-link", "symlink", "character-device", "block-device", "directory", "fifo"]),
  mode: Whole,
  uid: Whole,
  gid: Whole,
  mtime: Time,
  ctime: v.optional(Time),
  size: v.optional(Whole),
  digest: v.optional(v.string()),
  sparse: v.optional(v.boolean()),
  xattrs: v.optional(v.string()),
  target: Name,
  targetB64: Name,
  hardlinkOf: Name,
  hardlinkOfB64: Name,
  sameNodeAs: Name,
  sameNodeAsB64: Name,
  rdev: v.optional(v.tuple([Whole, Whole])),
  flags: v.optional(v.string()),
  frame: Whole,
  offset: Whole,
  length: Whole,
});

/** Reads one line. Throws LifeboatError (5) for what is none. */
export function parseCatalogueEntry(line: string): CatalogueEntry {
  const parsed = v.safeParse(Line, parseJson(line));
  const fields = parsed.success ? parsed.output : undefined;
  const path = nameOf(fields?.path, fields?.pathB64);
  const target = nameOf(fields?.target, fields?.targetB64);
  const hardlinkOf = nameOf(fields?.hardlinkOf, fields?.hardlinkOfB64);
  const sameNodeAs = nameOf(fields?.sameNodeAs, fields?.sameNodeAsB64);
  if (fields === undefined || path === undefined || path === null || target === null || hardlinkOf === null || sameNodeAs === null) {
    throw badLine("each line must describe one path", line);
  }
  if (![path, hardlinkOf, sameNodeAs].every((name) => name === undefined || isProperName(name))) {
    throw badLine("names must be absolute, without empty parts, `.` and `..`", line);
  }
  if (sameNodeAs !== undefined && !isNode(fields.type)) throw badLine("only a device or FIFO may be another name of one", line);
  return {
    path,
    type: fields.type,
    mode: fields.mode,
    uid: fields.uid,
    gid: fields.gid,
    mtime: fields.mtime,
    ctime: fields.ctime,
    sizeBytes: fields.size ?? 0,
    digest: fields.digest,
    isSparse: fields.sparse ?? false,
    attributesDigest: fields.xattrs,
    target,
    hardlinkOf,
    ...(sameNodeAs === undefined ? {} : { sameNodeAs }),
    device: fields.rdev,
    flags: fields.flags ?? "",
    frame: fields.frame,
    offset: fields.offset,
    streamBytes: fields.length,
  };
}

function badLine(rule: string, line: string): LifeboatError {
  return new LifeboatError(`Cannot read the catalogue as ${rule}: "${line.slice(0, 120)}"`, { exitCode: 5 });
}

function isNode(type: CatalogueEntry["type"]): boolean {
  return type === "character-device" || type === "block-device" || type === "fifo";
}

/** Null for what is no base64, undefined for no name at all. */
function nameOf(text: string | undefined, base64: string | undefined): ByteText | undefined | null {
  if (text !== undefined) return bytesOfText(text);
  return base64 === undefined ? undefined : (base64Decode(base64) ?? null);
}
