// Fills one disc after the other: volumes as they come, each disc made into an ISO when it is full.

import { createFile } from "#os/file-writer";
import { LifeboatError } from "#os/error";
import { fileInfo, removeFile, walk, writeFile } from "#os/files";
import { assembleDataIso, measureDataIso } from "../bootloaders/data-iso.ts";
import { sizesOf, type MediumFile } from "../bootloaders/medium-files.ts";
import { isDataFile } from "../set/device-image-files.ts";
import { DISC_NOTE_FILE, formatDiscNote } from "../set/disc-note.ts";
import { FRAME_BYTES } from "../set/frame-list.ts";
import { LUKS_DIRECTORY, MACHINE_FILE, STORE_MARK, withFrameList } from "../set/set-manifest.ts";
import { STORE_MARK_TEXT } from "../media/directory-store.ts";
import type { VolumeSink } from "./frame-writer.ts";
import type { MadeImage } from "./rescue-iso.ts";

export interface MadeDisc {
  readonly number: number;
  readonly isoPath: string;
  readonly sizeBytes: number;
  readonly isLast: boolean;
}

export interface DiscOptions {
  readonly id: string;
  /** The set's files, and volumes until their disc is made. */
  readonly directory: string;
  /** Where ISOs and what is needed to make them are written. */
  readonly workDirectory: string;
  /** Bytes that each may have; Infinity for one that has all. */
  readonly limitBytes: number;
  readonly image: MadeImage;
  /** Discs are given away as they become full. Else the first one waits until the end, and has copies of catalogue and manifest. */
  readonly inOrder: boolean;
  isoPath(number: number): string;
  /** Called before a disc is made. */
  begin(number: number): Promise<void>;
  /** Called with each disc, in the order in which they are made. */
  made(disc: MadeDisc, files: readonly MediumFile[]): Promise<void>;
}

export interface DiscWriter {
  readonly volumes: VolumeSink;
  /** The disc that a volume has gone to; undefined while there is but one. */
  mediumOf(name: string): number | undefined;
  /** Everything else stands in the directory: makes what is not made yet. */
  finish(): Promise<void>;
}

/** Descriptors, directories and padding of an ISO, and the blocks that fill its last cylinder. */
const DISC_OVERHEAD_BYTES = 1024 * 1024;
/** A frame that cannot be squeezed, with its line in the list: names of 4,095 bytes, each escaped. */
const LEAST_ROOM_BYTES = FRAME_BYTES + 64 * 1024;

interface Disc {
  readonly number: number;
  /** That nothing else may take. */
  usedBytes: number;
  readonly volumes: string[];
}

interface Filling {
  current: Disc;
  /** The first one, where it is made last. */
  waiting: Disc | undefined;
  readonly mediumOf: Map<string, number>;
}

/** Throws LifeboatError (3) when the first disc has no room for the rescue image. */
export async function startDiscs(options: DiscOptions): Promise<DiscWriter> {
  const { directory, limitBytes, image } = options;
  const bootBytes = limitBytes === Infinity ? 0 : await image.measureIso([]);
  const first: Disc = { number: 1, usedBytes: bootBytes + DISC_OVERHEAD_BYTES, volumes: [] };
  requireRoom(limitBytes, first.usedBytes + LEAST_ROOM_BYTES);
  const filling: Filling = { current: first, waiting: undefined, mediumOf: new Map() };
  const leftBytes = async () => limitBytes - (await usedBytes(directory, filling.current));
  return {
    mediumOf: (name) => (filling.current.number === 1 ? undefined : filling.mediumOf.get(name)),
    volumes: {
      expect: (papersBytes) => keepRoom(options, first, papersBytes),
      async open(name) {
        if ((await leftBytes()) < LEAST_ROOM_BYTES) await turnOver(options, filling);
        const roomBytes = await leftBytes();
        filling.current.volumes.push(name);
        filling.mediumOf.set(name, filling.current.number);
        return { ...(await createFile(`${directory}/${name}`)), roomBytes };
      },
    },
    async finish() {
      const papers = await papersIn(options);
      if (!(await fits(options, filling.current, papers))) await turnOver(options, filling);
      await makeDisc(options, filling.current, { papers, isLast: true });
      const { waiting } = filling;
      if (waiting === undefined) return;
      const copies = (await fits(options, waiting, papers)) ? papers : await knownPapers(options);
      await makeDisc(options, waiting, { papers: copies, isLast: false });
    },
  };
}

/** The current disc is full. */
async function turnOver(options: DiscOptions, filling: Filling): Promise<void> {
  const { current } = filling;
  const isFirst = current.number === 1;
  if (isFirst && !options.inOrder) filling.waiting = current;
  else await makeDisc(options, current, { papers: isFirst ? await knownPapers(options) : [], isLast: false });
  filling.current = { number: current.number + 1, usedBytes: DISC_OVERHEAD_BYTES, volumes: [] };
}

