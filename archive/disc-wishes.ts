// What the user says of a set's discs and images, and the commands that are run for each.

import { LifeboatError } from "#os/error";
import { run } from "#os/exec";

export interface DiscWishes {
  /** What images are called; unless given, like the set. */
  readonly prefix?: string | undefined;
  /** Shell commands, run before each disc or image is made and when it is done. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** Burn each, instead of keeping the images. */
  readonly burn?: BurnWishes | undefined;
}

export interface BurnWishes {
  /** `/dev/sr0`, or `stdio:/PATH` for a file. */
  readonly drive: string;
  /** As after xorriso's `blank=`; undefined: only empty discs are taken. */
  readonly blank: string | undefined;
  /** As after xorriso's `speed=`. */
  readonly speed: string | undefined;
  readonly eject: boolean;
  /** With the laser off. */
  readonly isDry: boolean;
}

export interface VolumeEvent {
  readonly when: "before" | "after";
  readonly setId: string;
  readonly number: number;
  /** The image. */
  readonly path: string;
}

/** Throws LifeboatError (4) when the command fails. */
export async function runVolumeCommand(wishes: DiscWishes, { when, setId, number, path }: VolumeEvent): Promise<void> {
  const command = wishes[when];
  if (command === undefined) return;
  const env = { LIFEBOAT_SET: setId, LIFEBOAT_VOLUME: String(number), LIFEBOAT_FILE: path };
  try {
    await run(["sh", "-c", command], { env });
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    const state = /must succeed: (.*)$/s.exec(error.message)?.[1] ?? error.message;
    throw new LifeboatError(`Cannot go on with disc ${number} as the command of --${when}-volume must succeed: ${state}`, {
      exitCode: 4,
      hint: `The command was: ${command}`,
      cause: error,
    });
  }
}
