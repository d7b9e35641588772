// A device that is mounted for a moment, in a directory of its own.

import { run } from "#os/exec";
import { makeTemporaryDirectory } from "#os/files";

export interface BriefMount extends AsyncDisposable {
  readonly path: string;
}

/** Unmounted when it is disposed of. Throws LifeboatError when the device cannot be mounted so. */
export async function mountBriefly(device: string, type: string, options: readonly string[] = []): Promise<BriefMount> {
  await using made = new AsyncDisposableStack();
  const { path } = made.use(await makeTemporaryDirectory("lifeboat-mount-"));
  await run(["mount", "-t", type, ...(options.length === 0 ? [] : ["-o", options.join(",")]), device, path]);
  made.defer(async () => void (await run(["umount", path])));
  const kept = made.move();
  return { path, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
