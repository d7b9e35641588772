// For tests: real file systems in files, mounted.

import { run } from "#os/exec";
import { makeTemporaryDirectory } from "#os/files";

export interface MountedImage extends AsyncDisposable {
  readonly path: string;
}

/** Undefined where such a file system cannot be mounted: the test then says that it is skipped. */
export async function mountImage(command: readonly [string, ...string[]], sizeMiB: number): Promise<MountedImage | undefined> {
  await using made = new AsyncDisposableStack();
  const { path: directory } = made.use(await makeTemporaryDirectory("lifeboat-image-"));
  const image = `${directory}/image`;
  const path = `${directory}/mounted`;
  await run(["truncate", "-s", `${sizeMiB}M`, image]);
  await run([...command, image]);
  await run(["mkdir", path]);
  const { exitCode } = await run(["mount", "-o", "loop", image, path], { okCodes: [0, 1, 32] });
  if (exitCode !== 0) return undefined;
  made.defer(async () => void (await run(["umount", path])));
  const kept = made.move();
  return { path, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

export const EXT4 = ["mke2fs", "-q", "-t", "ext4"] as const;
export const XFS = ["mkfs.xfs", "-q"] as const;
