// Where a set can be read: files by name, from anywhere in them. Media implement it; everything that reads sets takes it.

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
}
