// A CD, a USB stick or a disk partition as a medium: mounted read-only, without replaying any journal.

import { LifeboatError } from "#os/error";
import { makeDirectory, readRange } from "#os/files";
import { identifySuperblock, SUPERBLOCK_BYTES, type FileSystemType } from "../machine/superblock.ts";
import { mountedMedium, type Medium, type RunCommand } from "./medium.ts";

interface MountRule {
  /** The name mount(8) and the kernel's `fs-NAME` alias know. */
  readonly kernelName: string;
  /** Options that keep the disk as it is (DESIGN section 8, rule 2). */
  readonly options: string;
}

const MOUNT_RULES: Partial<Record<FileSystemType, MountRule>> = {
  iso9660: { kernelName: "iso9660", options: "ro" },
  udf: { kernelName: "udf", options: "ro" },
  vfat: { kernelName: "vfat", options: "ro" },
  exfat: { kernelName: "exfat", options: "ro" },
  ntfs: { kernelName: "ntfs3", options: "ro" },
  ext: { kernelName: "ext4", options: "ro,noload" },
  xfs: { kernelName: "xfs", options: "ro,norecovery,nouuid" },
  btrfs: { kernelName: "btrfs", options: "ro,rescue=nologreplay" },
  f2fs: { kernelName: "f2fs", options: "ro,norecovery" },
};

export interface BlockMediumOptions {
  readonly device: string;
  readonly description: string;
  readonly mountPoint: string;
  readonly run: RunCommand;
  /** Called with the file system's kernel name before the mount, to bring its driver in. */
  readonly needFileSystem: (kernelName: string) => Promise<void>;
}

/** Mounts the device. Undefined when no file system is on it, or none that we know how to read without writing. */
export async function openBlockMedium(options: BlockMediumOptions): Promise<Medium | undefined> {
  const head = await readRange(options.device, 0, SUPERBLOCK_BYTES).catch(() => undefined);
  const superblock = head === undefined ? undefined : identifySuperblock(head);
  const rule = superblock === undefined ? undefined : MOUNT_RULES[superblock.type];
  if (rule === undefined) return undefined;
  await options.needFileSystem(rule.kernelName);
  await makeDirectory(options.mountPoint);
  const mounted = await options.run(["busybox", "mount", "-t", rule.kernelName, "-o", rule.options, options.device, options.mountPoint]);
  if (mounted.exitCode !== 0) {
    throw new LifeboatError(`Cannot mount "${options.device}" as a ${rule.kernelName} file system: ${mounted.output}`);
  }
  return mountedMedium({ url: `usb:${options.device}`, description: options.description }, options.mountPoint, options.run);
}
