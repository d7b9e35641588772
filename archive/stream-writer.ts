// From tar's stream to frames and catalogue lines: each member is digested while it passes.

import type { DigestAlgorithm } from "#os/digest";
import { LifeboatError } from "#os/error";
import type { ByteText, TarMember } from "../formats/tar-read.ts";
import { TAR_BLOCK_BYTES, tarScanner } from "../formats/tar-read.ts";
import { absolutePath, formatCatalogueEntry, printable, type CatalogueEntry } from "../set/catalogue.ts";
import { contentDigest, type ContentDigest } from "../set/content-digest.ts";
import { entryOfMember } from "../set/member-entry.ts";
import type { FrameWriter, Place } from "./frame-writer.ts";

export interface StreamWriterOptions {
  readonly frames: FrameWriter;
  /** Of the files' content. */
  readonly digestAlgorithm: DigestAlgorithm;
  readonly flags: ReadonlyMap<ByteText, string>;
  readonly sameNodes: ReadonlyMap<ByteText, ByteText>;
  /** Whether two paths name the same inode: tar knows inodes by their numbers, and a number may be given to another file while it reads. */
  isSameInode(path: ByteText, other: ByteText): boolean;
  /** Takes one line of the catalogue. */
  line(text: string): void;
  progress(contentBytes: number): void;
}

export interface StreamTotals {
  readonly paths: number;
  /** Of all files as readers see them, holes included. */
  readonly contentBytes: number;
  /** Paths that are left out of the stream, as tar called them another name of what they are not. */
  readonly mistaken: readonly ByteText[];
}

interface Current {
  readonly member: TarMember;
  readonly place: Place;
  readonly streamBytes: number;
  readonly digest: ContentDigest | undefined;
}

/** Takes the whole stream; of one with mistaken links not its end, as these have to follow. Throws LifeboatError when it ends in the middle, or what writing throws. */
export async function writeStream(stream: AsyncIterable<Uint8Array>, options: StreamWriterOptions): Promise<StreamTotals> {
  const { frames } = options;
  let current: Current | undefined;
  let paths = 0;
  let contentBytes = 0;
  const mistaken: ByteText[] = [];
  const scanner = tarScanner({
    member(member, header) {
      if (isMistaken(member, options)) return void mistaken.push(absolutePath(member.path));
      const padded = Math.ceil(member.storedBytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
      const streamBytes = header.length + padded;
      const place = frames.begin(printable(absolutePath(member.path)), streamBytes);
      frames.append(header);
      current = { member, place, streamBytes, digest: member.type === "file" ? contentDigest(member, options.digestAlgorithm) : undefined };
    },
    data(bytes) {
      current?.digest?.push(bytes);
      frames.append(bytes);
      options.progress(bytes.length);
    },
    end(padding) {
      if (current === undefined) return;
      frames.append(padding);
      options.line(formatCatalogueEntry(entryOf(current, options)));
      paths += 1;
      contentBytes += current.member.sizeBytes;
      current = undefined;
    },
    trailer(bytes) {
      if (mistaken.length === 0) frames.append(bytes);
    },
  });
  for await (const chunk of stream) {
    scanner.push(chunk);
    await frames.room();
  }
  if (!scanner.hasEnded())
    throw new LifeboatError("Cannot archive as the tar stream must have an end: it stops in the middle", { exitCode: 4 });
  return { paths, contentBytes, mistaken };
}

function isMistaken({ type, path, linkTarget }: TarMember, { isSameInode }: StreamWriterOptions): boolean {
  return type === "hard-link" && !isSameInode(absolutePath(path), absolutePath(linkTarget ?? ""));
}

function entryOf({ member, place, streamBytes, digest }: Current, { flags, sameNodes }: StreamWriterOptions): CatalogueEntry {
  const path = absolutePath(member.path);
  const sameNodeAs = sameNodes.get(path);
  const { frame, offset } = place;
  const named = sameNodeAs === undefined ? {} : { sameNodeAs };
  return entryOfMember(member, { frame, offset, streamBytes, digest: digest?.hex(), flags: flags.get(path) ?? "", ...named });
}
