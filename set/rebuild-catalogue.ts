// A catalogue for a set that has lost its own: from the members' headers in all frames that are whole.

import { LifeboatError } from "#os/error";
import { base64Decode } from "../formats/base64.ts";
import type { ByteText, TarMember } from "../formats/tar-read.ts";
import { absolutePath, unprinted, type CatalogueEntry } from "./catalogue.ts";
import { contentDigest, type ContentDigest } from "./content-digest.ts";
import { entryOfMember } from "./member-entry.ts";
import { readFrames, type OpenSet, type PlacedFrame, type RebuiltCatalogue } from "./open-set.ts";
import { framesInOrder } from "./read-frames.ts";
import { frameScanner } from "./scan-frames.ts";
import type { SetManifest } from "./set-manifest.ts";
import { frameStarts } from "./stream-places.ts";

/** `allPaths`: how many there should be, when that is known. Throws LifeboatError (5) when the frame lists are gone too. */
export async function rebuildCatalogue(set: OpenSet, allPaths: number | undefined): Promise<RebuiltCatalogue> {
  const frames = await readFrames(set);
  const { entries, broken, damaged } = await readMembers(set, frames);
  const whole = new Set<ByteText>();
  const links: ByteText[] = [];
  const kept = entries.filter(({ path, hardlinkOf }) => {
    // A link's content is with its first name, which comes before it.
    const isWhole = hardlinkOf === undefined || whole.has(hardlinkOf);
    if (isWhole) whole.add(path);
    else links.push(hardlinkOf, path);
    return isWhole;
  });
  // The frame lists have one name of each frame.
  const named = damaged.map(({ firstPath }) => unprinted(firstPath) ?? "").filter((path) => path !== "" && !whole.has(path));
  const lost = new Set([...broken, ...named, ...links]);
  return {
    entries: withInodes(kept, set.manifest.inodes ?? []),
    broken: [...lost],
    unnamed: damaged.length === 0 ? 0 : allPaths === undefined ? undefined : Math.max(0, allPaths - kept.length - lost.size),
  };
}

interface ReadMembers {
  readonly entries: readonly CatalogueEntry[];
  /** What began in a whole frame and goes on in a damaged one. */
  readonly broken: readonly ByteText[];
  readonly damaged: readonly PlacedFrame[];
}

interface Current {
  readonly member: TarMember;
  readonly place: number;
  readonly headerBytes: number;
  readonly digest: ContentDigest | undefined;
}

async function readMembers(set: OpenSet, frames: readonly PlacedFrame[]): Promise<ReadMembers> {
  const { digestAlgorithm } = set.manifest;
  const starts = frameStarts(frames);
  const entries: CatalogueEntry[] = [];
  const broken: ByteText[] = [];
  const damaged: PlacedFrame[] = [];
  let current: Current | undefined;
  const scanner = frameScanner(starts, {
    member(member, header, place) {
      current = {
        member,
        place,
        headerBytes: header.length,
        digest: member.type === "file" ? contentDigest(member, digestAlgorithm) : undefined,
      };
    },
    data: (bytes) => current?.digest?.push(bytes),
    end(padding) {
      if (current === undefined) return;
      const { member, place, headerBytes, digest } = current;
      const streamBytes = headerBytes + member.storedBytes + padding.length;
      entries.push(entryOfMember(member, { ...frameAt(starts, place), streamBytes, digest: digest?.hex(), flags: "" }));
    },
    broken() {
      if (current !== undefined) broken.push(absolutePath(current.member.path));
      current = undefined;
    },
  });
  for await (const { frame, content } of framesInOrder(set, frames)) {
    if (content !== undefined && isTar(() => scanner.take(frame, content))) continue;
    damaged.push(frame);
    scanner.gap();
  }
  return { entries, broken, damaged };
}

/** Bytes that are no tar are as damaged as those whose digest is another. */
function isTar(take: () => void): boolean {
  try {
    take();
    return true;
  } catch (error) {
    if (error instanceof LifeboatError) return false;
    throw error;
  }
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
