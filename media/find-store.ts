// Finds the set of a rescue image again: the store's mark at a file system's root, one level below, or where the image says it was.

import { LifeboatError } from "#os/error";
import { exists, fileInfo, listDirectory } from "#os/files";
import { readBlockDevices, type BlockDevice } from "../machine/block-devices.ts";
import { MANIFEST_FILE, STORE_MARK } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { openBlockMedium } from "./block-medium.ts";
import { directorySource } from "./directory-store.ts";
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
  readonly mountPoint: string;
  readonly run: RunCommand;
  readonly needFileSystem: (kernelName: string) => Promise<void>;
  /** Told what could not be looked at. */
  readonly note: (line: string) => void;
}

/** Looks at every device once: optical discs, then what can be pulled out, then the rest. */
export async function findStoredSet(search: StoreSearch): Promise<FoundSet | undefined> {
  for (const { name, optical } of inOrder(readBlockDevices())) {
    const device = `/dev/${name}`;
    const medium = await openQuietly(search, device);
    if (medium === undefined) continue;
    const directory = await setBelow(search.mountPoint, search);
    if (directory !== undefined) {
      const place = `${optical ? "CD" : "disk"} ${device}, ${directory.slice(search.mountPoint.length)}`;
      return { source: directorySource(directory), place, device: name, close: () => medium.close() };
    }
    await medium.close();
  }
  return undefined;
}

/** The set's directory below a mounted file system; one with a manifest, where there are several: a copy may have been broken off. */
export async function setBelow(mountPoint: string, { id, path }: Pick<StoreSearch, "id" | "path">): Promise<string | undefined> {
  const stores = [mountPoint, ...(path === undefined ? [] : [`${mountPoint}/${path}`])];
  for (const name of await listDirectory(mountPoint)) {
    if (await exists(`${mountPoint}/${name}/${STORE_MARK}`)) stores.push(`${mountPoint}/${name}`);
  }
  let withoutManifest: string | undefined;
  for (const store of stores) {
    const directory = `${store}/${id}`.replace(/\/+/g, "/");
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
