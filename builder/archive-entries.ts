// From the image plan to what the archive writers take: parents added, sorted, contents opened when their turn comes.

import { readChunks } from "#os/files";
import type { ArchiveEntry } from "../formats/archive-entry.ts";
import type { PlanEntry } from "./image-plan.ts";

/** A file's bytes as they go into the image; modules are stored uncompressed, whatever they are on disk. */
export type OpenContent = (hostPath: string) => AsyncIterable<Uint8Array>;

/**
 * Sorted entries with all their parent directories, except those in `existing`.
 * Two entries of one path must be the same thing: the first is taken.
 */
export function archiveEntries(
  entries: readonly PlanEntry[],
  existing: ReadonlySet<string>,
  open: OpenContent = readChunks,
): readonly ArchiveEntry[] {
  const byPath = new Map<string, ArchiveEntry>();
  for (const entry of entries) {
    if (!byPath.has(entry.path)) byPath.set(entry.path, toArchiveEntry(entry, open));
    for (const directory of parentsOf(entry.path)) {
      if (!byPath.has(directory) && !existing.has(directory)) byPath.set(directory, { type: "directory", path: directory, mode: 0o755 });
    }
  }
  for (const path of existing) if (byPath.get(path)?.type === "directory") byPath.delete(path);
  // A name sorts before what it is the beginning of, so parents come first.
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function* parentsOf(path: string): Generator<string> {
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) yield path.slice(0, at);
}

function toArchiveEntry(entry: PlanEntry, open: OpenContent): ArchiveEntry {
  const { path, mode } = entry;
  switch (entry.type) {
    case "file":
      return {
        type: "file",
        path,
        mode,
        sizeBytes: entry.sizeBytes,
        data: "bytes" in entry.content ? entry.content.bytes : open(entry.content.hostPath),
      };
    case "directory":
      return { type: "directory", path, mode };
    case "symlink":
      return { type: "symlink", path, mode, target: entry.target };
    case "character-device":
      return { type: "character-device", path, mode, major: entry.major, minor: entry.minor };
  }
}
