// Reads all of a set: every frame against its digest, every file against the catalogue.

import { LifeboatError } from "#os/error";
import type { ByteText, TarMember } from "../formats/tar-read.ts";
import { absolutePath, printable, type CatalogueEntry } from "./catalogue.ts";
import { attributesDigest, contentDigest, type ContentDigest } from "./content-digest.ts";
import { checkFile, checkListed, damaged, readFrames, readMachine, problemOf, type OpenSet, type PlacedFrame } from "./open-set.ts";
import { isImageFile } from "./device-image-files.ts";
import { readCatalogue } from "./read-catalogue.ts";
import { framesInOrder } from "./read-frames.ts";
import { frameScanner } from "./scan-frames.ts";
import { CATALOGUE_FILE, MACHINE_FILE } from "./set-manifest.ts";
import type { SetSource } from "./set-source.ts";
import { frameStarts, streamPlace } from "./stream-places.ts";

export interface Verification {
  readonly frames: number;
  readonly paths: number;
  /** Of frames and of images of devices. */
  readonly storedBytes: number;
  /** One line each: what is damaged. Empty: the set is whole. */
  readonly damage: readonly string[];
}

/**
 * A set that `openDamagedSet` has opened is read as far as it goes, and what had to be made again is damage too.
 * Throws LifeboatError (5) when a frame list of any other is damaged, so that nothing else can be said.
 */
export async function verifySet(set: OpenSet, progress: (storedBytes: number) => void): Promise<Verification> {
  let storedBytes = 0;
  const small = await checkFiles(set, (bytes) => progress((storedBytes += bytes)));
  const remarks = set.remarks ?? [];
  // A remark says the same, and what was done about it.
  const damage = [
    ...small.map(({ message }) => message).filter((message) => !remarks.some((line) => line.startsWith(message))),
    ...remarks,
  ];
  if (!small.some(({ name }) => name === MACHINE_FILE)) damage.push(...(await machineDamage(set)));
  const frames = await readFrames(set);
  // Without a catalogue the frames speak for themselves.
  const hasCatalogue = set.rebuilt !== undefined || !small.some(({ name }) => name === CATALOGUE_FILE);
  const comparison = hasCatalogue ? compareWithCatalogue(set, frameStarts(frames), damage) : undefined;
  for await (const { frame, content, why } of framesInOrder(set, frames)) {
    storedBytes += frame.storedBytes;
    progress(storedBytes);
    const state = content === undefined ? why : await comparison?.take(frame, content);
    if (state === undefined) continue;
    damage.push(`frame ${frame.number} in ${frame.volume}, which begins in "${frame.firstPath}": ${state}`);
    comparison?.gap();
  }
  const paths = (await comparison?.finish()) ?? 0;
  // What is damaged and has a name was named: it is in the medium's own digest too.
  const mediumDamage = damage.length === 0 ? await set.source.checkMedium?.() : undefined;
  if (mediumDamage !== undefined) damage.push(mediumDamage);
  return { frames: frames.length, paths, storedBytes, damage: [...damage, ...lossLines(set)] };
}

/** What a catalogue that was made again does not have. */
function lossLines({ rebuilt }: OpenSet): readonly string[] {
  if (rebuilt === undefined) return [];
  const { broken, unnamed } = rebuilt;
  const nameless =
    unnamed === undefined ? "more paths may be lost, whose names the damage took" : `${unnamed} paths are lost whose names the damage took`;
  return [...broken.map((path) => `"${printable(path)}" is lost`), ...(unnamed === 0 ? [] : [nameless])];
}

/** Its digest may be right, and what it says not be what a restore can read. */
async function machineDamage(set: OpenSet): Promise<readonly string[]> {
  try {
    await readMachine(set);
    return [];
  } catch (error) {
    if (error instanceof LifeboatError) return [error.message];
    throw error;
  }
}

interface ReadMember {
  readonly member: TarMember;
  readonly place: number;
  readonly digest: string | undefined;
}

