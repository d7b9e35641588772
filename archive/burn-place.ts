// A set that is burned: each disc as soon as it is full, so that the directory needs room for two of them at most.

import { LifeboatError } from "#os/error";
import { algorithmOf, digestFile, digestOfBytes, startDigest } from "#os/digest";
import { readText, removeFile } from "#os/files";
import type { MediumFile } from "../bootloaders/medium-files.ts";
import { openIso } from "../media/iso-store.ts";
import { setIsoName } from "../media/store-names.ts";
import { parseFrameList } from "../set/frame-list.ts";
import { piecesOf } from "../set/open-set.ts";
import { frameListName, volumeNumber } from "../set/set-manifest.ts";
import type { FileSource } from "../set/set-source.ts";
import { writeManifest } from "./archive-set.ts";
import { burn } from "./burner.ts";
import { openStaging, type ImagePlaceOptions } from "./disc-place.ts";
import { runVolumeCommand, type BurnWishes } from "./disc-wishes.ts";
import { startDiscs, type MadeDisc } from "./disc-writer.ts";
import type { CompletedSet, SetPlace } from "./set-place.ts";

export async function placeOnBurnedDiscs(options: ImagePlaceOptions, wishes: BurnWishes): Promise<SetPlace> {
  const { id, image, limitBytes = Infinity, discs, verify } = options;
  const { staging, directory } = await openStaging(options);
  const burned: MadeDisc[] = [];
  const isoPath = (number: number) => `${staging}/${setIsoName(discs.prefix ?? id, number)}`;
  const writer = await startDiscs({
    id,
    directory,
    workDirectory: staging,
    limitBytes,
    image,
    inOrder: true,
    isoPath,
    begin: (number) => runVolumeCommand(discs, { when: "before", setId: id, number, path: isoPath(number) }),
    async made(disc, files) {
      if (verify) await checkImage(disc.isoPath, id, files);
      await burn(wishes, { ...options, setId: id, isoPath: disc.isoPath, number: disc.number });
      await runVolumeCommand(discs, { when: "after", setId: id, number: disc.number, path: disc.isoPath });
      await removeFile(disc.isoPath);
      burned.push(disc);
    },
  });
  return {
    directory,
    volumes: writer.volumes,
    mediumOf: writer.mediumOf,
    async complete({ manifest }) {
      await writeManifest(directory, manifest);
      await writer.finish();
      return completed(burned, wishes, verify);
    },
  };
}

function completed(burned: readonly MadeDisc[], { drive, isDry }: BurnWishes, verify: boolean): CompletedSet {
  const mediumBytes = burned.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  return { path: drive, mediumBytes, discs: burned.length, burned: isDry ? "dry" : verify ? "compared" : "unread" };
}

/** That the image holds what was to be put on it, and each frame what was squeezed. Throws LifeboatError (5). */
async function checkImage(isoPath: string, id: string, files: readonly MediumFile[]): Promise<void> {
  const source = (await openIso(isoPath))?.source(id);
  const names = files.flatMap(({ path, source: from }) => (path.startsWith(`${id}/`) ? [{ name: path.slice(id.length + 1), from }] : []));
  for (const { name, from } of names) {
    if (source === undefined || (await digestIn(source, name)) !== (await digestFile(from))) throw otherwise(isoPath, name);
    const number = volumeNumber(name);
    if (number === undefined) continue;
    const list = frameListName(number);
    const frames = parseFrameList(await readText(names.find((file) => file.name === list)?.from ?? list), list);
    for (const { offset, storedBytes, digest } of frames) {
      const bytes = await source.read(name, offset, storedBytes);
      if (digestOfBytes(bytes, algorithmOf(digest)) !== digest) throw otherwise(isoPath, name);
    }
  }
}

async function digestIn(source: FileSource, name: string): Promise<string> {
  const digest = startDigest();
  for await (const piece of piecesOf(source, name)) digest.update(piece);
  return digest.hex();
}

function otherwise(isoPath: string, name: string): LifeboatError {
  return new LifeboatError(`Cannot trust "${isoPath}" as it must read as it was written: "${name}" does not`, {
    exitCode: 5,
    hint: "The disk under the directory may be failing",
  });
}
