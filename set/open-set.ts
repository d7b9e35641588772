// A set opened for reading: manifest, machine, frames of all volumes; each file checked against its digest when it is first used.

import { algorithmOf, digestOf, startDigest } from "#os/digest";
import { LifeboatError } from "#os/error";
import { utf8Decode } from "../formats/text.ts";
import type { ByteText } from "../formats/tar-read.ts";
import type { Machine } from "../machine/model.ts";
import { parseMachine } from "../machine/parse-machine.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import { parseFrameList, type Frame } from "./frame-list.ts";
import { parseJson } from "../formats/json.ts";
import { frameListName, MACHINE_FILE, MANIFEST_FILE, parseManifest, volumeName, type SetManifest } from "./set-manifest.ts";
import { damageText, type FileSource, type SetSource } from "./set-source.ts";

export interface OpenSet {
  readonly source: SetSource;
  readonly manifest: SetManifest;
  /** What was made again of a damaged set; see damaged-set.ts. */
  readonly remarks?: readonly string[];
  /** All frames, where a frame list is damaged. */
  readonly frames?: readonly PlacedFrame[];
  /** The catalogue, where its file is damaged. */
  readonly rebuilt?: RebuiltCatalogue;
  /** Paths that a restore does not touch, as they are on a file system that is kept. */
  leftAlone?(path: ByteText): boolean;
}

export interface RebuiltCatalogue {
  /** Of what is whole, in the order of the stream. */
  readonly entries: readonly CatalogueEntry[];
  /** What damage has cost, as far as its names are left: they are in no entry. */
  readonly broken: readonly ByteText[];
  /** How many paths are lost whose names are lost too. Undefined when nobody knows: some may be. */
  readonly unnamed: number | undefined;
}

/** A frame, and the volume that holds it. */
export interface PlacedFrame extends Frame {
  readonly volume: string;
}

/** Small files are read whole; a larger one is a lie. */
const SMALL_FILE_LIMIT = 256 * 1024 * 1024;

/** Throws LifeboatError (5) when there is no manifest, or none that is whole. */
export async function openSet(source: SetSource): Promise<OpenSet> {
  const size = await source.sizeOf(MANIFEST_FILE);
  if (size === undefined) {
    throw new LifeboatError(`Cannot open "${source.description}" as a set has a manifest: there is no ${MANIFEST_FILE}`, {
      exitCode: 5,
      hint: "An archive that was interrupted leaves such a directory. If it was a set once, restore --accept-damage makes the manifest again",
    });
  }
  const text = utf8Decode(await source.read(MANIFEST_FILE, 0, Math.min(size, SMALL_FILE_LIMIT)));
  return { source, manifest: parseManifest(text, `${source.description}/${MANIFEST_FILE}`) };
}

/** The whole content of one of the set's small files. Throws LifeboatError (5) when it is not what the manifest says. */
export async function readChecked(set: OpenSet, name: string): Promise<Uint8Array> {
  const { sizeBytes, digest } = listedFile(set, name);
  await checkSize(set.source, { name, sizeBytes });
  if (sizeBytes > SMALL_FILE_LIMIT)
    throw damaged(set.source, name, { rule: `it may have at most ${SMALL_FILE_LIMIT} bytes`, state: `it has ${sizeBytes}` });
  const bytes = await set.source.read(name, 0, sizeBytes);
  if (digestOf(bytes) !== digest) throw otherDigest(set.source, name);
  return bytes;
}

/** One of the set's files of any size against the manifest. Throws LifeboatError (5). */
export async function checkFile(set: OpenSet, name: string, progress?: (bytes: number) => void): Promise<void> {
  await checkListed(set.source, listedFile(set, name), progress);
}

interface ListedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly digest: string;
}

