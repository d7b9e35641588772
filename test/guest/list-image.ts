// The list of all files on a disk image, taken on the host, and the command that takes the same list inside a guest.

import { join } from "node:path";
import * as v from "valibot";
import { LifeboatError } from "#os/error";
import { run, type Command } from "#os/exec";
import { makeDirectory, makeTemporaryDirectory } from "#os/files";
import { runWithMounts, type Mount } from "./mounts.ts";
import type { GuestDisk } from "./recipe.ts";

/** What a running system has in other places than on its disks. */
export const NOT_ON_DISK: readonly string[] = ["/proc", "/sys", "/dev", "/run"];

export const FILE_LIST_SCRIPT = join(import.meta.dirname, "file-list.pl");
const LIMIT_MS = 10 * 60 * 1000;
const SECTOR_BYTES = 512;

/** Where each file system of a machine stands and is mounted. */
export interface ListedPartition {
  readonly number: number;
  readonly fileSystem: string;
  readonly path: string;
}

export interface ImageToList {
  /** Raw. Nothing is written to it; no journal is replayed. */
  readonly image: string;
  readonly partitions: readonly ListedPartition[];
  /** NOT_ON_DISK unless given. */
  readonly skip?: readonly string[];
}

export async function listImage(disk: ImageToList): Promise<string> {
  const script = `exec perl ${FILE_LIST_SCRIPT} "$ROOT" "$@"`;
  return outputInImage(disk, ["sh", "-c", script, "sh", ...listArguments(disk.partitions, disk.skip ?? NOT_ON_DISK)]);
}

/** The text of a file on the image, whichever of the partitions it is on. */
export function readFromImage(disk: ImageToList, path: string): Promise<string> {
  return outputInImage(disk, ["sh", "-c", 'exec cat "$ROOT$1"', "sh", path]);
}

async function outputInImage({ image, partitions }: ImageToList, command: Command): Promise<string> {
  await using work = await makeTemporaryDirectory("lifeboat-list-");
  const root = join(work.path, "root");
  await makeDirectory(root);
  const mounts = await readOnlyMounts(image, partitions);
  return (await runWithMounts({ image, root, mounts, workDirectory: work.path }, command, { timeoutMs: LIMIT_MS })).stdout;
}

/** For a shell in the guest: writes the list of the running system to `output`. `script` is where FILE_LIST_SCRIPT is there. */
export function listCommand(partitions: readonly ListedPartition[], script: string, output: string): string {
  return `perl ${script} / ${listArguments(partitions, NOT_ON_DISK).join(" ")} > ${output}`;
}

export function listedPartitions({ partitions }: GuestDisk): readonly ListedPartition[] {
  return partitions.flatMap(({ number, content }) => {
    return content?.path === undefined ? [] : [{ number, fileSystem: content.fileSystem, path: content.path }];
  });
}

function listArguments(partitions: readonly ListedPartition[], skip: readonly string[]): readonly string[] {
  const mounts = partitions.filter(({ path }) => path !== "/");
  return [
    ...mounts.flatMap(({ fileSystem, path }) => [fileSystem === "vfat" ? "--fat" : "--mount", path]),
    ...skip.flatMap((path) => ["--skip", path]),
  ];
}

/** A journal that is replayed would be a write, and would hide that it was needed. */
const READ_ONLY: Readonly<Record<string, string>> = {
  ext2: "ro",
  ext3: "ro,noload",
  ext4: "ro,noload",
  xfs: "ro,norecovery,nouuid",
  vfat: "ro",
};

/** For runWithMounts(): nothing is written to the image, not even a journal's replay. */
export async function readOnlyMounts(image: string, partitions: readonly ListedPartition[]): Promise<readonly Mount[]> {
  const places = await partitionPlaces(image);
  return partitions.map((partition) => readOnlyMount(partition, places, image));
}

type Place = Pick<Mount, "offsetBytes" | "sizeBytes">;

function readOnlyMount({ number, fileSystem, path }: ListedPartition, places: ReadonlyMap<number, Place>, image: string): Mount {
  const place = places.get(number);
  const options = READ_ONLY[fileSystem];
  if (place === undefined || options === undefined) {
    throw new LifeboatError(`Cannot list "${image}" as it must have partition ${number} with a known file system: ${fileSystem}`);
  }
  return { ...place, fileSystem, options, path };
}

const Sfdisk = v.object({
  partitiontable: v.object({ partitions: v.array(v.object({ node: v.string(), start: v.number(), size: v.number() })) }),
});

async function partitionPlaces(image: string): Promise<ReadonlyMap<number, Place>> {
  const { partitiontable } = v.parse(Sfdisk, JSON.parse((await run(["sfdisk", "--json", image])).stdout));
  return new Map(
    partitiontable.partitions.map(({ node, start, size }) => [
      Number(/\d+$/.exec(node.slice(image.length))?.[0]),
      { offsetBytes: start * SECTOR_BYTES, sizeBytes: size * SECTOR_BYTES },
    ]),
  );
}