/** Members and catalogue lines come in the same order: by their place in the stream. */
function compareWithCatalogue(set: OpenSet, starts: readonly number[], damage: string[]) {
  const { digestAlgorithm } = set.manifest;
  const lines = catalogueLines(readCatalogue(set), starts, damage);
  let current: { readonly member: TarMember; readonly place: number; readonly digest: ContentDigest | undefined } | undefined;
  let read: ReadMember[] = [];
  let whole = 0;
  const scanner = frameScanner(starts, {
    member(member, _, place) {
      current = { member, place, digest: member.type === "file" ? contentDigest(member, digestAlgorithm) : undefined };
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
  const compare = async ({ member, place, digest }: ReadMember) => {
    const entry = await lines.takeAt(place);
    const difference =
      entry === undefined ? "the catalogue does not name it" : (differs(entry, member, digest) ?? lostWith(entry, lines.lost));
    if (difference === undefined) whole += 1;
    else damage.push(`"${printable(absolutePath(member.path))}": ${difference}`);
  };
  return {
    gap: () => scanner.gap(),
    /** Says why when the content is not what a frame should hold. */
    async take(frame: PlacedFrame, content: Uint8Array): Promise<string | undefined> {
      const state = lieIn(() => scanner.take(frame, content));
      for (const one of read) await compare(one);
      read = [];
      return state;
    },
    async finish(): Promise<number> {
      await lines.loseRest();
      return whole;
    },
  };
}

/** What the stream has passed by is lost, and said to be. */
function catalogueLines(entries: AsyncGenerator<CatalogueEntry>, starts: readonly number[], damage: string[]) {
  let next: CatalogueEntry | undefined;
  const lost = new Set<ByteText>();
  const advance = async () => {
    const result = await entries.next();
    next = result.done === true ? undefined : result.value;
  };
  /** All that is left without a place. */
  const loseBefore = async (place?: number) => {
    if (next === undefined) await advance();
    for (;;) {
      if (next === undefined || (place !== undefined && streamPlace(starts, next) >= place)) return;
      lost.add(next.path);
      damage.push(`"${printable(next.path)}" is lost`);
      await advance();
    }
  };
  return {
    lost,
    /** Undefined when no line has this place. */
    async takeAt(place: number): Promise<CatalogueEntry | undefined> {
      await loseBefore(place);
      if (next === undefined || streamPlace(starts, next) > place) return undefined;
      const taken = next;
      await advance();
      return taken;
    },
    loseRest: () => loseBefore(),
  };
}

/** In words that follow a colon; undefined when it is what the catalogue says. */
function differs(entry: CatalogueEntry, member: TarMember, digest: string | undefined): string | undefined {
  if (entry.path !== absolutePath(member.path)) return `the catalogue has "${printable(entry.path)}" in its place`;
  if (entry.type !== member.type) return `it is a ${member.type}, and a ${entry.type} in the catalogue`;
  const facts: readonly (readonly [name: string, listed: unknown, read: unknown])[] = [
    ["content", entry.digest, digest],
    ["size", entry.sizeBytes, member.sizeBytes],
    ["mode", entry.mode, member.mode],
    ["owner", `${entry.uid}:${entry.gid}`, `${member.uid}:${member.gid}`],
    ["time of change", entry.mtime.join(), member.mtime.join()],
    ["attributes", entry.attributesDigest, attributesDigest(member.attributes)],
    ["link", entry.target ?? entry.hardlinkOf, member.type === "hard-link" ? absolutePath(member.linkTarget ?? "") : member.linkTarget],
    ["device number", entry.device?.join(), member.device?.join()],
  ];
  const other = facts.find(([, listed, read]) => listed !== read);
  return other === undefined ? undefined : `its ${other[0]} is another than in the catalogue`;
}

/** The content of a hard link is with its first name. */
function lostWith({ hardlinkOf }: CatalogueEntry, lost: ReadonlySet<ByteText>): string | undefined {
  return hardlinkOf !== undefined && lost.has(hardlinkOf)
    ? `it is lost with "${printable(hardlinkOf)}", whose content it shares`
    : undefined;
}

function lieIn(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof LifeboatError) return error.message;
    throw error;
  }
}

/** Those that no frame list speaks for, volumes that are longer than their frames, and the rescue image beside the set. `progress` hears of images alone: all else is small. */
async function checkFiles(
  set: OpenSet,
  progress: (bytes: number) => void,
): Promise<readonly { readonly name: string; readonly message: string }[]> {
  const { source, manifest } = set;
  const damage: { name: string; message: string }[] = [];
  if (source.mediumDamage !== undefined) damage.push({ name: source.medium.description, message: source.mediumDamage });
  const note = async (name: string, check: Promise<void>) => {
    const problem = await problemOf(check);
    if (problem !== undefined) damage.push({ name, message: problem });
  };
  for (const { name, digest, sizeBytes } of manifest.files) {
    await note(
      name,
      digest === undefined ? checkLength(source, name, sizeBytes) : checkFile(set, name, isImageFile(name) ? progress : undefined),
    );
  }
  for (const file of manifest.image ?? []) await note(file.name, checkListed(source.medium, file));
  return damage;
}

async function checkLength(source: SetSource, name: string, sizeBytes: number): Promise<void> {
  if (((await source.sizeOf(name)) ?? 0) <= sizeBytes) return;
  throw damaged(source, name, { rule: `it must have ${sizeBytes} bytes`, state: "it has more" });
}
