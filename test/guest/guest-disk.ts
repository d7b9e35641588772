// A guest's disk before its first boot: partitions, file systems, and what stands in them. Needs loop devices, and no machine.

import { join } from "node:path";
import { run, type Command } from "#os/exec";
import { makeDirectory, writeFile } from "#os/files";
import { createDiskImage } from "../../qemu/disks.ts";
import { runWithMounts, type Mount } from "./mounts.ts";
import {
  DISKS,
  firmwareOf,
  fstab,
  oddDirectories,
  partitionScript,
  SWAP_FILE,
  type GuestContent,
  type GuestKind,
  type GuestPartition,
} from "./recipe.ts";

const SECTOR_BYTES = 512;
const LIMIT_MS = 10 * 60 * 1000;

export interface DiskRecipe {
  readonly kind: GuestKind;
  /** Made by makeBaseTree(). */
  readonly base: string;
  readonly image: string;
  readonly hostname: string;
  readonly workDirectory: string;
}

export async function makeGuestDisk({ kind, base, image, hostname, workDirectory }: DiskRecipe): Promise<void> {
  const disk = DISKS[kind];
  await createDiskImage(image, disk.sizeBytes);
  await run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", image], { input: partitionScript(disk) });
  for (const partition of disk.partitions) await makeFileSystem(image, partition);
  const fstabPath = join(workDirectory, "fstab");
  await writeFile(fstabPath, fstab(kind));
  const root = join(workDirectory, "root");
  await makeDirectory(root);
  const swapBytes = firmwareOf(kind) === "bios" ? SWAP_FILE.sizeBytes : 0;
  const script = join(import.meta.dirname, "populate.sh");
  await runWithMounts(
    { image, root, mounts: mountsToFill(disk.partitions), workDirectory },
    ["sh", script, base, kind, hostname, fstabPath, String(swapBytes), ...oddDirectories(kind)],
    { timeoutMs: LIMIT_MS },
  );
}

/** Without the EFI system partition: the host's kernel may not know vfat, and the guest fills it. */
function mountsToFill(partitions: readonly GuestPartition[]): readonly Mount[] {
  return partitions.flatMap(({ startSector, sizeSectors, content }) => {
    if (content?.path === undefined || content.fileSystem === "vfat") return [];
    const { fileSystem, path } = content;
    return [{ offsetBytes: startSector * SECTOR_BYTES, sizeBytes: sizeSectors * SECTOR_BYTES, fileSystem, options: "rw", path }];
  });
}

async function makeFileSystem(image: string, { startSector, sizeSectors, content }: GuestPartition): Promise<void> {
  if (content === undefined) return;
  const [offset, size] = [startSector * SECTOR_BYTES, sizeSectors * SECTOR_BYTES];
  const { stdout } = await run(["losetup", "--find", "--show", `--offset=${offset}`, `--sizelimit=${size}`, image]);
  const device = stdout.trim();
  try {
    await run(makeCommand(content, device));
  } finally {
    await run(["losetup", "--detach", device]);
  }
}

function makeCommand({ fileSystem, uuid, label }: GuestContent, device: string): Command {
  const labelled = (option: string) => (label === undefined ? [] : [option, label]);
  switch (fileSystem) {
    case "ext2":
    case "ext3":
    case "ext4":
      // All is written now, so that the kernel has nothing to finish while a test looks.
      return [`mkfs.${fileSystem}`, "-q", "-F", "-U", uuid, ...labelled("-L"), "-E", "lazy_itable_init=0,lazy_journal_init=0", device];
    case "xfs":
      return ["mkfs.xfs", "-q", "-f", "-m", `uuid=${uuid}`, ...labelled("-L"), device];
    case "vfat":
      return ["mkfs.vfat", "-F", "32", "-i", uuid, ...labelled("-n"), device];
    case "swap":
      return ["mkswap", "--quiet", "--uuid", uuid, ...labelled("--label"), device];
  }
}
