// Files as the rest of the house sees them: small calls, plain values, errors that name the path.
import { closeSync, constants, mkdtempSync, openSync, writeSync, type Stats } from "node:fs";
import * as fs from "node:fs/promises";
import { createReadStream } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { LifeboatError } from "#os/error";
import { forgetTemporary, ownedPrefix, rememberTemporary } from "#os/temporaries";

export type FileType = "file" | "directory" | "symlink" | "character-device" | "block-device" | "fifo" | "socket";

export interface FileInfo {
  readonly type: FileType;
  /** Permission bits without the file type. */
  readonly mode: number;
  readonly sizeBytes: number;
  /** Nanoseconds since the epoch, as a decimal string: it does not fit a number. */
  readonly mtimeNs: string;
  readonly inode: number;
  readonly device: number;
  readonly rawDevice: number;
}

/** A directory of its own for temporary files; disposing it removes it, never crossing a mount. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
}

/** The whole content. Throws LifeboatError naming the path. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const bytes = await guard("read", path, () => fs.readFile(path));
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export async function readText(path: string): Promise<string> {
  return guard("read", path, () => fs.readFile(path, "utf8"));
}

/** The content, or undefined when there is no such file (or nobody serves it, as in sysfs). */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await fs.readFile(path, "utf8");
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw asFileError("read", path, error);
  }
}

/** Keeps a file or device open until it is disposed: a drive's door stays locked, and what was read stays in memory. */
export async function holdOpen(path: string): Promise<AsyncDisposable> {
  const file = await guard("open", path, () => fs.open(path, "r"));
  return { [Symbol.asyncDispose]: () => file.close() };
}

/** From `offset`, so many bytes or as many as `room` is long, which they are put into; fewer at the end of the file. */
export async function readRange(path: string, offset: number, room: number | Uint8Array): Promise<Uint8Array> {
  return guard("read", path, async () => {
    await using file = await fs.open(path, "r");
    const buffer = typeof room === "number" ? new Uint8Array(room) : room;
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  });
}

/** The content in pieces of `chunkBytes`. */
export async function* readChunks(path: string, chunkBytes = 1 << 20): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) yield chunk as Uint8Array;
  } catch (error) {
    throw asFileError("read", path, error);
  }
}

/** Follows symbolic links. Undefined when there is nothing. */
export async function fileInfo(path: string): Promise<FileInfo | undefined> {
  return infoFrom(path, () => fs.stat(path, { bigint: true }));
}

/** Does not follow the last symbolic link. Undefined when there is nothing. */
export async function linkInfo(path: string): Promise<FileInfo | undefined> {
  return infoFrom(path, () => fs.lstat(path, { bigint: true }));
}

