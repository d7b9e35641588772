// What the machine's hooks do when its initramfs is made again. systemd-boot starts a copy of it, by an entry of its own: hooks may leave the copy as it
// was, or write the entry with the words that the rescue system's kernel was started with. kernel-install runs depmod, too.

import { digestFile } from "#os/digest";
import { copyFile, exists, listDirectory, removeFile } from "#os/files";
import { insideRoot } from "../machine/inside-root.ts";
import type { BootLoader } from "../machine/model.ts";
import { changedBelow, filesBelow, stampOf } from "./boot-loader.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { readLatin1, writeLatin1 } from "./latin1-files.ts";

/** What hooks may write to. Places are paths here. */
export interface HookFiles {
  /** systemd-boot's, with all that is below them; none for other loaders, whose hooks write to /boot alone. */
  readonly directories: readonly string[];
  /** Those of modules: the indexes in them. */
  readonly moduleDirectories: readonly string[];
  readonly before: Stamps;
  readonly entries: ReadonlyMap<string, string>;
  readonly copies: readonly InitramfsCopy[];
}

/** By place. */
type Stamps = ReadonlyMap<string, string>;

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

/** Before the initramfs is made again. */
export async function readHookFiles(loader: BootLoader, images: readonly Image[], root: string): Promise<HookFiles> {
  const paths = loader.kind === "systemd-boot" ? [loader.efi.mountPoint, BOOT] : [];
  const directories = await Promise.all([...new Set(paths)].map((path) => insideRoot(root, path)));
  const moduleDirectories = await Promise.all(images.map(({ release }) => insideRoot(root, `/lib/modules/${release}`)));
  const files = await filesIn(directories);
  const entries = new Map<string, string>();
  for (const place of files.keys()) if (ENTRY.test(place)) entries.set(place, await readLatin1(place));
  const copies: InitramfsCopy[] = [];
  for (const { release, image } of images) {
    const source = await insideRoot(root, image);
    const places = [...files.keys()].filter((place) => place !== source && place.includes(`/${release}/`));
    for (const place of places) if (await isCopy({ source, place })) copies.push({ source, place });
  }
  const before = new Map([...files, ...(await indexesIn(moduleDirectories))]);
  return { directories, moduleDirectories, before, entries, copies };
}

async function filesIn(directories: readonly string[]): Promise<Stamps> {
  const found = new Map<string, string>();
  for (const directory of directories) for (const [path, stamp] of await filesBelow(directory)) found.set(`${directory}/${path}`, stamp);
  return found;
}

/** depmod(8): `modules.dep` and the like. */
const INDEX = /^modules\./;

async function indexesIn(directories: readonly string[]): Promise<Stamps> {
  const found = new Map<string, string>();
  for (const directory of directories) {
    for (const name of await listDirectory(directory)) {
      const stamp = INDEX.test(name) ? await stampOf(`${directory}/${name}`) : undefined;
      if (stamp !== undefined) found.set(`${directory}/${name}`, stamp);
    }
  }
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
export async function mendHookFiles(
  { directories, moduleDirectories, before, entries, copies }: HookFiles,
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
  return changedBelow(before, new Map([...(await filesIn(directories)), ...(await indexesIn(moduleDirectories))]));
}
