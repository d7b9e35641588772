// Opens a set whose manifest, frame lists or catalogue are damaged or gone: they are made again from each other, the volumes and the
// tar headers in them (DESIGN section 5).

import { algorithmOf, type DigestAlgorithm } from "#os/digest";
import { LifeboatError } from "#os/error";
import { printable, type CatalogueEntry } from "./catalogue.ts";
import { madeFrames } from "./damaged-frames.ts";
import { withoutBadHeaders } from "./luks-headers.ts";
import { openSet, type OpenSet, type PlacedFrame } from "./open-set.ts";
import { readCatalogue } from "./read-catalogue.ts";
import { rebuildCatalogue } from "./rebuild-catalogue.ts";
import { rebuildManifest } from "./rebuild-manifest.ts";
import type { SetSource } from "./set-source.ts";

/** Like `openSet`; what had to be made again stands in `remarks`. Throws LifeboatError (5) when the volumes are gone too. */
export async function openDamagedSet(source: SetSource): Promise<OpenSet> {
  const opened = await asFarAsWhole(() => openSet(source));
  const isVouchedFor = opened.value !== undefined;
  const { set, remarks } = await withoutBadHeaders(opened.value ?? { source, manifest: await rebuildManifest(source) });
  const { manifest } = set;
  if (!isVouchedFor) remarks.push(`${opened.problem}: it was made again from the frame lists; nothing vouches for the set's small files`);
  const made = await madeFrames({ source, manifest }, isVouchedFor);
  const bare: OpenSet = { source, manifest, ...(made.frames === undefined ? {} : { frames: made.frames }) };
  remarks.push(...made.remarks);
  const listed = await asFarAsWhole(() => surveyCatalogue(readCatalogue(bare)));
  if (listed.value !== undefined) return finished(withFirstMembers(bare, made.repaired, listed.value), listed.value, remarks);
  remarks.push(`${listed.problem}: the catalogue was made again from the files' own headers`);
  // They stand in catalogue and manifest, and in no header.
  if (!isVouchedFor) remarks.push("inode flags, and which device nodes and FIFOs are names of one another, are lost");
  const rebuilt = await rebuildCatalogue(bare, isVouchedFor ? manifest.totals.paths : undefined);
  const survey = await surveyCatalogue(rebuilt.entries);
  return finished(
    { ...withFirstMembers(bare, made.repaired, survey), rebuilt },
    { ...survey, paths: survey.paths + rebuilt.broken.length },
    remarks,
  );
}

/** The catalogue tells what the manifest may not know. */
function finished(set: OpenSet, { paths, digestAlgorithm }: Survey, remarks: readonly string[]): OpenSet {
  const { frames, manifest } = set;
  const sum = (value: (frame: PlacedFrame) => number) => (frames ?? []).reduce((total, frame) => total + value(frame), 0);
  const totals = {
    ...manifest.totals,
    ...(manifest.totals.paths > 0 ? {} : { paths }),
    ...(frames === undefined
      ? {}
      : {
          frames: frames.length,
          streamBytes: sum(({ contentBytes }) => contentBytes),
          storedBytes: sum(({ storedBytes }) => storedBytes),
        }),
  };
  return {
    ...set,
    manifest: { ...manifest, totals, digestAlgorithm: digestAlgorithm ?? manifest.digestAlgorithm },
    ...(remarks.length === 0 ? {} : { remarks }),
  };
}

interface Survey {
  readonly paths: number;
  /** Undefined where there is no file. */
  readonly digestAlgorithm: DigestAlgorithm | undefined;
  /** By the frame that they begin in. */
  readonly firstEntries: ReadonlyMap<number, CatalogueEntry>;
}

async function surveyCatalogue(entries: AsyncIterable<CatalogueEntry> | Iterable<CatalogueEntry>): Promise<Survey> {
  let paths = 0;
  let digestAlgorithm: DigestAlgorithm | undefined;
  const firstEntries = new Map<number, CatalogueEntry>();
  for await (const entry of entries) {
    paths += 1;
    if (entry.digest !== undefined) digestAlgorithm ??= algorithmOf(entry.digest);
    if (!firstEntries.has(entry.frame)) firstEntries.set(entry.frame, entry);
  }
  return { paths, digestAlgorithm, firstEntries };
}

/** The catalogue knows where members begin; a list that was made again may not, or say something else. */
function withFirstMembers(set: OpenSet, repaired: ReadonlySet<string>, { firstEntries }: Survey): OpenSet {
  if (set.frames === undefined) return set;
  const frames = set.frames.map((frame) => {
    if (!repaired.has(frame.volume)) return frame;
    const entry = firstEntries.get(frame.number);
    return { ...frame, firstMember: entry?.offset, firstPath: frame.firstPath || (entry === undefined ? "" : printable(entry.path)) };
  });
  return { ...set, frames };
}

type Attempt<T> = { readonly value: T; readonly problem?: undefined } | { readonly value: undefined; readonly problem: string };

async function asFarAsWhole<T>(action: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await action() };
  } catch (error) {
    if (error instanceof LifeboatError) return { value: undefined, problem: error.message };
    throw error;
  }
}