export async function exists(path: string): Promise<boolean> {
  return (await fileInfo(path)) !== undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  return fs.access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

export async function readLink(path: string): Promise<string> {
  return guard("read the link", path, () => fs.readlink(path));
}

/** The path with every symbolic link resolved. */
export async function realPath(path: string): Promise<string> {
  return guard("resolve", path, () => fs.realpath(path));
}

/** Names, sorted by code unit so that every machine lists alike; empty when there is no such directory. */
export async function listDirectory(path: string): Promise<readonly string[]> {
  try {
    return (await fs.readdir(path)).sort();
  } catch (error) {
    if (isAbsence(error)) return [];
    throw asFileError("list", path, error);
  }
}

/** Every path below `root`, relative to it, directories before what they hold, sorted. Symbolic links are not followed. */
export async function walk(root: string): Promise<readonly { readonly path: string; readonly type: FileType }[]> {
  const entries = await guard("list", root, () => fs.readdir(root, { recursive: true, withFileTypes: true }));
  return entries
    .map((entry) => ({ path: join(entry.parentPath, entry.name).slice(root.replace(/\/+$/, "").length + 1), type: typeOf(entry) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

export async function makeDirectory(path: string, mode = 0o755): Promise<void> {
  await guard("make the directory", path, () => fs.mkdir(path, { recursive: true, mode }));
}

/** Throws LifeboatError when there is something of that name. */
export async function makeNewDirectory(path: string, mode = 0o755): Promise<void> {
  await guard("make the directory", path, () => fs.mkdir(path, { mode }));
}

/** Writes all or nothing: a temporary file beside the target, fsync, rename, fsync of the directory. */
export async function writeAtomic(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  await guard("write", path, async () => {
    const temporary = temporaryName(path);
    try {
      await using file = await fs.open(temporary, "wx", mode);
      await file.writeFile(data);
      await file.sync();
    } catch (error) {
      await removeFile(temporary);
      throw error;
    }
    await moveIntoPlace(temporary, path);
  });
}

/** Renames a finished file onto its name and makes both durable. */
export async function moveIntoPlace(temporaryPath: string, path: string): Promise<void> {
  await guard("move into place", path, async () => {
    await syncPath(temporaryPath);
    await fs.rename(temporaryPath, path);
    forgetTemporary(temporaryPath);
    await syncPath(dirname(path));
  });
}

/** An absolute name beside `path` for what is not finished yet; never the same twice. A signal that ends us removes what it names. */
export function temporaryName(path: string): string {
  return rememberTemporary(`${resolve(path)}.part-${randomBytes(6).toString("hex")}`);
}

/** Plain write, for pseudo files and for places where atomic makes no sense. */
export async function writeFile(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  await guard("write", path, () => fs.writeFile(path, data, { mode }));
}

/** Writes what comes, piece by piece. */
export async function writeChunks(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, mode = 0o600): Promise<void> {
  await guard("write", path, async () => {
    await using file = await fs.open(path, "w", mode);
    for await (const chunk of chunks) await file.writeFile(chunk);
  });
}

/** A file that only ever grows; what is appended is in it when the call returns. */
export interface Appender {
  append(data: string | Uint8Array): void;
  close(): void;
}

/** Opens `path` for appending, making it when it is not there. */
export function openAppender(path: string, mode = 0o600): Appender {
  const descriptor = openSync(path, "a", mode);
  return { append: (data) => void writeSync(descriptor, data as Uint8Array), close: () => closeSync(descriptor) };
}

export async function appendFile(path: string, data: string): Promise<void> {
  await guard("append to", path, () => fs.appendFile(path, data));
}

export async function copyFile(from: string, to: string): Promise<void> {
  await guard("copy", from, () => fs.copyFile(from, to));
}

export async function makeSymlink(target: string, path: string): Promise<void> {
  await guard("make the link", path, () => fs.symlink(target, path));
}

/** Sets the time of the last change to now. */
export async function touchFile(path: string): Promise<void> {
  const now = new Date();
  await guard("set the time of", path, () => fs.utimes(path, now, now));
}

/** Removes a file when it is there. */
export async function removeFile(path: string): Promise<void> {
  await guard("remove", path, () => fs.rm(path, { force: true }));
  forgetTemporary(path);
}

export async function changeMode(path: string, mode: number): Promise<void> {
  await guard("change the mode of", path, () => fs.chmod(path, mode));
}

/** Removes a directory when nothing is in it, and says whether it has. */
export async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await fs.rmdir(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOTEMPTY" || codeOf(error) === "EBUSY") return false;
    throw asFileError("remove", path, error);
  }
}

/** Removes a tree, refusing to descend into another file system, its top too (DESIGN section 8, rule 7). */
export async function removeTree(path: string): Promise<void> {
  const [top, above] = [await linkInfo(path), await linkInfo(dirname(resolve(path)))];
  if (top !== undefined) await guard("remove", path, () => removeOn(above?.device ?? top.device, path, top));
  forgetTemporary(path);
}

/** Beside an output and in a cache, where `removeStaleTemporaries` is called too. */
const OWNED_PREFIXES = new Set([".lifeboat-", ".unfinished-"]);

export async function makeTemporaryDirectory(prefix = "lifeboat-", parent = tmpdir()): Promise<TemporaryDirectory> {
  await makeDirectory(parent);
  const isOwned = parent === tmpdir() || OWNED_PREFIXES.has(prefix);
  // Made and remembered in one turn: no signal comes between.
  const path = await guard("make a temporary directory in", parent, async () =>
    rememberTemporary(mkdtempSync(join(resolve(parent), isOwned ? ownedPrefix(prefix) : prefix))),
  );
  return { path, [Symbol.asyncDispose]: () => removeTree(path) };
}

export interface SpaceInfo {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Room on the file system that holds `path`, as an ordinary user may use it. */
export async function spaceOn(path: string): Promise<SpaceInfo> {
  const info = await guard("measure", path, () => fs.statfs(path));
  return { freeBytes: info.bavail * info.bsize, totalBytes: info.blocks * info.bsize };
}

export interface UsageInfo {
  readonly usedBytes: number;
  /** Undefined where inodes are not counted, as on vfat and btrfs. */
  readonly usedInodes: number | undefined;
}

/** What is used of the file system that is mounted at `path`. */
export async function usageOn(path: string): Promise<UsageInfo> {
  const info = await guard("measure", path, () => fs.statfs(path));
  return { usedBytes: (info.blocks - info.bfree) * info.bsize, usedInodes: info.files === 0 ? undefined : info.files - info.ffree };
}

async function removeOn(device: number, path: string, info: FileInfo): Promise<void> {
  if (info.device !== device) {
    throw new LifeboatError(`Cannot remove "${path}" as deletion never crosses a mount: another file system is mounted there`, {
      hint: `Unmount "${path}" first`,
    });
  }
  if (info.type !== "directory") return fs.unlink(path);
  for (const name of await fs.readdir(path)) {
    const child = join(path, name);
    const childInfo = await linkInfo(child);
    if (childInfo !== undefined) await removeOn(device, child, childInfo);
  }
  return fs.rmdir(path);
}

async function syncPath(path: string): Promise<void> {
  await using file = await fs.open(path, "r");
  await file.sync().catch((error: unknown) => {
    // Some file systems know no fsync of directories.
    if (codeOf(error) !== "EINVAL") throw error;
  });
}

type BigIntStats = Awaited<ReturnType<typeof statBig>>;

function statBig(path: string) {
  return fs.stat(path, { bigint: true });
}

async function infoFrom(path: string, read: () => Promise<BigIntStats>): Promise<FileInfo | undefined> {
  try {
    const stats = await read();
    return {
      type: typeOf(stats),
      mode: Number(stats.mode & 0o7777n),
      sizeBytes: Number(stats.size),
      mtimeNs: stats.mtimeNs.toString(),
      inode: Number(stats.ino),
      device: Number(stats.dev),
      rawDevice: Number(stats.rdev),
    };
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw asFileError("look at", path, error);
  }
}

function typeOf(
  entry: Pick<Stats, "isFile" | "isDirectory" | "isSymbolicLink" | "isCharacterDevice" | "isBlockDevice" | "isFIFO">,
): FileType {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symlink";
  if (entry.isCharacterDevice()) return "character-device";
  if (entry.isBlockDevice()) return "block-device";
  return entry.isFIFO() ? "fifo" : "socket";
}

async function guard<T>(verb: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw asFileError(verb, path, error);
  }
}

/** What each errno means to a reader; others keep the system's own words. */
const STATES: Readonly<Record<string, { readonly state: string; readonly hint?: string }>> = {
  ENOENT: { state: "no such file or directory" },
  EACCES: { state: "permission denied", hint: "Run it as root" },
  EPERM: { state: "not permitted", hint: "Run it as root" },
  ENOSPC: { state: "no space left on the device", hint: "Free some space or choose another place" },
  EROFS: { state: "the file system is read-only" },
  EISDIR: { state: "it is a directory" },
  ENOTDIR: { state: "a part of the path is no directory" },
  EEXIST: { state: "it exists already" },
  ENAMETOOLONG: { state: "the name is too long" },
  ELOOP: { state: "its symbolic links lead in a circle" },
};

/** What a failed call of the system says to the user; anything that is none stays as it is. */
export function asFileError(verb: string, path: string, error: unknown): unknown {
  if (error instanceof LifeboatError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  const known = STATES[code];
  const options = known?.hint === undefined ? { cause: error } : { cause: error, hint: known.hint };
  return new LifeboatError(`Cannot ${verb} "${path}" as the system allows: ${known?.state ?? error.message}`, options);
}

const ABSENCES = new Set(["ENOENT", "ENOTDIR", "ENODEV", "ENXIO"]);

/** Of an error of ours too: whether it came of there being nothing, or nothing any more. */
export function isAbsence(error: unknown): boolean {
  if (error instanceof LifeboatError) return isAbsence(error.cause);
  return ABSENCES.has(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
