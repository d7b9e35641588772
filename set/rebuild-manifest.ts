// A manifest for a set that has lost its own: from what is there.

import { digestOf, startDigest } from "#os/digest";
import { LifeboatError } from "#os/error";
import { parseJson } from "../formats/json.ts";
import { utf8Decode } from "../formats/text.ts";
import { parseMachine } from "../machine/parse-machine.ts";
import type { DeviceImage } from "../machine/device-image.ts";
import { imageFileName } from "./device-image-files.ts";
import { piecesOf } from "./open-set.ts";
import { CATALOGUE_FILE, frameListName, luksHeaderFile, MACHINE_FILE, setIdOf, volumeName, type SetManifest } from "./set-manifest.ts";
import type { SetSource } from "./set-source.ts";

type ListedFile = SetManifest["files"][number];

/**
 * Its digests are those of the files as they are, so that they vouch for nothing; how many paths and frames there should be is not known
 * any more, and 0 here. Throws LifeboatError (5) when there are no volumes.
 */
export async function rebuildManifest(source: SetSource): Promise<SetManifest> {
  const codec = await codecOf(source);
  if (codec === undefined) {
    throw new LifeboatError(`Cannot open "${source.description}" as volumes must be there where the manifest is not: there are none`, {
      exitCode: 5,
    });
  }
  const files: ListedFile[] = [];
  let volumes = 0;
  for (; await isVolume(source, codec, volumes + 1); volumes += 1) files.push(...(await listed(source, frameListName(volumes + 1))));
  const machine = await listed(source, MACHINE_FILE);
  const id = setIdOf(source.description);
  return {
    formatVersion: 1,
    id,
    kind: machine.length === 0 ? "files" : "machine",
    hostName: id.slice(0, -"-20261121T194500Z".length),
    createdAt: "",
    finishedAt: "",
    createdBy: "",
    // The catalogue tells, where it is whole.
    digestAlgorithm: "BLAKE2b-512",
    codec,
    level: 0,
    consistent: "live",
    parent: null,
    options: { include: [], exclude: [] },
    totals: { paths: 0, contentBytes: 0, frames: 0, volumes, streamBytes: 0, storedBytes: 0 },
    changed: [],
    unreadable: [],
    files: [
      ...files,
      ...machine,
      ...(await listed(source, CATALOGUE_FILE)),
      ...(await listedHeaders(source, machine)),
      ...(await imagesOf(source, codec)),
    ],
  };
}

const CODECS: readonly SetManifest["codec"][] = ["zstd", "gzip", "none"];

async function codecOf(source: SetSource): Promise<SetManifest["codec"] | undefined> {
  for (const codec of CODECS) if ((await source.sizeOf(volumeName(1, codec))) !== undefined) return codec;
  // The first volume may be what is lost.
  for (const codec of CODECS) if ((await source.sizeOf(volumeName(2, codec))) !== undefined) return codec;
  return undefined;
}

async function isVolume(source: SetSource, codec: SetManifest["codec"], number: number): Promise<boolean> {
  return [await source.sizeOf(volumeName(number, codec)), await source.sizeOf(frameListName(number))].some((size) => size !== undefined);
}

/** As machine.json tells of them: they may be too large to be held in memory. */
async function imagesOf(source: SetSource, codec: SetManifest["codec"]): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = [];
  for (const image of await imagesToldOf(source)) {
    for (let number = 1; ; number += 1) {
      const name = imageFileName(image, number, codec);
      const sizeBytes = await source.sizeOf(name);
      if (sizeBytes === undefined) break;
      const digest = startDigest();
      for await (const piece of piecesOf(source, name)) digest.update(piece);
      files.push({ name, sizeBytes, digest: digest.hex() });
    }
  }
  return files;
}

/** Their names stand in machine.json; where that is damaged, no machine is rebuilt. */
async function listedHeaders(source: SetSource, machine: readonly ListedFile[]): Promise<readonly ListedFile[]> {
  const text = machine[0] === undefined ? "" : utf8Decode(await source.read(MACHINE_FILE, 0, machine[0].sizeBytes));
  const uuids = new Set(Array.from(text.matchAll(UUID_IN_JSON), ([, uuid]) => uuid));
  const files: ListedFile[] = [];
  for (const uuid of uuids) {
    const name = luksHeaderFile(uuid);
    if (name !== undefined) files.push(...(await listed(source, name)));
  }
  return files;
}

const UUID_IN_JSON = /"uuid": "([0-9A-Fa-f-]{36})"/g;

async function imagesToldOf(source: SetSource): Promise<readonly DeviceImage[]> {
  const sizeBytes = await source.sizeOf(MACHINE_FILE);
  if (sizeBytes === undefined) return [];
  try {
    return parseMachine(parseJson(utf8Decode(await source.read(MACHINE_FILE, 0, sizeBytes))), MACHINE_FILE).layout.images;
  } catch (error) {
    // Whoever restores is told of it; files come back without it.
    if (error instanceof LifeboatError) return [];
    throw error;
  }
}

async function listed(source: SetSource, name: string): Promise<readonly ListedFile[]> {
  const sizeBytes = await source.sizeOf(name);
  if (sizeBytes === undefined) return [];
  return [{ name, sizeBytes, digest: digestOf(await source.read(name, 0, sizeBytes)) }];
}
