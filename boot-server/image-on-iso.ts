// The files of a rescue image on its ISO, as pieces of it: nothing is mounted and nothing copied.

import { LifeboatError } from "#os/error";
import { fileInfo } from "#os/files";
import type { WebFile } from "#os/web-server";
import { findOnIso, listIsoDirectory, readIsoVolume, type IsoEntry } from "../formats/iso9660.ts";
import { readIsoHead } from "../media/iso-head.ts";
import { MEDIUM_DIRECTORY } from "../set/image-manifest.ts";

/** By their names in `lifeboat/`; empty for an ISO that holds no image. Throws LifeboatError for what is no ISO, or cut short. */
export function imageOnIso(path: string): Promise<ReadonlyMap<string, WebFile>> {
  return readIsoHead(path, (head) => filesIn(path, head));
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
