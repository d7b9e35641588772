// Sets in an ISO image that lies in a file or on a disc: found and read without mounting it.

import { LifeboatError } from "#os/error";
import { fileInfo, readRange } from "#os/files";
import { readSys } from "#os/sysfs";
import { findOnIso, listIsoDirectory, readIsoVolume, type IsoEntry } from "../formats/iso9660.ts";
import { utf8Decode } from "../formats/text.ts";
import { SYSFS_UNIT } from "../machine/block-devices.ts";
import { MEDIUM_DIRECTORY } from "../set/image-manifest.ts";
import { DISC_NOTE_FILE, parseDiscNote, type DiscNote } from "../set/disc-note.ts";
import { MANIFEST_FILE } from "../set/set-manifest.ts";
import type { FileSource, SetSource } from "../set/set-source.ts";
import { readIsoHead } from "./iso-head.ts";
import { isSetName } from "./store-names.ts";

export interface OpenIso {
  readonly path: string;
  /** Names of the sets on it. */
  readonly ids: readonly string[];
  /** What the volume says that it has, and the file has less. */
  readonly isCutShort: boolean;
  source(id: string): SetSource;
  /** Of the set's files that are on it. */
  names(id: string): readonly string[];
  /** Undefined where the set is on this image alone. */
  disc(id: string): Promise<DiscNote | undefined>;
}

/** Undefined for what is no ISO 9660 image. Throws LifeboatError for one whose directories are damaged. */
export async function openIso(path: string): Promise<OpenIso | undefined> {
  const type = (await fileInfo(path))?.type;
  if (type !== "file" && type !== "block-device") return undefined;
  // A drive knows how large a disc is when it has been opened.
  return readIsoHead(path, async (head) => (isIso(head) ? readSets(path, head, await sizeOfMedium(path)) : undefined));
}

async function sizeOfMedium(path: string): Promise<number> {
  const info = await fileInfo(path);
  if (info?.type !== "block-device") return info?.sizeBytes ?? 0;
  const sectors = readSys(`/sys/class/block/${path.replace(/^.*\//, "")}/size`);
  return sectors === undefined ? Infinity : Number(sectors) * SYSFS_UNIT;
}

const SECTOR_BYTES = 2048;

/** The first volume descriptor begins with 01 CD001 (ECMA-119, section 8.1). */
function isIso(head: Uint8Array): boolean {
  return utf8Decode(head.subarray(16 * SECTOR_BYTES + 1, 16 * SECTOR_BYTES + 6)) === "CD001";
}

function readSets(path: string, head: Uint8Array, sizeBytes: number): OpenIso {
  const { blockBytes, blockCount, volumeId } = readIsoVolume(head);
  const sourceOf = (description: string, entries: ReadonlyMap<string, IsoEntry>): FileSource => ({
    description,
    sizeOf: async (name) => entries.get(name)?.sizeBytes,
    read: (name, offset, room) => readExtents(path, { entry: entries.get(name), name, blockBytes }, { offset, room }),
  });
  const directories = listIsoDirectory(head, findOnIso(head, "/")!).filter(({ type, name }) => type === "directory" && isSetName(name));
  const files = new Map(directories.map((directory) => [directory.name, filesIn(head, directory)] as const));
  const medium = sourceOf(path, rescueImageIn(head));
  const source = (id: string): SetSource => ({ ...sourceOf(`${path}/${id}`, files.get(id) ?? new Map()), medium });
  return {
    path,
    ids: [...files.keys()],
    isCutShort: sizeBytes < blockCount * blockBytes,
    source,
    names: (id) => [...(files.get(id)?.keys() ?? [])],
    disc: (id) => readNote(source(id), id, volumeId),
  };
}

/** Where the note itself is damaged, the volume's name still tells. */
async function readNote(source: SetSource, id: string, volumeId: string): Promise<DiscNote | undefined> {
  const sizeBytes = await source.sizeOf(DISC_NOTE_FILE);
  if (sizeBytes === undefined) return undefined;
  const note = parseDiscNote(utf8Decode(await source.read(DISC_NOTE_FILE, 0, Math.min(sizeBytes, SECTOR_BYTES))));
  if (note?.set === id) return note;
  const disc = Number(/^LIFEBOAT_(\d+)$/.exec(volumeId)?.[1] ?? 1);
  return { set: id, disc, isLast: disc > 1 && (await source.sizeOf(MANIFEST_FILE)) !== undefined };
}

function rescueImageIn(head: Uint8Array): ReadonlyMap<string, IsoEntry> {
  const directory = findOnIso(head, MEDIUM_DIRECTORY);
  const entries = directory === undefined ? [] : listIsoDirectory(head, directory);
  return new Map(entries.map((entry) => [`${MEDIUM_DIRECTORY}/${entry.name}`, entry]));
}

/** As deep as a set is. */
function filesIn(head: Uint8Array, directory: IsoEntry): ReadonlyMap<string, IsoEntry> {
  const entries = listIsoDirectory(head, directory);
  const below = entries
    .filter(({ type }) => type === "directory")
    .flatMap((sub) => listIsoDirectory(head, sub).map((entry) => ({ sub, entry })));
  return new Map([
    ...entries.filter(({ type }) => type === "file").map((entry) => [entry.name, entry] as const),
    ...below.map(({ sub, entry }) => [`${sub.name}/${entry.name}`, entry] as const),
  ]);
}

interface IsoFile {
  readonly entry: IsoEntry | undefined;
  readonly name: string;
  readonly blockBytes: number;
}

async function readExtents(
  path: string,
  { entry, name, blockBytes }: IsoFile,
  { offset, room }: { readonly offset: number; readonly room: number | Uint8Array },
): Promise<Uint8Array> {
  if (entry === undefined) throw new LifeboatError(`Cannot read "${name}" of "${path}" as it must be on the image: there is no such file`);
  const wanted = Math.max(0, Math.min(typeof room === "number" ? room : room.length, entry.sizeBytes - offset));
  const content = typeof room === "number" ? new Uint8Array(wanted) : room;
  let filled = 0;
  let start = 0;
  for (const { lba, sizeBytes } of entry.extents) {
    const from = Math.max(offset + filled, start) - start;
    const length = Math.min(sizeBytes - from, wanted - filled);
    if (length > 0) {
      const piece = await readRange(path, lba * blockBytes + from, content.subarray(filled, filled + length));
      filled += piece.length;
      if (piece.length < length) return content.subarray(0, filled);
    }
    start += sizeBytes;
  }
  return content.subarray(0, filled);
}
