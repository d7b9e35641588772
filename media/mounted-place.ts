// A place that is mounted for as long as a command uses it: a share on the network, or the store of a stick.

import { LifeboatError } from "#os/error";
import { run, type Command } from "#os/exec";
import { makeNewDirectory, makeTemporaryDirectory } from "#os/files";
import { forgetMount, rememberMount } from "#os/temporaries";

export type Shown = (text: string) => string;

export interface MountedPlace {
  /** As the user named it. */
  readonly place: string;
  readonly mode: "ro" | "rw";
  /** For a directory that is there. */
  command(directory: string): Command;
  /** What is said where the command fails, for this reason. */
  problem(reason: LifeboatError): LifeboatError;
}

/**
 * Calls `work` with the directory at which it is mounted meanwhile, and with what makes text that names this directory name the place, as errors
 * of `work` do. Throws LifeboatError when it cannot be mounted, and when it cannot be unmounted: then nobody knows whether all that was written
 * has arrived.
 */
export async function withMounted<T>(mounted: MountedPlace, work: (directory: string, shown: Shown) => Promise<T>): Promise<T> {
  const { place, mode } = mounted;
  // What is there is left out of every set: the kernel makes it.
  await using directory = await makeTemporaryDirectory("lifeboat-", "/run");
  // One below it, so that no removal of the directory ever goes into what is mounted.
  const mountPoint = `${directory.path}/share`;
  await makeNewDirectory(mountPoint, 0o700);
  try {
    await run(mounted.command(mountPoint));
  } catch (error) {
    throw error instanceof LifeboatError ? mounted.problem(error) : error;
  }
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

function stillMounted(place: string, problem: string, mode: "ro" | "rw"): LifeboatError {
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
