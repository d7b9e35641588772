// Directories and files by names that are bytes (one character a byte), as they stand on disk: synchronous, for walks over millions of them.
import { accessSync, chmodSync, chownSync, constants, linkSync, lstatSync, mkdirSync, readdirSync, unlinkSync, type Dirent } from "node:fs";
import { asFileError, type FileType } from "#os/files";

/** PATH_MAX without its NUL: what is longer can only be reached from within (path_resolution(7)). */
export const PATH_LIMIT_BYTES = 4095;

export interface RawEntry {
  readonly name: string;
  readonly type: FileType;
}

/** Sorted bytewise. Throws LifeboatError. */
export function listRaw(path: string): readonly RawEntry[] {
  const entries = guard("list", path, () => readdirSync(nodePath(path), { encoding: "buffer", withFileTypes: true }));
  return entries.map((entry) => ({ name: entry.name.toString("latin1"), type: typeOf(entry) })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export interface RawInfo {
  readonly type: FileType;
  readonly sizeBytes: number;
  /** Bytes that the file takes on disk. */
  readonly allocatedBytes: number;
  readonly links: number;
  /** Of its content, since 1970. */
  readonly modifiedMs: number;
  /** Names the inode among all file systems. */
  readonly inode: string;
  readonly device: number;
}

/** Does not follow the last link. Undefined when there is nothing, or nothing that can be looked at. */
export function infoRaw(path: string): RawInfo | undefined {
  try {
    const stats = lstatSync(nodePath(path));
    return {
      type: typeOf(stats),
      sizeBytes: stats.size,
      allocatedBytes: stats.blocks * 512,
      links: stats.nlink,
      modifiedMs: stats.mtimeMs,
      inode: `${stats.dev}:${stats.ino}`,
      device: stats.dev,
    };
  } catch {
    return undefined;
  }
}

/** As exactly as a number of milliseconds tells. */
export function isModifiedAt({ modifiedMs }: RawInfo, [seconds, nanoseconds]: readonly [seconds: number, nanoseconds: number]): boolean {
  return Math.abs(modifiedMs - (seconds * 1000 + nanoseconds / 1e6)) < 1;
}

/** Makes `path` another name of what `existing` names, in the place of what it names now. Throws LifeboatError. */
export function linkRaw(existing: string, path: string): void {
  guard("make the link", path, () => {
    unlinkSync(nodePath(path));
    linkSync(nodePath(existing), nodePath(path));
  });
}

/** Throws LifeboatError where this user can make nothing in a directory. */
export function checkWritableRaw(path: string): void {
  guard("write in", nodePath(path).toString(), () => accessSync(nodePath(path), constants.W_OK | constants.X_OK));
}

export interface DirectoryFacts {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Makes one that is not there yet, and those above it that are not, in the usual way. Nobody else can look into it before it is its owner's. Throws LifeboatError. */
export function makeDirectoryRaw(path: string, { mode, uid, gid }: DirectoryFacts): void {
  guard("make the directory", path, () => {
    mkdirSync(nodePath(path.replace(/\/[^/]*$/, "") || "/"), { recursive: true });
    mkdirSync(nodePath(path), 0o700);
  });
  guard("set the owner of", path, () => chownSync(nodePath(path), uid, gid));
  // After the owner, whose change takes setgid away.
  guard("set the mode of", path, () => chmodSync(nodePath(path), mode));
}

/** For whatever takes bytes: one byte a character. */
export function bytesOf(path: string): Uint8Array {
  return nodePath(path);
}

function nodePath(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

type Kinds = Pick<
  Dirent<Buffer>,
  "isFile" | "isDirectory" | "isSymbolicLink" | "isCharacterDevice" | "isBlockDevice" | "isFIFO" | "isSocket"
>;

function typeOf(entry: Kinds): FileType {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symlink";
  if (entry.isCharacterDevice()) return "character-device";
  if (entry.isBlockDevice()) return "block-device";
  return entry.isFIFO() ? "fifo" : "socket";
}

function guard<T>(verb: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw asFileError(verb, path, error);
  }
}
