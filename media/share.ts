// A share on the network, mounted for as long as a command uses it.

import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { makeNewDirectory, makeTemporaryDirectory } from "#os/files";
import { forgetMount, rememberMount } from "#os/temporaries";
import { mountShareCommand, parseShareUrl, SHARE_PACKAGES, type ShareMode, type ShareUrl } from "./share-url.ts";

export type Shown = (text: string) => string;

/**
 * Calls `work` with `place`; where that is a share's URL, with the directory at which it is mounted meanwhile, and with what makes text that
 * names this directory name the URL, as errors of `work` do. Throws LifeboatError when it cannot be mounted, and when it cannot be unmounted: then nobody knows
 * whether all that was written has arrived.
 */
export async function withShare<T>(place: string, mode: ShareMode, work: (place: string, shown: Shown) => Promise<T>): Promise<T> {
  const url = parseShareUrl(place);
  if (url === undefined) return work(place, (text) => text);
  // What is there is left out of every set: the kernel makes it.
  await using directory = await makeTemporaryDirectory("lifeboat-", "/run");
  // One below it, so that no removal of the directory ever goes into the share.
  const mountPoint = `${directory.path}/share`;
  await makeNewDirectory(mountPoint, 0o700);
  await mountShare(url, mountPoint, { mode, place });
  rememberMount(mountPoint);
  const shown = (text: string) => text.split(mountPoint).join(place.replace(/\/*(?:\?.*)?$/s, ""));
  let isDone = false;
  try {
    const result = await work(mountPoint, shown);
    isDone = true;
    return result;
  } catch (error) {
    throw named(error, shown);
  } finally {
    const problem = await unmount(mountPoint);
    forgetMount(mountPoint);
    // oxlint-disable-next-line no-unsafe-finally -- an error of the work itself says more
    if (problem !== undefined && isDone) throw stillMounted(place, problem, mode);
  }
}

async function mountShare(
  url: ShareUrl,
  directory: string,
  { mode, place }: { readonly mode: ShareMode; readonly place: string },
): Promise<void> {
  try {
    await run(mountShareCommand(url, directory, mode));
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    const reason = /saying "(.*)"$/s.exec(error.message)?.[1] ?? error.message;
    const isMissing = /no such program|helper program/.test(reason);
    throw new LifeboatError(`Cannot mount "${place}" as the server must be there and let this machine in: ${reason}`, {
      cause: error,
      ...(isMissing ? { hint: `Install the package ${SHARE_PACKAGES[url.scheme]}` } : error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** In words that follow a colon; undefined when it is gone. What is in use still is let go as soon as it is not. */
async function unmount(directory: string): Promise<string | undefined> {
  try {
    await run(["umount", directory]);
    return undefined;
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    await run(["umount", "-l", directory], { okCodes: [0, 1, 32] });
    return error.message;
  }
}

function stillMounted(place: string, problem: string, mode: ShareMode): LifeboatError {
  return new LifeboatError(`Cannot let go of "${place}" as it must be unmounted at the end: ${problem}`, {
    exitCode: mode === "rw" ? 4 : 3,
    hint: mode === "rw" ? `See whether all has arrived: lifeboat verify ${place}` : "Nothing was written to it",
  });
}

function named(error: unknown, shown: Shown): unknown {
  if (!(error instanceof LifeboatError)) return error;
  const { exitCode, hint } = error;
  return new LifeboatError(shown(error.message), { exitCode, cause: error, ...(hint === undefined ? {} : { hint: shown(hint) }) });
}
