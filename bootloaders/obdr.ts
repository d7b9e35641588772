// What a tape begins with that an OBDR drive boots from: a head, and an ISO that the drive shows as a CD.

import { makeTemporaryDirectory, readChunks, writeChunks, fileInfo } from "#os/files";
import { obdrHead } from "../set/tape-format.ts";
import { assembleIso, type BootMedium, type IsoOptions } from "./iso.ts";
import { parentOf, writeOutput } from "./output.ts";
import type { MenuOptions, RescueFiles } from "./rescue-files.ts";

/** As one file: its first 10,240 bytes are records of 512 on the tape, all that follow of 2,048. */
export async function assembleObdrHead(files: RescueFiles, menu: MenuOptions, options: IsoOptions): Promise<BootMedium> {
  const { outputPath, force = false } = options;
  await using work = await makeTemporaryDirectory(".lifeboat-", parentOf(outputPath));
  const isoPath = `${work.path}/rescue.iso`;
  const iso = await assembleIso(files, menu, { ...options, outputPath: isoPath });
  const head = obdrHead(undefined);
  const neededBytes = head.length + ((await fileInfo(isoPath))?.sizeBytes ?? 0);
  const sizeBytes = await writeOutput({ outputPath, neededBytes, force }, (path) => writeChunks(path, headAndIso(head, isoPath)));
  return { ...iso, outputPath, sizeBytes };
}

async function* headAndIso(head: Uint8Array, isoPath: string): AsyncGenerator<Uint8Array> {
  yield head;
  yield* readChunks(isoPath);
}
