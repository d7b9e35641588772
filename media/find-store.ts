// Finds the set of a rescue image again: the store's mark at a file system's root, one level below, or where the image says it was.

import { LifeboatError } from "#os/error";
import { exists, fileInfo, listDirectory } from "#os/files";
import { readBlockDevices, type BlockDevice } from "../machine/block-devices.ts";
import { isOnlyDisc } from "../set/disc-note.ts";
import { MANIFEST_FILE, STORE_MARK } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { openBlockMedium } from "./block-medium.ts";
import { directorySource } from "./directory-store.ts";
import { lackOfDiscs } from "./copied-disc.ts";
import { discsIn, opticalDrives } from "./disc-drives.ts";
import { openDiscSet } from "./disc-source.ts";
import { isoFilesIn, isoSetsIn, isoSetSource, missingText } from "./iso-sets.ts";
import type { MediumChanger } from "./medium-changer.ts";
import type { Medium, RunCommand } from "./medium.ts";

export interface FoundSet {
  readonly source: SetSource;
  /** Where it was found, for people. */
  readonly place: string;
  /** Kernel name of the device that holds it; undefined on a network share. */
  readonly device: string | undefined;
  close(): Promise<void>;
}

export interface StoreSearch {
  readonly id: string;
  /** The way to the store in its file system, when it is known. */
  readonly path: string | undefined;
  /** What ISO images are called, when that is known: others are not looked at. */
  readonly prefix: string | undefined;
  /** Asked for the discs of a set on several. */
  readonly changer: MediumChanger;
  readonly mountPoint: string;
  readonly run: RunCommand;
  readonly needFileSystem: (kernelName: string) => Promise<void>;
  /** Told what could not be looked at. */
  readonly note: (line: string) => void;
}

/** Looks at every device once: optical discs, then what can be pulled out, then the rest. What is all in one place goes before several discs. */
export async function findStoredSet(search: StoreSearch): Promise<FoundSet | undefined> {
  let drive: string | undefined;
  for (const { name, optical } of inOrder(readBlockDevices())) {
    const device = `/dev/${name}`;
    if (optical && (await holdsDisc(device, search.id))) {
      drive ??= device;
      continue;
    }
    const medium = await openQuietly(search, device);
    if (medium === undefined) continue;
    const stored = await sourceBelow(search.mountPoint, search);
    if (stored !== undefined) {
      const place = `${optical ? "CD" : "disk"} ${device}, ${stored.path}`;
      return { source: stored.source, place, device: name, close: () => medium.close() };
    }
    await medium.close();
  }
  return drive === undefined ? undefined : openDiscs(drive, search);
}

/** One of several of the set. */
async function holdsDisc(drive: string, setId: string): Promise<boolean> {
  return ((await discsIn(drive)) ?? []).some((disc) => disc.id === setId && !isOnlyDisc(disc.note));
}

async function openDiscs(drive: string, { id, changer }: StoreSearch): Promise<FoundSet> {
  await using cleanUp = new AsyncDisposableStack();
  const source = await openDiscSet(drive, { drives: opticalDrives, changer, cleanUp }, id);
  const held = cleanUp.move();
  return {
    source,
    place: `CD ${drive}, ${id} on several discs`,
    device: drive.slice("/dev/".length),
    close: () => held.disposeAsync(),
  };
}

export interface StoredSource {
  readonly source: SetSource;
  /** Below the mount point. */
  readonly path: string;
}

/** The set below a mounted file system: its directory, or the ISO images of all its discs. */
export async function sourceBelow(
  mountPoint: string,
  search: Pick<StoreSearch, "id" | "path" | "prefix" | "note">,
): Promise<StoredSource | undefined> {
  const directory = await setBelow(mountPoint, search);
  const source = directory === undefined ? undefined : directorySource(directory);
  const lack = source === undefined ? undefined : await lackOfDiscs(source);
  if (lack !== undefined) search.note(`${directory}: ${lack}`);
  else if (source !== undefined) return { source, path: directory!.slice(mountPoint.length) };
  for (const store of await storesBelow(mountPoint, search.path)) {
    const files = (await isoFilesIn(store)).filter((path) => search.prefix === undefined || isNamedBy(search.prefix, path));
    const set = (await isoSetsIn(files)).find(({ id }) => id === search.id);
    if (set === undefined) continue;
    if (set.missing.length === 0) return { source: isoSetSource(set), path: set.discs[0]!.iso.path.slice(mountPoint.length) };
    search.note(`${store}: of ${set.id} ${missingText(set)}`);
  }
  return undefined;
}

function isNamedBy(prefix: string, path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.startsWith(`${prefix}-`) && /^\d+\.iso$/i.test(name.slice(prefix.length + 1));
}

/** Its root, where the image says that the store was, and directories with a store's mark. */
async function storesBelow(mountPoint: string, path: string | undefined): Promise<readonly string[]> {
  const stores = [mountPoint, ...(path === undefined ? [] : [`${mountPoint}/${path}`])];
  for (const name of await listDirectory(mountPoint)) {
    if (await exists(`${mountPoint}/${name}/${STORE_MARK}`)) stores.push(`${mountPoint}/${name}`);
  }
  const infos = await Promise.all(stores.map((store) => fileInfo(store)));
  return stores.filter((_, index) => infos[index]?.type === "directory").map((store) => store.replace(/\/+/g, "/"));
}

/** The set's directory below a mounted file system; one with a manifest, where there are several: a copy may have been broken off. */
export async function setBelow(mountPoint: string, { id, path }: Pick<StoreSearch, "id" | "path">): Promise<string | undefined> {
  let withoutManifest: string | undefined;
  for (const store of await storesBelow(mountPoint, path)) {
    const directory = `${store}/${id}`;
    if ((await fileInfo(directory))?.type !== "directory") continue;
    if (await exists(`${directory}/${MANIFEST_FILE}`)) return directory;
    withoutManifest ??= directory;
  }
  return withoutManifest;
}

async function openQuietly({ mountPoint, run, needFileSystem, note }: StoreSearch, device: string): Promise<Medium | undefined> {
  try {
    return await openBlockMedium({ device, description: device, mountPoint, run, needFileSystem });
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    note(error.message);
    return undefined;
  }
}

interface Candidate {
  readonly name: string;
  readonly optical: boolean;
}

function inOrder(devices: readonly BlockDevice[]): readonly Candidate[] {
  const rank = ({ kind, removable }: BlockDevice) => (kind === "optical" ? 0 : removable ? 1 : 2);
  return devices
    .filter(({ sizeBytes }) => sizeBytes > 0)
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((disk) => [...disk.partitions, disk].map(({ name }) => ({ name, optical: disk.kind === "optical" })));
}
