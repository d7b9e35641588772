// A set that becomes ISO images in a directory: one, or as many as their size needs. The first one comes last, and makes it a set.

import { LifeboatError } from "#os/error";
import { makeNewDirectory, makeTemporaryDirectory, moveIntoPlace, removeFile } from "#os/files";
import { forgetTemporary, rememberTemporary } from "#os/temporaries";
import { markStore, setIsThere } from "../media/directory-store.ts";
import { DIGEST_ENDING, writeImageDigest } from "../media/image-digest.ts";
import { isoFilesIn, isoSetsIn, isoSetSource } from "../media/iso-sets.ts";
import { keepLock, writeLock, type KeptLock } from "../media/set-lock.ts";
import { setIsoName, STAGING_PREFIX } from "../media/store-names.ts";
import type { SetSource } from "../set/set-source.ts";
import { writeManifest } from "./archive-set.ts";
import { runVolumeCommand } from "./disc-wishes.ts";
import { startDiscs, type MadeDisc } from "./disc-writer.ts";
import type { MadeImage } from "./rescue-iso.ts";
import type { PlaceOptions, SetPlace } from "./set-place.ts";

export interface ImagePlaceOptions extends Omit<PlaceOptions, "image"> {
  readonly image: MadeImage;
  /** Bytes that each image may have; undefined for one image that has all. */
  readonly limitBytes: number | undefined;
}

export async function placeOnImages(options: ImagePlaceOptions): Promise<SetPlace> {
  const { store, id, image, limitBytes = Infinity, discs: wishes } = options;
  const { prefix = id } = wishes;
  const pathOf = (number: number) => `${store}/${setIsoName(prefix, number)}`;
  await checkNone(store, prefix);
  const { staging, directory, lock } = await openStaging(options);
  const made: MadeDisc[] = [];
  const discs = await startDiscs({
    id,
    limitBytes,
    image,
    directory,
    workDirectory: staging,
    inOrder: false,
    // In the staging directory, so that nothing of them lies about when we are killed.
    isoPath: (number) => `${staging}/${setIsoName(prefix, number)}`,
    begin: (number) => runVolumeCommand(wishes, { when: "before", setId: id, number, path: pathOf(number) }),
    made: async (disc) => void made.push(disc),
  });
  return {
    directory,
    volumes: discs.volumes,
    mediumOf: discs.mediumOf,
    async complete({ manifest, check }) {
      await writeManifest(directory, manifest);
      await discs.finish();
      await check(await sourceOn(staging, id, made.length));
      await checkNone(store, prefix);
      const path = await publish(made, pathOf);
      await lock.release();
      await markStore(store);
      for (let number = 1; number <= made.length; number += 1) {
        await runVolumeCommand(wishes, { when: "after", setId: id, number, path: pathOf(number) });
      }
      return { path, mediumBytes: made.reduce((total, { sizeBytes }) => total + sizeBytes, 0), discs: made.length };
    },
  };
}

export interface Staging {
  readonly staging: string;
  /** Of the set, in it. */
  readonly directory: string;
  readonly lock: KeptLock;
}

/** Where images are made, and their content waits. */
export async function openStaging({ store, id, cleanUp }: Pick<PlaceOptions, "store" | "id" | "cleanUp">): Promise<Staging> {
  const { path } = cleanUp.use(await makeTemporaryDirectory(STAGING_PREFIX, store));
  await writeLock(path, id);
  const lock = cleanUp.use(keepLock(path));
  const directory = `${path}/${id}`;
  await makeNewDirectory(directory, 0o700);
  return { staging: path, directory, lock };
}

/** Gives all of them their names, the first one last, each behind its digest. Throws LifeboatError; then none has its name. */
async function publish(made: readonly MadeDisc[], nameOf: (number: number) => string): Promise<string> {
  const moved: string[] = [];
  try {
    for (const { number, isoPath } of made) {
      const path = nameOf(number);
      moved.push(rememberTemporary(`${path}${DIGEST_ENDING}`));
      await writeImageDigest(isoPath, path.slice(path.lastIndexOf("/") + 1), `${path}${DIGEST_ENDING}`);
    }
    for (const { number, isoPath } of [...made].sort((a, b) => b.number - a.number)) {
      moved.push(rememberTemporary(nameOf(number)));
      await moveIntoPlace(isoPath, nameOf(number));
    }
  } catch (error) {
    for (const path of moved) await removeFile(path);
    throw error;
  }
  for (const path of moved) forgetTemporary(path);
  return nameOf(1);
}

async function sourceOn(directory: string, id: string, discs: number): Promise<SetSource> {
  const set = (await isoSetsIn(await isoFilesIn(directory))).find((found) => found.id === id);
  const isWhole =
    set !== undefined && set.missing.length === 0 && set.discs.length === discs && !set.discs.some(({ iso }) => iso.isCutShort);
  if (set !== undefined && isWhole) return isoSetSource(set);
  throw new LifeboatError(`Cannot trust the images in "${directory}" as they must hold ${id} on ${discs} discs: they do not`, {
    exitCode: 5,
  });
}

async function checkNone(store: string, prefix: string): Promise<void> {
  const names = (await isoFilesIn(store)).map((path) => path.slice(store.length + 1));
  const taken = names.find((name) => name.startsWith(prefix) && /^-\d+\.iso$/.test(name.slice(prefix.length)));
  if (taken !== undefined) throw setIsThere(`${store}/${taken}`);
}
