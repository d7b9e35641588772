// The Debian tree that guests with stacked storage start from, and the workshop: the same system, in which such storage is made and looked at.

import { join } from "node:path";
import { digestOf } from "#os/digest";
import { run } from "#os/exec";
import { makeDirectory, readText } from "#os/files";
import { createDiskImage } from "../../qemu/disks.ts";
import { makeTree, runPackages, type TreeRecipe } from "../guest/base-tree.ts";
import { kept } from "../guest/guest.ts";
import { LEFT_OUT, LOGIN, PACKAGES } from "../guest/recipe.ts";

/** To be raised when the code here makes another tree from the same recipe. */
const VERSION = 1;

export const WORKSHOP = "workshop";
const WORKSHOP_BYTES = 2 * 2 ** 30;
const LIMIT_MS = 10 * 60 * 1000;

/** Storage of every kind, and boot loaders that do not exclude one another. */
const STORAGE_PACKAGES = [
  "cryptsetup",
  "cryptsetup-initramfs",
  "thin-provisioning-tools",
  "multipath-tools",
  "f2fs-tools",
  "jfsutils",
  "reiserfsprogs",
  "ntfs-3g",
  "grub2-common",
  "grub-pc-bin",
  "systemd-boot",
  "extlinux",
];
const NOT_HERE = /^(?:qemu-.*|ovmf|binutils)$/;

/** Controllers that guests are moved to are not among them: their drivers have to be put in. */
const MODULES = "virtio_pci virtio_blk ext4 xfs btrfs vfat crc32c_generic raid0 raid1 raid10 raid456 dm_mod dm_crypt dm_raid".split(" ");
const KEPT_FILE_SYSTEMS = /fs\/(?:f2fs|jfs|reiserfs)\//;

export interface StorageTree {
  /** With `root.tar`, `vmlinuz`, `initrd.img`, and `workshop.img`, a whole file system. */
  readonly directory: string;
  readonly kernelRelease: string;
}

/** `directory` is the cache. */
export async function storageTree(directory: string): Promise<StorageTree> {
  const recipe: TreeRecipe = {
    packages: [...PACKAGES, ...STORAGE_PACKAGES, ...(await runPackages()).filter((name) => !NOT_HERE.test(name))],
    leftOut: { ...LEFT_OUT, exclude: LEFT_OUT.exclude.filter((pattern) => !KEPT_FILE_SYSTEMS.test(pattern)) },
    modules: MODULES,
    hooks: [],
  };
  const prepare = await readText(join(import.meta.dirname, "../guest/prepare-root.sh"));
  const digest = digestOf(JSON.stringify([VERSION, recipe, LOGIN]), prepare);
  const place = await kept({ directory, name: "storage", digest }, async (into) => {
    await makeTree(into, recipe);
    await makeWorkshop(into);
  });
  return { directory: place, kernelRelease: (await readText(join(place, "release"))).trim() };
}

async function makeWorkshop(directory: string): Promise<void> {
  const image = join(directory, "workshop.img");
  const root = join(directory, "root");
  await makeDirectory(root);
  await createDiskImage(image, WORKSHOP_BYTES);
  await run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image]);
  const script = `
    set -e
    mount -o loop "$1" "$2"
    tar -C "$2" --xattrs --xattrs-include='*' --numeric-owner -xf "$3"
    echo ${WORKSHOP} > "$2/etc/hostname"
    umount "$2"`;
  await run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", image, root, join(directory, "root.tar")], {
    timeoutMs: LIMIT_MS,
  });
}
