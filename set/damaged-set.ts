// Opens a set whose manifest or catalogue is damaged or gone: both are made again from frame lists and tar headers (DESIGN section 5).

import { digestOf } from "#os/digest";
import { LifeboatError } from "#os/error";
import { base64Decode } from "../formats/base64.ts";
import type { ByteText, TarMember } from "../formats/tar-read.ts";
import { utf8Decode } from "../formats/text.ts";
import { absolutePath, type CatalogueEntry } from "./catalogue.ts";
import { attributesDigest, contentDigest, type ContentDigest } from "./content-digest.ts";
import { parseFrameList, type Frame } from "./frame-list.ts";
import { openSet, readFrames, type OpenSet } from "./open-set.ts";
import { readCatalogue } from "./read-catalogue.ts";
import { framesInOrder } from "./read-frames.ts";
import { frameScanner } from "./scan-frames.ts";
import { CATALOGUE_FILE, frameListName, MACHINE_FILE, setIdOf, volumeName, type SetManifest } from "./set-manifest.ts";
import type { SetSource } from "./set-source.ts";
import { frameStarts } from "./stream-places.ts";

/** Like `openSet`; what had to be made again stands in `remarks`. Throws LifeboatError (5) when the frame lists are gone too. */
export async function openDamagedSet(source: SetSource): Promise<OpenSet> {
  const remarks: string[] = [];
  const set = await openSet(source).catch(async (error: unknown) => {
    if (!(error instanceof LifeboatError)) throw error;
    remarks.push(`${error.message}: it was made again from the frame lists; nothing vouches for the set's small files`);
    return { source, manifest: await rebuildManifest(source) };
  });
  try {
    const paths = await countPaths(set);
    const isCounted = set.manifest.totals.paths > 0;
    if (isCounted && remarks.length === 0) return set;
    return { ...set, manifest: isCounted ? set.manifest : withPaths(set.manifest, paths), remarks };
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    remarks.push(`${error.message}: the catalogue was made again from the files' own headers`);
    const rebuilt = await rebuildCatalogue(set);
    return { ...set, manifest: withPaths(set.manifest, rebuilt.entries.length), rebuilt, remarks };
  }
}

async function countPaths(set: OpenSet): Promise<number> {
  let paths = 0;
  for await (const _ of readCatalogue(set)) paths += 1;
  return paths;
}

function withPaths(manifest: SetManifest, paths: number): SetManifest {
  return { ...manifest, totals: { ...manifest.totals, paths } };
}

const CODECS: readonly SetManifest["codec"][] = ["zstd", "gzip", "none"];

async function rebuildManifest(source: SetSource): Promise<SetManifest> {
  const { frames, files, codec, volumes } = await readFrameLists(source);
  const others = [await smallFile(source, MACHINE_FILE), await smallFile(source, CATALOGUE_FILE)];
  const sum = (value: (frame: Frame) => number) => frames.reduce((total, frame) => total + value(frame), 0);
  const id = setIdOf(source.description);
  return {
    formatVersion: 1,
    id,
    kind: others[0] === undefined ? "files" : "machine",
    hostName: id.slice(0, -17),
    createdAt: "",
    finishedAt: "",
    createdBy: "",
    digestAlgorithm: "BLAKE2b-512",
    codec,
    level: 0,
    consistent: "live",
    parent: null,
    options: { include: [], exclude: [] },
    totals: {
      paths: 0,
      contentBytes: 0,
      frames: frames.length,
      volumes,
      streamBytes: sum(({ contentBytes }) => contentBytes),
      storedBytes: sum(({ storedBytes }) => storedBytes),
    },
    changed: [],
    unreadable: [],
    files: [...files, ...others.flatMap((other) => (other === undefined ? [] : [other.file]))],
  };
}

interface FrameLists {
  readonly frames: readonly Frame[];
  /** The lists themselves. */
  readonly files: readonly SetManifest["files"][number][];
  readonly codec: SetManifest["codec"];
  readonly volumes: number;
}