/** On the first disc for what is known, and for copies of what is not, where that leaves it room; else the last disc is asked for first. */
async function keepRoom(options: DiscOptions, first: Disc, papersBytes: number): Promise<void> {
  const { limitBytes } = options;
  const knownBytes = (await sizesOf(await papersIn(options))).reduce((total, size) => total + roundedUp(size), 0);
  first.usedBytes += knownBytes;
  requireRoom(limitBytes, first.usedBytes + LEAST_ROOM_BYTES);
  requireRoom(limitBytes, DISC_OVERHEAD_BYTES + knownBytes + papersBytes);
  if (first.usedBytes + papersBytes + LEAST_ROOM_BYTES <= limitBytes) first.usedBytes += papersBytes;
}

function requireRoom(limitBytes: number, neededBytes: number): void {
  if (neededBytes > limitBytes) throw tooSmall(limitBytes, neededBytes);
}

function tooSmall(limitBytes: number, neededBytes: number): LifeboatError {
  const leastMegabytes = Math.ceil(neededBytes / 1e6) + 1;
  return new LifeboatError(
    `Cannot make ISOs of ${Math.floor(limitBytes / 1e6)} MB as each must hold what has to be together: ${leastMegabytes} MB are needed`,
    { exitCode: 3, hint: `Give ?size=${leastMegabytes}M or more; --small makes the rescue image smaller` },
  );
}

/** With the volumes and frame lists that are on it so far. */
async function usedBytes(directory: string, { usedBytes: kept, volumes }: Disc): Promise<number> {
  let bytes = kept;
  for (const name of volumes.flatMap(withFrameList)) bytes += roundedUp((await fileInfo(`${directory}/${name}`))?.sizeBytes ?? 0);
  return bytes;
}

/** A file begins at a block of its own. */
function roundedUp(bytes: number): number {
  return Math.ceil(bytes / 2048) * 2048 + 2048;
}

/** All of the set's files but its data. */
async function papersIn({ directory, id }: DiscOptions): Promise<readonly MediumFile[]> {
  const entries = await walk(directory);
  return entries
    .filter(({ type, path }) => type === "file" && !isDataFile(path))
    .map(({ path }) => ({ path: `${id}/${path}`, source: `${directory}/${path}` }));
}

/** What the first disc has where the end is not known, or does not fit on it. */
async function knownPapers(options: DiscOptions): Promise<readonly MediumFile[]> {
  const papers = await papersIn(options);
  const early = [`/${MACHINE_FILE}`, `/${LUKS_DIRECTORY}/`];
  return papers.filter(({ path }) => early.some((name) => path.includes(name)));
}

interface DiscContent {
  readonly papers: readonly MediumFile[];
  readonly isLast: boolean;
}

async function fits(options: DiscOptions, disc: Disc, papers: readonly MediumFile[]): Promise<boolean> {
  const { limitBytes } = options;
  return limitBytes === Infinity || (await measure(options, disc, await filesOf(options, disc, { papers, isLast: true }))) <= limitBytes;
}

async function filesOf({ directory, id, workDirectory }: DiscOptions, { number, volumes }: Disc, { papers, isLast }: DiscContent) {
  const mark = { path: STORE_MARK, source: `${workDirectory}/mark` };
  await writeFile(mark.source, STORE_MARK_TEXT);
  const note = { path: `${id}/${DISC_NOTE_FILE}`, source: `${workDirectory}/${DISC_NOTE_FILE}` };
  await writeFile(note.source, formatDiscNote({ set: id, disc: number, isLast }));
  const data = volumes.flatMap(withFrameList).map((name) => ({ path: `${id}/${name}`, source: `${directory}/${name}` }));
  const byPath = new Map([...papers, ...data, note, mark].map((file) => [file.path, file] as const));
  return [...byPath.values()];
}

function measure({ image, id, workDirectory }: DiscOptions, { number }: Disc, files: readonly MediumFile[]): Promise<number> {
  return number === 1
    ? image.measureIso(files)
    : measureDataIso({ ...dataIso(image, id, number), outputPath: `${workDirectory}/none.iso`, files });
}

function dataIso({ sourceDateEpoch }: MadeImage, id: string, number: number) {
  return { volumeId: `LIFEBOAT_${number}`, sourceDateEpoch, seed: `${id} ${number}` };
}

/** The volumes on it are removed. Throws LifeboatError (4) when it is larger than allowed. */
async function makeDisc(options: DiscOptions, disc: Disc, content: DiscContent): Promise<void> {
  const { image, id, limitBytes, directory } = options;
  const { number, volumes } = disc;
  await options.begin(number);
  const isoPath = options.isoPath(number);
  const files = await filesOf(options, disc, content);
  const sizeBytes =
    number === 1
      ? await image.writeIso(isoPath, files)
      : await assembleDataIso({ ...dataIso(image, id, number), outputPath: isoPath, files });
  if (sizeBytes > limitBytes) {
    throw new LifeboatError(`Cannot use "${isoPath}" as it may have ${limitBytes} bytes: it has ${sizeBytes}`, { exitCode: 4 });
  }
  await options.made({ number, isoPath, sizeBytes, isLast: content.isLast }, files);
  for (const name of volumes) await removeFile(`${directory}/${name}`);
}
