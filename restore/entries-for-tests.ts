// For tests: lines of a catalogue.

import type { CatalogueEntry } from "../set/catalogue.ts";

/** An empty file, but for what is said. */
export function entryOf(facts: Partial<CatalogueEntry> & Pick<CatalogueEntry, "path">): CatalogueEntry {
  return {
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: [0, 0],
    ctime: undefined,
    sizeBytes: 0,
    digest: undefined,
    isSparse: false,
    attributesDigest: undefined,
    target: undefined,
    hardlinkOf: undefined,
    device: undefined,
    flags: "",
    frame: 0,
    offset: 0,
    streamBytes: 1536,
    ...facts,
  };
}
