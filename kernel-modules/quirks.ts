// Dependencies that no file of the kernel declares: one line each, with the thread that tells why. No link, no entry.

export interface Quirk {
  readonly module: string;
  /** Names or aliases; those that a kernel does not have are no error. */
  readonly needs: readonly string[];
  /** An https link. */
  readonly why: string;
}

export const QUIRKS: readonly Quirk[] = [];
