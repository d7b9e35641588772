// Where a set can be read: files by name, from anywhere in them. Media implement it; everything that reads sets takes it.

import { LifeboatError } from "#os/error";

/** The disc or tape that something lies on is not here, and nobody brings it: that is no damage. */
export class MissingMedium extends LifeboatError {}

/** What is wrong with a set, in words that follow a colon. Throws what is no damage again. */
export function damageText(error: unknown): string {
  if (error instanceof LifeboatError && !(error instanceof MissingMedium)) return error.message;
  throw error;
}

export interface FileSource {
  /** For people: the path or URL. */
  readonly description: string;
  /** Undefined when there is no such file. */
  sizeOf(name: string): Promise<number | undefined>;
  /**
   * Exactly so many bytes, or as many as `room` is long, which they are put into; fewer at the end of the file.
   * Throws LifeboatError when the medium fails.
   */
  read(name: string, offset: number, room: number | Uint8Array): Promise<Uint8Array>;
}

export interface SetSource extends FileSource {
  /** What lies beside the set, by its path on the medium: the rescue image, where that is no file of the set's own. */
  readonly medium: FileSource;
  /** What is wrong with the medium itself, though all files of the set may be whole. */
  readonly mediumDamage?: string;
  /** The same, found by reading all of the medium; undefined when it is as it was written, or nothing tells. */
  checkMedium?(): Promise<string | undefined>;
}
