// Where a set is written, and how it comes to count: checked first, its manifest or its name last.

import { fileInfo, makeNewDirectory, makeTemporaryDirectory, moveIntoPlace, removeTree, walk, writeFile } from "#os/files";
import { LifeboatError } from "#os/error";
import { forgetTemporary } from "#os/temporaries";
import type { MediumFile } from "../bootloaders/medium-files.ts";
import type { Machine } from "../machine/model.ts";
import type { ArchiveMedium } from "../media/archive-medium.ts";
import { directorySource, makeSetDirectory, markStore, setIsThere, STORE_MARK_TEXT } from "../media/directory-store.ts";
import { openIso } from "../media/iso-store.ts";
import type { MediumChanger } from "../media/medium-changer.ts";
import { keepLock, writeLock, type KeptLock } from "../media/set-lock.ts";
import { setIsoName, STAGING_PREFIX } from "../media/store-names.ts";
import { openTransport } from "../media/tape-transport.ts";
import { STORE_MARK, type SetManifest } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { writeManifest } from "./archive-set.ts";
import type { VolumeSink } from "./frame-writer.ts";
import type { MadeImage } from "./rescue-iso.ts";
import { placeOnTape } from "./tape-place.ts";

export interface SetPlace {
  /** Where the set's files are written, volumes too unless they go elsewhere. */
  readonly directory: string;
  /** Takes volumes as they come, where they do not lie in the directory until the end. */
  readonly volumes?: VolumeSink;
  /** Less than other media take. */
  readonly volumeLimitBytes?: number;
  /** Writes what stands before all data, the rescue image too, where the medium is written in order. */
  begin?(head: SetHead): Promise<void>;
  complete(work: Completion): Promise<CompletedSet>;
}

/** Neither is there for a set of files alone. */
export interface SetHead {
  readonly machine: Machine | undefined;
  readonly image: MadeImage | undefined;
}

export interface Completion {
  readonly manifest: SetManifest;
  readonly image: MadeImage | undefined;
  /** Reads all of it. Throws LifeboatError when it is not what was written. */
  check(source: SetSource): Promise<void>;
}

export interface CompletedSet {
  /** The set's directory, or the ISO. */
  readonly path: string;
  readonly mediumBytes: number;
}

export interface PlaceOptions {
  readonly store: string;
  readonly hostName: string;
  readonly createdAt: string;
  readonly changer: MediumChanger;
  /** Told what happens. */
  note(line: string): void;
  readonly id: string;
  /** Removes what is unfinished when it is disposed: half a set helps nobody. */
  readonly cleanUp: AsyncDisposableStack;
}

export async function makePlace(medium: ArchiveMedium, options: PlaceOptions): Promise<SetPlace> {
  switch (medium.kind) {
    case "directory":
      return placeInDirectory(options);
    case "iso":
      return stageForIso(options);
    case "tape":
    case "obdr": {
      const drive = { transport: openTransport(medium.path), changer: options.changer, openDrive: openTransport };
      return placeOnTape({ ...options, medium, drive });
    }
  }
}

async function placeInDirectory({ store, id, cleanUp }: PlaceOptions): Promise<SetPlace> {
  const directory = await makeSetDirectory(store, id);
  let isComplete = false;
  cleanUp.defer(async () => (isComplete ? undefined : removeTree(directory)));
  const lock = cleanUp.use(keepLock(directory));
  return {
    directory,
    async complete({ manifest, check }) {
      await check(directorySource(directory));
      await writeManifest(directory, manifest);
      isComplete = true;
      forgetTemporary(directory);
      await lock.release();
      await markStore(store);
      return { path: directory, mediumBytes: await sizeOfTree(directory) };
    },
  };
}

async function stageForIso({ store, id, cleanUp }: PlaceOptions): Promise<SetPlace> {
  const outputPath = `${store}/${setIsoName(id)}`;
  await checkNew(outputPath);
  const staging = cleanUp.use(await makeTemporaryDirectory(STAGING_PREFIX, store));
  await writeLock(staging.path, id);
  const lock: KeptLock = cleanUp.use(keepLock(staging.path));
  const directory = `${staging.path}/${id}`;
  await makeNewDirectory(directory, 0o700);
  return {
    directory,
    async complete({ manifest, image, check }) {
      await writeManifest(directory, manifest);
      const mark = { path: STORE_MARK, source: `${staging.path}/mark` };
      await writeFile(mark.source, STORE_MARK_TEXT);
      const files = (await filesBelow(directory)).map(({ path, source }) => ({ path: `${id}/${path}`, source }));
      // In the staging directory too, so that nothing of it lies about when we are killed.
      const isoPath = `${staging.path}/${setIsoName(id)}`;
      const mediumBytes = await image!.writeIso(isoPath, [...files, mark]);
      await check(await sourceOn(isoPath, id));
      await checkNew(outputPath);
      await moveIntoPlace(isoPath, outputPath);
      await lock.release();
      await markStore(store);
      return { path: outputPath, mediumBytes };
    },
  };
}

async function sourceOn(isoPath: string, id: string): Promise<SetSource> {
  const iso = await openIso(isoPath);
  if (iso?.ids.includes(id) === true && !iso.isCutShort) return iso.source(id);
  throw new LifeboatError(
    `Cannot trust "${isoPath}" as the image must hold the set: ${iso === undefined ? "it is no image" : "it does not"}`,
    {
      exitCode: 5,
    },
  );
}

async function checkNew(path: string): Promise<void> {
  if ((await fileInfo(path)) !== undefined) throw setIsThere(path);
}

async function filesBelow(directory: string): Promise<readonly MediumFile[]> {
  const entries = await walk(directory);
  return entries.filter(({ type }) => type === "file").map(({ path }) => ({ path, source: `${directory}/${path}` }));
}

async function sizeOfTree(directory: string): Promise<number> {
  let bytes = 0;
  for (const { source } of await filesBelow(directory)) bytes += (await fileInfo(source))?.sizeBytes ?? 0;
  return bytes;
}
