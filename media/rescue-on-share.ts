// The rescue image of a set that lies on a mounted share: its ISO, mounted where it lies, as MondoRescue's start-nfs did with the first one.

import { LifeboatError } from "#os/error";
import { exists, makeDirectory } from "#os/files";
import { RESCUE_ISO_FILE } from "../set/set-manifest.ts";
import { setBelow } from "./find-store.ts";
import { findImage } from "./image-medium.ts";
import { mountedMedium, type Medium, type RunCommand } from "./medium.ts";
import { newestNamed } from "./named-set.ts";

export interface ShareImage {
  readonly buildId: string;
  /** Of the image's set, when it has one. */
  readonly id: string | undefined;
  /** MondoRescue's `prefix=`. */
  readonly name: string | undefined;
  /** The way to the store on the share, when it is known. */
  readonly path: string | undefined;
  /** Where the share is mounted. */
  readonly shareDirectory: string;
  /** Where the ISO is mounted. */
  readonly mountPoint: string;
  readonly run: RunCommand;
  readonly needFileSystem: (kernelName: string) => Promise<void>;
}

/** Undefined when no ISO on the share holds this build. Throws LifeboatError when one is damaged, and no other holds it. Closing it leaves the share mounted. */
export async function openShareImage(search: ShareImage): Promise<Medium | undefined> {
  let failure: LifeboatError | undefined;
  for (const iso of await isoFiles(search)) {
    try {
      const medium = await openIsoFile(iso, search);
      const found = await findImage(medium, search.buildId);
      if (found.kind === "found") return found.medium;
      await medium.close();
    } catch (error) {
      if (!(error instanceof LifeboatError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}

/** Of the sets that the words and the image name: beside the set, or with the set in it. */
async function isoFiles({ id, name, path, shareDirectory }: ShareImage): Promise<readonly string[]> {
  const named = name === undefined ? undefined : (await newestNamed(shareDirectory, { name, path }))?.path;
  const own = id === undefined ? undefined : await setBelow(shareDirectory, { id, path });
  const beside = [named, own].flatMap((directory) => (directory === undefined ? [] : [`${directory}/${RESCUE_ISO_FILE}`]));
  const stores = [shareDirectory, ...(path === undefined ? [] : [`${shareDirectory}/${path}`.replace(/\/+/g, "/")])];
  const within = [name, id].flatMap((one) => (one === undefined ? [] : stores.map((store) => `${store}/${one}-1.iso`)));
  const there: string[] = [];
  for (const file of new Set([...beside, ...within])) if (await exists(file)) there.push(file);
  return there;
}

async function openIsoFile(iso: string, { shareDirectory, mountPoint, run, needFileSystem }: ShareImage): Promise<Medium> {
  await needFileSystem("iso9660");
  await makeDirectory(mountPoint);
  const mounted = await run(["busybox", "mount", "-t", "iso9660", "-o", "loop,ro", iso, mountPoint]);
  const name = iso.slice(shareDirectory.length + 1);
  if (mounted.exitCode !== 0) throw new LifeboatError(`Cannot mount "${name}" as an ISO 9660 image: ${mounted.output}`);
  return mountedMedium({ url: name, description: name }, mountPoint, run);
}