/** A file of any size against what is said of it. `progress` is told of each piece. Throws LifeboatError (5). */
export async function checkListed(source: FileSource, file: ListedFile, progress?: (bytes: number) => void): Promise<void> {
  await checkSize(source, file);
  const read = startDigest(algorithmOf(file.digest));
  for await (const piece of piecesOf(source, file.name)) {
    read.update(piece);
    progress?.(piece.length);
  }
  if (read.hex() !== file.digest) throw otherDigest(source, file.name);
}

const PIECE_BYTES = 1024 * 1024;

/** Its content in order, unchecked. */
export async function* piecesOf(source: FileSource, name: string): AsyncGenerator<Uint8Array> {
  for (let offset = 0; ;) {
    const piece = await source.read(name, offset, PIECE_BYTES);
    if (piece.length > 0) yield piece;
    if (piece.length < PIECE_BYTES) return;
    offset += piece.length;
  }
}

function listedFile({ source, manifest }: OpenSet, name: string): ListedFile {
  const { sizeBytes = 0, digest } = manifest.files.find((file) => file.name === name) ?? {};
  if (digest === undefined) throw damaged(source, name, { rule: "the manifest must list it", state: "it does not" });
  return { name, sizeBytes, digest };
}

async function checkSize(source: FileSource, { name, sizeBytes }: Omit<ListedFile, "digest">): Promise<void> {
  const size = await source.sizeOf(name);
  if (size === undefined) throw damaged(source, name, { rule: "it must be there", state: "it is missing" });
  if (size !== sizeBytes) throw damaged(source, name, { rule: `it must have ${sizeBytes} bytes`, state: `it has ${size}` });
}

function otherDigest(source: FileSource, name: string): LifeboatError {
  return damaged(source, name, { rule: "its digest must be the manifest's", state: "it is another" });
}

/** Undefined for a set of files alone. Throws LifeboatError (5) when it is damaged, or says what no machine can be. */
export async function readMachine(set: OpenSet): Promise<Machine | undefined> {
  if (set.manifest.kind === "files") return undefined;
  const json = parseJson(utf8Decode(await readChecked(set, MACHINE_FILE)));
  return parseMachine(json, `"${MACHINE_FILE}" of "${set.source.description}"`);
}

/** All frames in the order of the stream. Throws LifeboatError (5) when a list is damaged, or frames are missing in it. */
export async function readFrames(set: OpenSet): Promise<readonly PlacedFrame[]> {
  if (set.frames !== undefined) return set.frames;
  const { codec, totals } = set.manifest;
  const frames: PlacedFrame[] = [];
  for (let number = 1; number <= totals.volumes; number += 1) {
    const volume = volumeName(number, codec);
    frames.push(...(await readFrameList(set, number)).map((frame) => ({ ...frame, volume })));
  }
  const gap = frames.findIndex((frame, index) => frame.number !== index);
  if (gap >= 0 || frames.length !== totals.frames) {
    throw damaged(set.source, "the frame lists", {
      rule: `they must tell of ${totals.frames} frames, one after the other`,
      state: `${frames.length} came`,
    });
  }
  return frames;
}

/** Of one volume. Throws LifeboatError (5) when it is damaged. */
export async function readFrameList(set: OpenSet, volume: number): Promise<readonly Frame[]> {
  const name = frameListName(volume);
  return parseFrameList(utf8Decode(await readChecked(set, name)), name);
}

/** `rule` follows "as", `state` a colon. */
export function damaged(
  source: FileSource,
  name: string,
  { rule, state }: { readonly rule: string; readonly state: string },
): LifeboatError {
  return new LifeboatError(`Cannot read "${name}" of "${source.description}" as ${rule}: ${state}`, {
    exitCode: 5,
    hint: "The set is damaged; --accept-damage brings back what is whole",
  });
}

/** What a check has against a file, for whoever goes on without it; undefined when nothing. */
export async function problemOf(check: Promise<void>): Promise<string | undefined> {
  try {
    await check;
    return undefined;
  } catch (error) {
    return damageText(error);
  }
}
