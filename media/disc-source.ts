// A set on discs, read disc by disc: what says what is in it is copied from the last one, or the first; the others are asked for as their data is needed.

import { LifeboatError } from "#os/error";
import { createFile } from "#os/file-writer";
import { exists, holdOpen, makeDirectory, makeTemporaryDirectory, readText, writeFile } from "#os/files";
import { isDataFile } from "../set/device-image-files.ts";
import { isOnlyDisc } from "../set/disc-note.ts";
import { checkFile, openSet, piecesOf, problemOf } from "../set/open-set.ts";
import { MANIFEST_FILE, parseManifest, type SetManifest } from "../set/set-manifest.ts";
import type { FileSource, SetSource } from "../set/set-source.ts";
import { directorySource } from "./directory-store.ts";
import { discsIn, wantedDisc, type DriveRack, type PlacedDisc } from "./disc-drives.ts";
import type { IsoDisc } from "./iso-sets.ts";
import { MUST_STAY_NOTE } from "./medium.ts";

export interface DiscReading extends DriveRack {
  /** Removes what was copied. */
  readonly cleanUp: AsyncDisposableStack;
  /** A file that is there when no disc may be changed; the agent's note unless given. */
  readonly mustStayNote?: string;
}

/** `id`: of the set, where several may be on a disc. Throws LifeboatError (2) where there is none, (5) for a damaged manifest. */
export async function openDiscSet(drive: string, reading: DiscReading, id?: string): Promise<SetSource> {
  const disc = (await discsIn(drive))?.find((one) => id === undefined || one.id === id);
  if (disc === undefined) {
    throw new LifeboatError(`Cannot open "${drive}" as a disc with a set must be in it: there is none`, {
      exitCode: 2,
      hint: "Put one of the set's discs in",
    });
  }
  return isOnlyDisc(disc.note) ? disc.iso.source(disc.id) : spannedSource({ drive, disc }, reading);
}

async function spannedSource(first: PlacedDisc, reading: DiscReading): Promise<SetSource> {
  const { id } = first.disc;
  await requireFreeDrive(reading);
  await keepTraysOpen(reading.cleanUp);
  const shelf = await discShelf(first, reading);
  const papers = (await soundCopies(first.disc, reading.cleanUp)) ?? (await copyPapers(await shelf.take("last"), reading.cleanUp));
  const manifest = parseManifest(await readText(`${papers}/${MANIFEST_FILE}`), `${first.drive}/${id}/${MANIFEST_FILE}`);
  const small = directorySource(papers);
  const data = dataSource(`${first.drive}/${id}`, manifest, shelf);
  return {
    ...data,
    sizeOf: async (name) => (await small.sizeOf(name)) ?? data.sizeOf(name),
    read: async (name, offset, room) => ((await small.sizeOf(name)) === undefined ? data : small).read(name, offset, room),
    medium: {
      description: first.drive,
      sizeOf: async (name) => manifest.image?.find((file) => file.name === name)?.sizeBytes,
      read: (name, offset, room) => shelf.use(1, ({ iso }) => iso.source(id).medium.read(name, offset, room)),
    },
  };
}

async function requireFreeDrive({ mustStayNote = MUST_STAY_NOTE }: DiscReading): Promise<void> {
  if (!(await exists(mustStayNote))) return;
  throw new LifeboatError(
    "Cannot restore from several discs as they are changed in the drive: this rescue system's disc must stay, as there is too little memory for a copy of its tools",
    { hint: "Give the machine more memory, or copy the discs as PREFIX-N.iso onto one disk" },
  );
}

/** Sizes as the manifest has them: a disc is not asked for only to look. */
function dataSource(description: string, { id, files }: SetManifest, shelf: DiscShelf): FileSource {
  const byName = new Map(files.map((file) => [file.name, file] as const));
  return {
    description,
    sizeOf: async (name) => (isDataFile(name) ? byName.get(name)?.sizeBytes : undefined),
    read: (name, offset, room) => shelf.use(byName.get(name)?.medium ?? 1, ({ iso }) => iso.source(id).read(name, offset, room)),
  };
}

interface DiscShelf {
  take(number: number | "last"): Promise<IsoDisc>;
  /** One after the other, in the order of the calls, so that no disc is asked for twice in a pass over them. */
  use<T>(number: number, work: (disc: IsoDisc) => Promise<T>): Promise<T>;
}

async function discShelf(first: PlacedDisc, reading: DiscReading): Promise<DiscShelf> {
  let current = first;
  // A drive that nobody has open forgets what it has read, and opens at the press of its button.
  let held = await holdOpen(first.drive);
  reading.cleanUp.defer(() => held[Symbol.asyncDispose]());
  let turn: Promise<unknown> = Promise.resolve();
  const take = async (number: number | "last") => {
    const { note, id } = current.disc;
    if (number === "last" ? !note.isLast : note.disc !== number) {
      await held[Symbol.asyncDispose]();
      current = await wantedDisc({ setId: id, number, drive: current.drive }, reading);
      held = await holdOpen(current.drive);
    }
    return current.disc;
  };
  return {
    take,
    use(number, work) {
      const done = turn.then(async () => work(await take(number)));
      turn = done.catch(() => undefined);
      return done;
    },
  };
}

/** Of the first disc, whose copies are as good as what the last one has. Undefined where it has none, or damaged ones. */
async function soundCopies(disc: IsoDisc, cleanUp: AsyncDisposableStack): Promise<string | undefined> {
  if (!disc.iso.names(disc.id).includes(MANIFEST_FILE)) return undefined;
  if (disc.note.isLast) return copyPapers(disc, cleanUp);
  let directory: string | undefined;
  const problem = await problemOf(
    (async () => {
      directory = await copyPapers(disc, cleanUp);
      const set = await openSet(directorySource(directory));
      for (const { name } of set.manifest.files) if (!isDataFile(name)) await checkFile(set, name);
    })(),
  );
  return problem === undefined ? directory : undefined;
}

/** Manifest, catalogue, frame lists and the like, so that no disc is needed twice for them. Returns the directory. */
async function copyPapers({ iso, id }: IsoDisc, cleanUp: AsyncDisposableStack): Promise<string> {
  const source = iso.source(id);
  const { path } = cleanUp.use(await makeTemporaryDirectory());
  const directory = `${path}/${id}`;
  await makeDirectory(directory, 0o700);
  for (const name of iso.names(id).filter((one) => !isDataFile(one))) {
    if (name.includes("/")) await makeDirectory(`${directory}/${name.replace(/\/.*/, "")}`, 0o700);
    await using file = await createFile(`${directory}/${name}`);
    for await (const piece of piecesOf(source, name)) await file.write(piece);
    await file.close();
  }
  return directory;
}

const AUTOCLOSE = "/proc/sys/dev/cdrom/autoclose";

/** Else each look into an open drive would close it, while somebody changes the disc (Documentation/cdrom/cdrom-standard.rst). */
async function keepTraysOpen(cleanUp: AsyncDisposableStack): Promise<void> {
  const before = await readText(AUTOCLOSE).catch(() => undefined);
  if (before?.trim() !== "1") return;
  await writeFile(AUTOCLOSE, "0").catch(() => undefined);
  cleanUp.defer(() => writeFile(AUTOCLOSE, "1").catch(() => undefined));
}
