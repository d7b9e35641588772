// The files of a rescue image on its ISO, as pieces of it: nothing is mounted and nothing copied.

import { LifeboatError } from "#os/error";
import { fileInfo, readRange } from "#os/files";
import type { WebFile } from "#os/web-server";
import { findOnIso, listIsoDirectory, readIsoVolume, type IsoEntry } from "../formats/iso9660.ts";
import { MEDIUM_DIRECTORY } from "../set/image-manifest.ts";

/** Directories stand before all files, so that the beginning is enough; it is read in larger pieces until they are in it. */
const FIRST_BYTES = 1024 * 1024;
const MOST_BYTES = 16 * FIRST_BYTES;

/** By their names in `lifeboat/`; empty for an ISO that holds no image. Throws LifeboatError for what is no ISO, or cut short. */
export async function imageOnIso(path: string): Promise<ReadonlyMap<string, WebFile>> {
  for (let headBytes = FIRST_BYTES; ; headBytes *= 4) {
    const head = await readRange(path, 0, headBytes);
    try {
      return await filesIn(path, head);
    } catch (error) {
      if (!(error instanceof LifeboatError) || head.length < headBytes || headBytes >= MOST_BYTES) throw error;
    }
  }
}

async function filesIn(path: string, head: Uint8Array): Promise<ReadonlyMap<string, WebFile>> {
  const { blockBytes, blockCount } = readIsoVolume(head);
  const { sizeBytes = 0 } = (await fileInfo(path)) ?? {};
  if (sizeBytes < blockBytes * blockCount) {
    throw new LifeboatError(`Cannot serve "${path}" as its ISO must be whole: the file ends before the volume does`, { exitCode: 5 });
  }
  const directory = findOnIso(head, MEDIUM_DIRECTORY);
  const entries = directory === undefined ? [] : listIsoDirectory(head, directory).filter(({ type }) => type === "file");
  return new Map(entries.map((entry) => [entry.name, webFile(path, entry, blockBytes)]));
}

function webFile(path: string, { sizeBytes, extents }: IsoEntry, blockBytes: number): WebFile {
  return { sizeBytes, pieces: extents.map((extent) => ({ path, offset: extent.lba * blockBytes, sizeBytes: extent.sizeBytes })) };
}
