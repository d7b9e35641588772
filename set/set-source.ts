// Where a set can be read: files by name, from anywhere in them. Media implement it; everything that reads sets takes it.

export interface SetSource {
  /** For people: the path or URL. */
  readonly description: string;
  /** Undefined when there is no such file. */
  sizeOf(name: string): Promise<number | undefined>;
  /**
   * Exactly `lengthBytes`, or fewer at the end of the file; in `into`, which has room for them, where that saves a copy.
   * Throws LifeboatError when the medium fails.
   */
  read(name: string, offset: number, lengthBytes: number, into?: Uint8Array): Promise<Uint8Array>;
}
