// What is published: a directory for TFTP with boot files alone, and the same with all else for the web server.

import { changeMode, copyFile, fileInfo, listDirectory, makeDirectory, walk, writeChunks, writeFile } from "#os/files";
import type { WebFile } from "#os/web-server";
import { findAssets } from "../bootloaders/boot-assets.ts";
import { networkEfiFiles, type EfiOptions, type NetworkEfiFiles } from "../bootloaders/efi-files.ts";
import type { MediumText } from "../bootloaders/medium-files.ts";
import { INITRAMFS_NAME, KERNEL_NAME, LIFEBOAT_DIRECTORY } from "../bootloaders/rescue-files.ts";
import { LOCK_FILE } from "../media/store-names.ts";
import type { Loaders } from "./dnsmasq-args.ts";
import { contentOf, wholeFile, type ServedImage } from "./served-image.ts";

/** TFTP servers run as nobody. */
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

export interface PublishedFiles {
  readonly loaders: Loaders;
  /** By the path that the web server is asked for. */
  find(path: string): Promise<WebFile | undefined>;
}

export interface PublishOptions {
  /** A directory of its own, empty. */
  readonly root: string;
  readonly workDirectory: string;
  readonly efi: EfiOptions;
}

/** Of sets: kernel and initramfs are taken out of each rescue image, as TFTP knows files alone; all else is read where it lies. */
export async function publishImages(
  images: readonly ServedImage[],
  menus: readonly MediumText[],
  options: PublishOptions,
): Promise<NetworkEfiFiles> {
  const { root, workDirectory, efi } = options;
  const assets = await findAssets(["pxelinux", "ldlinux"], efi.assetRoots);
  const loaders = await networkEfiFiles(efi, workDirectory);
  await place(root, "pxelinux.0", (path) => copyFile(assets.pxelinux, path));
  await place(root, "ldlinux.c32", (path) => copyFile(assets.ldlinux, path));
  for (const { path: name, source } of loaders.files) await place(root, name, (path) => copyFile(source, path));
  for (const { id, files } of images) {
    for (const name of [KERNEL_NAME, INITRAMFS_NAME])
      await place(root, `${id}/${LIFEBOAT_DIRECTORY}/${name}`, (path) => writeChunks(path, contentOf(files.get(name)!)));
  }
  for (const { path: name, text } of menus) await place(root, name, (path) => writeFile(path, text));
  return loaders;
}

/** What build --format pxe puts into a tree; nothing else that lies there is published. */
const TREE_FILE =
  /^(?:[\w-]+\.(?:0|c32|efi|ipxe)|pxelinux\.cfg\/(?:default|boot\.msg)|grub\/grub\.cfg|lifeboat\/(?:vmlinuz|initramfs\.img|tools\.squashfs|build-id|id-[\w.-]+))$/;

/** A copy of a PXE tree, so that no machine boots half of one that is made anew meanwhile. */
export async function publishTree(directory: string, root: string): Promise<Loaders> {
  const paths = (await walk(directory)).filter(({ type, path }) => type === "file" && TREE_FILE.test(path)).map(({ path }) => path);
  for (const name of paths) await place(root, name, (path) => copyFile(`${directory}/${name}`, path));
  const has = (name: string) => paths.includes(name);
  return { efi: has("shimx64.efi") ? "shimx64.efi" : "grubx64.efi", efiHttp: ["grub-http.efi", "grubx64.efi"].find(has) };
}

async function place(root: string, name: string, write: (path: string) => Promise<void>): Promise<void> {
  const directories = name.split("/").slice(0, -1);
  for (const [index] of directories.entries()) {
    const directory = `${root}/${directories.slice(0, index + 1).join("/")}`;
    if ((await fileInfo(directory)) !== undefined) continue;
    await makeDirectory(directory);
    await changeMode(directory, DIRECTORY_MODE);
  }
  await write(`${root}/${name}`);
  await changeMode(`${root}/${name}`, FILE_MODE);
}

/** `withSets` adds the sets' own files to what boots. */
export function webFiles(root: string, images: readonly ServedImage[], withSets: boolean): (path: string) => Promise<WebFile | undefined> {
  return async (path) => {
    const [id = "", ...rest] = path.slice(1).split("/");
    const image = images.find((one) => one.id === id);
    const name = rest.join("/");
    if (image !== undefined && rest[0] === LIFEBOAT_DIRECTORY) return image.files.get(rest.slice(1).join("/"));
    const published = await wholeFile(`${root}${path}`);
    if (published !== undefined || image === undefined || !withSets) return published;
    return (await isFileOfSet(image.setDirectory, name)) ? wholeFile(`${image.setDirectory}/${name}`) : undefined;
  };
}

/** A name that stands there, at most one directory deep, so that no link and no dots lead out. */
async function isFileOfSet(setDirectory: string, name: string): Promise<boolean> {
  const [first = "", second] = name.split("/");
  if (name.split("/").length > 2 || first === LOCK_FILE) return false;
  const directory = second === undefined ? setDirectory : `${setDirectory}/${first}`;
  return (await listDirectory(directory)).includes(second ?? first);
}
