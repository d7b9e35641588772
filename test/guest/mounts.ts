// Partitions of a disk image on the host, mounted for as long as one command runs, in a mount namespace of its own.

import { join } from "node:path";
import { run, type Command, type RunOptions, type RunResult } from "#os/exec";
import { writeFile } from "#os/files";

export interface Mount {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly fileSystem: string;
  readonly options: string;
  /** Below the root, beginning with a slash. */
  readonly path: string;
}

export interface MountedImage {
  /** Raw. */
  readonly image: string;
  /** An empty directory. */
  readonly root: string;
  readonly mounts: readonly Mount[];
  readonly workDirectory: string;
}

/** Runs `command`, which finds the mounted tree at $ROOT. vfat, where the kernel does not know it, is a copy that is thrown away. */
export async function runWithMounts(image: MountedImage, command: Command, options: RunOptions = {}): Promise<RunResult> {
  const table = join(image.workDirectory, "mounts");
  await writeFile(table, mountTable(image.mounts));
  const script = join(import.meta.dirname, "with-mounts.sh");
  const prefix = ["--mount", "--propagation", "private", "sh", script, image.image, image.root, table];
  // Times on vfat are local ones.
  return run(["unshare", ...prefix, ...command], { ...options, env: { TZ: "UTC", ...options.env } });
}

function mountTable(mounts: readonly Mount[]): string {
  const inOrder = [...mounts].sort((a, b) => (a.path < b.path ? -1 : 1));
  return inOrder
    .map(({ offsetBytes, sizeBytes, fileSystem, options, path }) => `${offsetBytes} ${sizeBytes} ${fileSystem} ${options} ${path}\n`)
    .join("");
}
