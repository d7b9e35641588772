// A rescue image's cache as a guest would have it that makes its image every night: filled on the host, which is not emulated.

import { join } from "node:path";
import { makeDirectory, makeTemporaryDirectory } from "#os/files";
import type { Guest } from "./guest.ts";
import { listedPartitions, readOnlyMounts } from "./list-image.ts";
import { runWithMounts } from "./mounts.ts";
import { STORE_PATH } from "./store-disk.ts";

const LIMIT_MS = 10 * 60 * 1000;

/**
 * Runs the store's `lifeboat build` in the file systems of the guest's disk `image`, mounted read-only, and leaves the cache in the store. Paths, inodes
 * and times are those that the running guest sees, so the pieces count as its own there.
 */
export async function fillImageCache({ disk, kernelRelease }: Guest, image: string, store: string): Promise<void> {
  await using work = await makeTemporaryDirectory("lifeboat-cache-");
  const root = join(work.path, "root");
  await makeDirectory(root);
  const mounts = await readOnlyMounts(image, listedPartitions(disk));
  const script = `
    set -e
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    mount -t tmpfs run "$ROOT/run"
    mkdir "$ROOT${STORE_PATH}"
    mount -o loop "$1" "$ROOT${STORE_PATH}"
    mkdir "$ROOT${STORE_PATH}/tmp"
    export TMPDIR=${STORE_PATH}/tmp
    chroot "$ROOT" ${STORE_PATH}/lifeboat build --kernel "/boot/vmlinuz-$2" --cache ${STORE_PATH}/cache --output ${STORE_PATH}/tmp/rescue.iso
    rm "$ROOT${STORE_PATH}/tmp/rescue.iso"`;
  const words = ["sh", "-c", script, "sh", store, kernelRelease] as const;
  await runWithMounts({ image, root, mounts, workDirectory: work.path }, words, { timeoutMs: LIMIT_MS });
}
