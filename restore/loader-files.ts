// What systemd-boot starts lies beside the machine's /boot: a copy of each initramfs, and entries. When the initramfs is made again, the
// machine's hooks may leave the copies as they were, or write entries with the words that the rescue system's kernel was started with.

import { digestFile } from "#os/digest";
import { copyFile, exists, removeFile } from "#os/files";
import { insideRoot } from "../machine/inside-root.ts";
import type { BootLoader } from "../machine/model.ts";
import { changedBelow, filesBelow } from "./boot-loader.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { readLatin1, writeLatin1 } from "./latin1-files.ts";

/** Places are paths here. */
export interface LoaderFiles {
  readonly directories: readonly string[];
  /** As filesBelow() has them. */
  readonly before: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, string>;
  readonly copies: readonly InitramfsCopy[];
}

interface InitramfsCopy {
  readonly source: string;
  readonly place: string;
}

interface Image {
  readonly release: string;
  /** The machine's own path. */
  readonly image: string;
}

/** Beside the EFI system partition there may be one for kernels alone (Boot Loader Specification, "The Partitions"). */
const BOOT = "/boot";
const ENTRY = /\/loader\/entries\/[^/]+\.conf$/;

/** Before the initramfs is made again; nothing for other loaders, which take it from /boot. */
export async function readLoaderFiles(loader: BootLoader, images: readonly Image[], root: string): Promise<LoaderFiles> {
  const paths = loader.kind === "systemd-boot" ? [loader.efi.mountPoint, BOOT] : [];
  const directories = await Promise.all([...new Set(paths)].map((path) => insideRoot(root, path)));
  const before = await filesIn(directories);
  const entries = new Map<string, string>();
  for (const place of before.keys()) if (ENTRY.test(place)) entries.set(place, await readLatin1(place));
  const copies: InitramfsCopy[] = [];
  for (const { release, image } of images) {
    const source = await insideRoot(root, image);
    const places = [...before.keys()].filter((place) => place !== source && place.includes(`/${release}/`));
    for (const place of places) if (await isCopy({ source, place })) copies.push({ source, place });
  }
  return { directories, before, entries, copies };
}

async function filesIn(directories: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const directory of directories) for (const [path, stamp] of await filesBelow(directory)) found.set(`${directory}/${path}`, stamp);
  return found;
}

/** By its name, also when it was left behind; kernel-install gives it others, such as `initrd`. */
async function isCopy({ source, place }: InitramfsCopy): Promise<boolean> {
  return nameOf(place) === nameOf(source) || (await digestFile(place)) === (await digestFile(source));
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf("/") + 1);
}

/** Afterwards. Returns the places of all that is not as it was. */
export async function mendLoaderFiles(
  { directories, before, entries, copies }: LoaderFiles,
  { note }: Pick<RestoreEnvironment, "note">,
): Promise<readonly string[]> {
  for (const { source, place } of copies) {
    if ((await exists(place)) && (await digestFile(place)) === (await digestFile(source))) continue;
    await copyFile(source, place);
    note(`${place} was left as it was: ${source} was copied there`);
  }
  const written = [...(await filesIn(directories)).keys()].filter((place) => ENTRY.test(place));
  for (const place of written) if (entries.size > 0 && !entries.has(place)) await removeFile(place);
  for (const [place, text] of entries) {
    if ((await exists(place)) && (await readLatin1(place)) === text) continue;
    await writeLatin1(place, text);
    note(`${place} is again as the set has it`);
  }
  return changedBelow(before, await filesIn(directories));
}
