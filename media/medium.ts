// A medium as the agent sees it: something named by a URL that files can be read from.

import { LifeboatError } from "#os/error";
import { readTextIfThere } from "#os/files";

/** Runs a program to its end; never throws for the program's own failure. */
export type RunCommand = (command: readonly [string, ...string[]]) => Promise<{ readonly exitCode: number; readonly output: string }>;

/** There where the rescue system's tools are read from its medium all the time: the disc must stay in its drive. */
export const MUST_STAY_NOTE = "/run/lifeboat/medium-must-stay";

export interface Medium {
  /** The medium's URL, as it would be given to `lifeboat.medium=`. */
  readonly url: string;
  /** For people, e.g. `CD /dev/sr0 (QEMU DVD-ROM)`. */
  readonly description: string;
  /** The path under which a file of the medium can be read now, or undefined when it must be fetched. */
  localPath(name: string): string | undefined;
  /**
   * The text of a small file of ASCII, or undefined when the medium answers and does not have it. Throws LifeboatError
   * when the medium does not answer.
   */
  readSmall(name: string): Promise<string | undefined>;
  /** Puts a copy of the file at `path`. Throws LifeboatError when it is not there or the medium fails. */
  copyTo(name: string, path: string): Promise<void>;
  /** Lets go of the medium, so that it can be taken out. */
  close(): Promise<void>;
}

/** A medium whose files appear below a mount point. */
export function mountedMedium(about: { readonly url: string; readonly description: string }, mountPoint: string, run: RunCommand): Medium {
  const at = (name: string) => `${mountPoint}/${name}`;
  return {
    ...about,
    localPath: at,
    readSmall: (name) => readTextIfThere(at(name)),
    copyTo: async (name, path) => {
      const copied = await run(["busybox", "cp", at(name), path]);
      if (copied.exitCode !== 0) {
        throw new LifeboatError(`Cannot copy "${name}" from ${about.description} as the medium must be readable: ${copied.output}`);
      }
    },
    close: async () => {
      await run(["busybox", "umount", mountPoint]);
    },
  };
}
