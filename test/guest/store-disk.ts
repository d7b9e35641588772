// A disk that carries things into a guest and out of it: one ext4 file system, filled and read on the host without mounting.

import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { copyFile, exists, makeDirectory, makeTemporaryDirectory, readText } from "#os/files";
import { createDiskImage } from "../../qemu/disks.ts";
import type { DiskSpec } from "../../qemu/machine-spec.ts";

export const STORE_LABEL = "STORE";
export const STORE_SERIAL = "LIFEBOAT-STORE";
const STORE_BYTES = 3 * 2 ** 30;

export interface StoreShape {
  readonly sizeBytes?: number;
  readonly label?: string;
}

/** Makes the raw image `path`; `files` are host paths by their names at the disk's root. */
export async function makeStoreDisk(
  path: string,
  files: Readonly<Record<string, string>>,
  { sizeBytes = STORE_BYTES, label = STORE_LABEL }: StoreShape = {},
): Promise<void> {
  await using content = await makeTemporaryDirectory("store-", join(path, ".."));
  for (const [name, source] of Object.entries(files)) {
    await makeDirectory(join(content.path, name, ".."));
    await copyFile(source, join(content.path, name));
  }
  await createDiskImage(path, sizeBytes);
  await run(["mkfs.ext4", "-q", "-F", "-L", label, "-E", "root_owner=0:0", "-d", content.path, path]);
}

export function storeDisk(file: string): DiskSpec {
  return { file, bus: "virtio-blk", serial: STORE_SERIAL };
}

/** Mounts it in a guest at STORE_PATH, which lists skip as it is below /run. */
export const STORE_PATH = "/run/store";
export const MOUNT_STORE = `mkdir -p ${STORE_PATH} && mount LABEL=${STORE_LABEL} ${STORE_PATH}`;

/** Copies a file or a whole directory out of an unmounted store. `to` is the file, or an existing directory that gets the directory. */
export async function copyOutOfStore(image: string, path: string, to: string): Promise<void> {
  const isDirectory = (await debugfs(image, `stat ${quoted(path)}`)).includes("Type: directory");
  await debugfs(image, `${isDirectory ? "rdump" : "dump"} ${quoted(path)} ${quoted(to)}`);
  if (!(await exists(to)))
    throw new LifeboatError(`Cannot copy "${path}" out of the disk as it must be there: "${image}" does not have it`);
}

export async function readFromStore(image: string, path: string): Promise<string> {
  await using directory = await makeTemporaryDirectory("lifeboat-store-");
  const copy = join(directory.path, "file");
  await copyOutOfStore(image, path, copy);
  return readText(copy);
}

/** Names in a directory of an unmounted store, sorted. */
export async function listStore(image: string, path = "/"): Promise<readonly string[]> {
  const lines = (await debugfs(image, `ls -p ${quoted(path)}`)).split("\n");
  // /INODE/MODE/UID/GID/NAME/SIZE/
  const names = lines.map((line) => line.split("/")[5] ?? "");
  return names.filter((name) => !["", ".", "..", "lost+found"].includes(name)).sort();
}

/** Runs a shell script in an unmounted store, which is the working directory; `words` are its arguments from $1 on. */
export async function changeStore(image: string, script: string, words: readonly string[]): Promise<void> {
  await using work = await makeTemporaryDirectory("lifeboat-store-");
  const root = join(work.path, "store");
  await makeDirectory(root);
  // The shell leaves the mount before it unmounts it.
  const mounted = `
    set -e
    image=$1 root=$2 script=$3
    shift 3
    mount -o loop "$image" "$root"
    trap 'cd / && umount "$root"' EXIT
    cd "$root"
    sh -e -c "$script" sh "$@"`;
  await run(["sh", "-c", mounted, "sh", image, root, script, ...words]);
}

/** debugfs ends with 0 whatever happened: what it complains about is its second line of errors. */
async function debugfs(image: string, request: string): Promise<string> {
  const { stdout, stderr } = await run(["debugfs", "-R", request, image]);
  const complaints = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("debugfs "));
  if (complaints.length > 0) {
    throw new LifeboatError(`Cannot read the disk "${image}" as debugfs must find what is asked for: ${complaints.join(" | ")}`);
  }
  return stdout;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
