// Device nodes and FIFOs with several names: tar makes each by itself, and they become one again.

import { infoRaw, linkRaw } from "#os/byte-paths";
import type { ByteText } from "../formats/tar-read.ts";
import { prefixOf, type CatalogueEntry } from "../set/catalogue.ts";
import { realPlaces } from "./real-places.ts";

/** Returns the directories in which it has made names again: their times have changed. */
export async function linkNodes(
  root: string,
  entries: AsyncIterable<CatalogueEntry> | Iterable<CatalogueEntry>,
): Promise<ReadonlySet<ByteText>> {
  const prefix = prefixOf(root);
  const isReal = realPlaces(root);
  const changed = new Set<ByteText>();
  for await (const { path, type, sameNodeAs } of entries) {
    if (sameNodeAs === undefined || isSameNode(prefix, path, sameNodeAs)) continue;
    if (![path, sameNodeAs].every((name) => isReal(name) && infoRaw(prefix + name)?.type === type)) continue;
    linkRaw(prefix + sameNodeAs, prefix + path);
    changed.add(directoryOf(path));
  }
  return changed;
}

export function directoryOf(path: ByteText): ByteText {
  return path.replace(/\/[^/]+$/, "") || "/";
}

export function isSameNode(prefix: ByteText, path: ByteText, other: ByteText): boolean {
  const inode = infoRaw(prefix + path)?.inode;
  return inode !== undefined && inode === infoRaw(prefix + other)?.inode;
}