/** All that are there, one after the other. */
async function readFrameLists(source: SetSource): Promise<FrameLists> {
  const frames: Frame[] = [];
  const files: SetManifest["files"][number][] = [];
  let codec: SetManifest["codec"] | undefined;
  let volumes = 0;
  for (let number = 1; ; number += 1) {
    const list = await smallFile(source, frameListName(number));
    if (list === undefined) break;
    frames.push(...parseFrameList(utf8Decode(list.bytes), list.name));
    files.push(list.file);
    codec ??= await codecOf(source, number);
    volumes = number;
  }
  if (codec !== undefined) return { frames, files, codec, volumes };
  throw new LifeboatError(
    `Cannot open "${source.description}" as frame lists and volumes must be there where the manifest is not: there are none`,
    { exitCode: 5 },
  );
}

async function codecOf(source: SetSource, number: number): Promise<SetManifest["codec"] | undefined> {
  for (const codec of CODECS) if ((await source.sizeOf(volumeName(number, codec))) !== undefined) return codec;
  return undefined;
}

interface SmallFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly file: SetManifest["files"][number];
}

async function smallFile(source: SetSource, name: string): Promise<SmallFile | undefined> {
  const sizeBytes = await source.sizeOf(name);
  if (sizeBytes === undefined) return undefined;
  const bytes = await source.read(name, 0, sizeBytes);
  return { name, bytes, file: { name, sizeBytes, digest: digestOf(bytes) } };
}

/** Reads all frames that are whole. */
async function rebuildCatalogue(set: OpenSet): Promise<NonNullable<OpenSet["rebuilt"]>> {
  const frames = await readFrames(set);
  const starts = frameStarts(frames);
  const entries: CatalogueEntry[] = [];
  const broken: ByteText[] = [];
  let current:
    | { readonly member: TarMember; readonly place: number; readonly headerBytes: number; readonly digest: ContentDigest | undefined }
    | undefined;
  const scanner = frameScanner(starts, {
    member(member, header, place) {
      current = { member, place, headerBytes: header.length, digest: member.type === "file" ? contentDigest(member) : undefined };
    },
    data: (bytes) => current?.digest?.push(bytes),
    end(padding) {
      if (current === undefined) return;
      const { member, place, headerBytes, digest } = current;
      const streamBytes = headerBytes + member.storedBytes + padding.length;
      entries.push(entryOf(member, { ...frameAt(starts, place), streamBytes, digest: digest?.hex() }));
    },
    broken() {
      if (current !== undefined) broken.push(absolutePath(current.member.path));
      current = undefined;
    },
  });
  for await (const { frame, content } of framesInOrder(set, frames)) {
    if (content === undefined) scanner.gap();
    else scanner.take(frame, content);
  }
  return { entries: withInodes(entries, set.manifest.inodes ?? []), broken };
}

/** The manifest has once more what the stream cannot tell. */
function withInodes(entries: readonly CatalogueEntry[], inodes: NonNullable<SetManifest["inodes"]>): readonly CatalogueEntry[] {
  const known = new Map(inodes.map(({ pathB64, flags, sameNodeAsB64 }) => [base64Decode(pathB64), { flags, sameNodeAsB64 }] as const));
  return entries.map((entry) => {
    const inode = known.get(entry.path);
    const sameNodeAs = inode?.sameNodeAsB64 === undefined ? undefined : base64Decode(inode.sameNodeAsB64);
    return { ...entry, flags: inode?.flags ?? "", ...(sameNodeAs === undefined ? {} : { sameNodeAs }) };
  });
}

type Rest = Pick<CatalogueEntry, "frame" | "offset" | "streamBytes" | "digest">;

function entryOf(member: TarMember, rest: Rest): CatalogueEntry {
  const { path, type, mode, uid, gid, mtime, ctime, sizeBytes, isSparse, linkTarget, device, attributes } = member;
  return {
    path: absolutePath(path),
    type,
    mode,
    uid,
    gid,
    mtime,
    ctime,
    sizeBytes,
    isSparse,
    attributesDigest: attributesDigest(attributes),
    target: type === "symlink" ? linkTarget : undefined,
    hardlinkOf: type === "hard-link" ? absolutePath(linkTarget ?? "") : undefined,
    device,
    flags: "",
    ...rest,
  };
}

/** The last frame that begins at or before a place. */
function frameAt(starts: readonly number[], place: number): Pick<CatalogueEntry, "frame" | "offset"> {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle]! <= place) low = middle;
    else high = middle - 1;
  }
  return { frame: low, offset: place - starts[low]! };
}
