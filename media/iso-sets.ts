// Sets in the ISO images of a directory: on one each, or on several that belong together.

import { LifeboatError } from "#os/error";
import { listDirectory } from "#os/files";
import { utf8Decode } from "../formats/text.ts";
import { isOnlyDisc, type DiscNote } from "../set/disc-note.ts";
import { MANIFEST_FILE } from "../set/set-manifest.ts";
import type { FileSource, SetSource } from "../set/set-source.ts";
import { imageDamage } from "./image-digest.ts";
import { openIso, type OpenIso } from "./iso-store.ts";
import { manifestState, type StoredSet } from "./stored-set.ts";

/** One image, as one of a set's discs. */
export interface IsoDisc {
  readonly id: string;
  readonly iso: OpenIso;
  readonly note: DiscNote;
}

/** A set on the images that are here of it, in their order. */
export interface IsoSet {
  readonly id: string;
  readonly discs: readonly IsoDisc[];
  /** Numbers of discs that are not here, and `last` when none says how many there are. */
  readonly missing: readonly (number | "last")[];
}

/** All sets that have a disc among these files; others are passed over. */
export async function isoSetsIn(paths: readonly string[]): Promise<readonly IsoSet[]> {
  const discs: IsoDisc[] = [];
  for (const path of paths) discs.push(...(await discsOn(path)));
  return [...new Set(discs.map(({ id }) => id))].flatMap((id) => grouped(discs.filter((disc) => disc.id === id)));
}

/** Somebody else's image that is broken is nobody's set. */
async function discsOn(path: string): Promise<readonly IsoDisc[]> {
  try {
    const iso = await openIso(path);
    return iso === undefined ? [] : await discsOf(iso);
  } catch (error) {
    if (error instanceof LifeboatError) return [];
    throw error;
  }
}

/** What an image holds of sets. */
export async function discsOf(iso: OpenIso): Promise<readonly IsoDisc[]> {
  return Promise.all(iso.ids.map(async (id) => ({ id, iso, note: (await iso.disc(id)) ?? { set: id, disc: 1, isLast: true } })));
}

/** Copies of a whole set are sets of their own; of several discs one copy of each counts. */
function grouped(discs: readonly IsoDisc[]): readonly IsoSet[] {
  const whole = discs.filter(({ note }) => isOnlyDisc(note));
  const parts = new Map(discs.filter((disc) => !whole.includes(disc)).map((disc) => [disc.note.disc, disc] as const));
  const alone = whole.map((disc) => ({ id: disc.id, discs: [disc], missing: [] }));
  return parts.size === 0 ? alone : [...alone, joinedSet([...parts.values()])];
}

function joinedSet(parts: readonly IsoDisc[]): IsoSet {
  const discs = [...parts].sort((a, b) => a.note.disc - b.note.disc);
  const last = discs[discs.length - 1]!;
  const numbers = new Set(discs.map(({ note }) => note.disc));
  const missing = Array.from({ length: last.note.disc }, (_, index) => index + 1).filter((number) => !numbers.has(number));
  return { id: last.id, discs, missing: last.note.isLast ? missing : [...missing, "last"] };
}

/** Everything that is on any of them. */
export function isoSetSource({ id, discs }: IsoSet): SetSource {
  const sources = discs.map(({ iso }) => iso.source(id));
  const first = sources[0]!;
  const short = discs.find(({ iso }) => iso.isCutShort)?.iso.path;
  const checkMedium = async () => {
    for (const { iso } of discs) {
      const damage = await imageDamage(iso.path);
      if (damage !== undefined) return damage;
    }
    return undefined;
  };
  const whole = { ...joinedFiles(first.description, sources), medium: first.medium, checkMedium };
  return short === undefined ? whole : { ...whole, mediumDamage: shortText(short) };
}

/** Behind the set's files stands what UEFI starts and what a disk's table ends with. */
function shortText(path: string): string {
  return `Cannot start a machine from "${path}" as the image must be whole: the file ends before its volume does`;
}

function joinedFiles(description: string, sources: readonly FileSource[]): FileSource {
  const holding = async (name: string) => {
    for (const source of sources) if ((await source.sizeOf(name)) !== undefined) return source;
    return undefined;
  };
  return {
    description,
    sizeOf: async (name) => (await holding(name))?.sizeOf(name),
    read: async (name, offset, room) => ((await holding(name)) ?? sources[0]!).read(name, offset, room),
  };
}

/** For a list. */
export async function storedIsoSet(set: IsoSet): Promise<StoredSet> {
  const { id, discs } = set;
  const about = { id, path: discs[0]!.iso.path, kind: "iso", ...(discs.length > 1 ? { discs: discs.length } : {}) } as const;
  const damaged = (problem: string): StoredSet => ({ ...about, state: "damaged", manifest: undefined, problem });
  const short = discs.find(({ iso }) => iso.isCutShort);
  if (short !== undefined)
    return damaged(`its image${discs.length > 1 ? ` ${short.iso.path}` : ""} is cut short: the file ends before the volume does`);
  if (set.missing.length > 0) return damaged(missingText(set));
  const source = isoSetSource(set);
  const sizeBytes = await source.sizeOf(MANIFEST_FILE);
  if (sizeBytes === undefined) return damaged("there is no manifest");
  return manifestState(about, utf8Decode(await source.read(MANIFEST_FILE, 0, sizeBytes)));
}

/** `disc 2 is not here` */
export function missingText({ missing }: IsoSet): string {
  const names = missing.map((number) => (number === "last" ? "the last disc" : `disc ${number}`));
  return `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} not here`;
}

/** Paths of what is called like an image. */
export async function isoFilesIn(directory: string): Promise<readonly string[]> {
  return (await listDirectory(directory)).filter((name) => /\.iso$/i.test(name)).map((name) => `${directory}/${name}`);
}
