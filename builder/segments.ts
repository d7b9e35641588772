// The pieces of the initramfs and the tools layer, made once for the same inputs and kept in the cache.

import { dirname, join } from "node:path";
import { bulkReader, fileStamp } from "#os/bulk-files";
import { digestFile, digestOf } from "#os/digest";
import { LifeboatError } from "#os/error";
import { runPipeline, type Command } from "#os/exec";
import { exists, fileInfo, makeDirectory, moveIntoPlace, readTextIfThere, removeFile, temporaryName, writeAtomic } from "#os/files";
import { encodeNewc } from "../formats/cpio-newc.ts";
import { encodeTarEntries, TAR_END } from "../formats/tar-header.ts";
import { archiveEntries, type OpenContent } from "./archive-entries.ts";
import type { CompressionChoice } from "./compression.ts";
import type { PlanEntry } from "./image-plan.ts";
import { inBlocks } from "./in-blocks.ts";

export interface PieceRequest {
  /** Part of the file's name in the cache, for people who look there. */
  readonly label: string;
  readonly entries: readonly PlanEntry[];
  readonly compression: CompressionChoice;
  readonly cacheDirectory: string;
  /** Seconds since the epoch for every file in the piece (SOURCE_DATE_EPOCH). */
  readonly mtimeSeconds: number;
}

export interface Piece {
  readonly path: string;
  readonly sizeBytes: number;
  /** BLAKE2b-512 of the file, hexadecimal. */
  readonly digest: string;
  /** False when it came from the cache. */
  readonly made: boolean;
}

/** A piece whose name in the cache is known, and so whether it must be made. */
export interface PlannedPiece {
  readonly cached: boolean;
  make(): Promise<Piece>;
}

/** One cpio archive, compressed on its own; the kernel accepts any number of them, one after the other. */
export async function planSegment(request: PieceRequest, existingDirectories: ReadonlySet<string>): Promise<PlannedPiece> {
  const key = pieceKey(request, ["segment", ...[...existingDirectories].sort()]);
  return planPiece(request, `${key}.cpio`, (path) => {
    const entries = archiveEntries(request.entries, existingDirectories, openInTurn());
    const cpio = encodeNewc(entries, { mtimeSeconds: request.mtimeSeconds, existingDirectories });
    return runPipeline(inBlocks(cpio), request.compression.segmentCommands, path);
  });
}

/** The tools layer: a squashfs made from a tar stream, so that nothing has to be staged on disk. */
export async function planToolsLayer(request: PieceRequest): Promise<PlannedPiece> {
  const key = pieceKey(request, ["squashfs"]);
  return planPiece(request, `${key}.squashfs`, (path) => {
    const entries = archiveEntries(request.entries, new Set(), openInTurn());
    const tar = encodeTarEntries(entries, { mtimeSeconds: request.mtimeSeconds });
    // mksquashfs refuses its time options beside this variable, and by it alone a root directory is never younger than the clock.
    const env = { SOURCE_DATE_EPOCH: undefined };
    return runPipeline(inBlocks(tar), [mksquashfsCommand(request, path)], "/dev/null", { env, end: TAR_END });
  });
}

/** Files are read one at a time, and what was read is copied before the next. */
function openInTurn(): OpenContent {
  const reader = bulkReader();
  return async function* (hostPath) {
    yield* reader.pieces(hostPath);
  };
}

/** Of a whole piece, whose digest stands beside it; undefined when there is none, or what is there is not what was made. */
async function digestOfCached(path: string): Promise<string | undefined> {
  const noted = await readTextIfThere(`${path}.b2`);
  if (noted === undefined || !(await exists(path))) return undefined;
  return (await digestFile(path)) === noted ? noted : undefined;
}

async function noteDigest(path: string): Promise<string> {
  const digest = await digestFile(path);
  await writeAtomic(`${path}.b2`, digest);
  return digest;
}

function mksquashfsCommand({ compression, mtimeSeconds }: PieceRequest, path: string): Command {
  const fixed = ["-tar", "-noappend", "-no-progress", "-quiet", "-reproducible", "-all-root", "-root-mode", "0755", "-no-exports"];
  const times = ["-mkfs-time", String(mtimeSeconds), "-all-time", String(mtimeSeconds)];
  return ["mksquashfs", "-", path, ...fixed, ...times, ...compression.squashfsOptions];
}

async function planPiece(request: PieceRequest, fileName: string, write: (path: string) => Promise<void>): Promise<PlannedPiece> {
  const path = join(request.cacheDirectory, `${request.label}-${fileName}`);
  const known = await digestOfCached(path);
  const make = async (): Promise<Piece> => {
    if (known === undefined) await writeWhole(path, write);
    const sizeBytes = (await fileInfo(path))?.sizeBytes ?? 0;
    return { path, sizeBytes, digest: known ?? (await noteDigest(path)), made: known === undefined };
  };
  return { cached: known !== undefined, make };
}

async function writeWhole(path: string, write: (path: string) => Promise<void>): Promise<void> {
  await makeDirectory(dirname(path));
  const unfinished = temporaryName(path);
  try {
    await write(unfinished);
    await moveIntoPlace(unfinished, path);
  } catch (error) {
    throw namingPlace(error, path);
  } finally {
    await removeFile(unfinished);
  }
}

/** Compressors do not say where there was no room. */
function namingPlace(error: unknown, path: string): unknown {
  if (!(error instanceof LifeboatError) || !error.message.includes("No space left on device")) return error;
  return new LifeboatError(`Cannot write "${path}" as the cache must have room for it: no space left on the device`, {
    hint: "Free some space, or give another cache with --cache DIR",
    cause: error,
  });
}

/** Names the inputs: paths, modes and contents, the latter by size, inode and time of change where they are files of this machine. */
function pieceKey({ entries, compression, mtimeSeconds }: PieceRequest, extra: readonly string[]): string {
  const lines = entries.map(entryLine);
  return digestOf(JSON.stringify([compression, mtimeSeconds, extra]), ...lines.sort()).slice(0, 32);
}

function entryLine(entry: PlanEntry): string {
  const common = `${entry.path}\0${entry.type}\0${entry.mode}`;
  switch (entry.type) {
    case "file": {
      if ("bytes" in entry.content) return `${common}\0${digestOf(entry.content.bytes)}\n`;
      return `${common}\0${entry.content.hostPath}\0${entry.sizeBytes}\0${fileStamp(entry.content.hostPath)?.stamp}\n`;
    }
    case "directory":
      return `${common}\n`;
    case "symlink":
      return `${common}\0${entry.target}\n`;
    case "character-device":
      return `${common}\0${entry.major}:${entry.minor}\n`;
  }
}
