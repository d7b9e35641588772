// Reads all of a set: every frame against its digest, every file against the catalogue.

import { LifeboatError } from "#os/error";
import type { TarMember } from "../formats/tar-read.ts";
import { absolutePath, printable, type CatalogueEntry } from "./catalogue.ts";
import { attributesDigest, contentDigest, type ContentDigest } from "./content-digest.ts";
import { readChecked, readFrames, type OpenSet, type PlacedFrame } from "./open-set.ts";
import { readCatalogue } from "./read-catalogue.ts";
import { framesInOrder } from "./read-frames.ts";
import { frameScanner } from "./scan-frames.ts";
import { frameStarts, streamPlace } from "./stream-places.ts";

export interface Verification {
  readonly frames: number;
  readonly paths: number;
  readonly storedBytes: number;
  /** One line each: what is damaged. Empty: the set is whole. */
  readonly damage: readonly string[];
}

/** Throws LifeboatError (5) when manifest, frame lists or catalogue are damaged, so that nothing else can be said. */
export async function verifySet(set: OpenSet, progress: (storedBytes: number) => void): Promise<Verification> {
  const damage = [...(await checkSmallFiles(set))];
  const frames = await readFrames(set);
  const comparison = compareWithCatalogue(readCatalogue(set), frameStarts(frames), damage);
  let storedBytes = 0;
  for await (const { frame, content, why } of framesInOrder(set, frames)) {
    storedBytes += frame.storedBytes;
    progress(storedBytes);
    if (content === undefined) {
      damage.push(`frame ${frame.number} in ${frame.volume}, which begins in "${frame.firstPath}": ${why}`);
      comparison.gap();
    } else {
      await comparison.take(frame, content);
    }
  }
  const paths = await comparison.finish();
  return { frames: frames.length, paths, storedBytes, damage };
}

interface ReadMember {
  readonly member: TarMember;
  readonly place: number;
  readonly digest: string | undefined;
}

/** Members and catalogue lines come in the same order: by their place in the stream. */
function compareWithCatalogue(entries: AsyncGenerator<CatalogueEntry>, starts: readonly number[], damage: string[]) {
  let current: { readonly member: TarMember; readonly place: number; readonly digest: ContentDigest | undefined } | undefined;
  let read: ReadMember[] = [];
  let next: CatalogueEntry | undefined;
  let whole = 0;
  const scanner = frameScanner(starts, {
    member(member, _, place) {
      current = { member, place, digest: member.type === "file" ? contentDigest(member) : undefined };
    },
    data: (bytes) => current?.digest?.push(bytes),
    end() {
      if (current !== undefined) read.push({ ...current, digest: current.digest?.hex() });
      current = undefined;
    },
    broken() {
      current = undefined;
    },
  });
  const advance = async () => {
    const result = await entries.next();
    next = result.done === true ? undefined : result.value;
  };
  const loseBefore = async (place: number) => {
    for (; next !== undefined && streamPlace(starts, next) < place; await advance()) damage.push(`"${printable(next.path)}" is lost`);
  };
  const compare = async ({ member, place, digest }: ReadMember) => {
    if (next === undefined) await advance();
    await loseBefore(place);
    const difference =
      next === undefined || streamPlace(starts, next) > place ? "the catalogue does not name it" : differs(next, member, digest);
    if (difference === undefined) whole += 1;
    else damage.push(`"${printable(absolutePath(member.path))}": ${difference}`);
    if (next !== undefined && streamPlace(starts, next) === place) await advance();
  };
  return {
    gap: () => scanner.gap(),
    async take(frame: PlacedFrame, content: Uint8Array) {
      scanner.take(frame, content);
      for (const one of read) await compare(one);
      read = [];
    },
    async finish(): Promise<number> {
      if (next === undefined && whole === 0) await advance();
      await loseBefore(Number.POSITIVE_INFINITY);
      return whole;
    },
  };
}

/** In words that follow a colon; undefined when it is what the catalogue says. */
function differs(entry: CatalogueEntry, member: TarMember, digest: string | undefined): string | undefined {
  if (entry.path !== absolutePath(member.path)) return `the catalogue has "${printable(entry.path)}" in its place`;
  if (entry.type !== member.type) return `it is a ${member.type}, and a ${entry.type} in the catalogue`;
  if (entry.digest !== digest) return "its content has another digest than in the catalogue";
  if (entry.attributesDigest !== attributesDigest(member.attributes)) return "its attributes are others than in the catalogue";
  return undefined;
}

/** Those that no frame list speaks for. */
async function checkSmallFiles(set: OpenSet): Promise<readonly string[]> {
  const damage: string[] = [];
  for (const { name, digest } of set.manifest.files) {
    if (digest === undefined) continue;
    try {
      await readChecked(set, name);
    } catch (error) {
      if (!(error instanceof LifeboatError)) throw error;
      damage.push(error.message);
    }
  }
  return damage;
}
