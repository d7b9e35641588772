// Directories in which something was written after their extraction, by us or by programs of the machine, get their times again.

import { infoRaw, isModifiedAt } from "#os/byte-paths";
import type { ByteText } from "../formats/tar-read.ts";
import { prefixOf, type CatalogueEntry } from "../set/catalogue.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { resetDirectories } from "./extract-files.ts";
import { extractDirectories, type SetContent } from "./extract-set.ts";
import { realPlaces } from "./real-places.ts";

/** Those below `root` that are there, and whose time of change is not the catalogue's, are extracted once more. */
export async function refreshDirectories(content: SetContent, root: string): Promise<void> {
  const prefix = prefixOf(root);
  const isReal = realPlaces(root);
  const disturbed = new Map<ByteText, CatalogueEntry>();
  for await (const entry of readCatalogue(content.set))
    if (isDisturbed(entry, prefix) && isReal(entry.path)) disturbed.set(entry.path, entry);
  if (disturbed.size === 0) return;
  // Nobody should have to go through all discs once more for times, which the catalogue has too.
  if (content.set.source.isChangedByHand === true) await resetDirectories([...disturbed.values()], root);
  else await extractDirectories(content, (path) => disturbed.has(path), { root });
}

function isDisturbed({ path, type, mtime }: CatalogueEntry, prefix: string): boolean {
  if (type !== "directory") return false;
  const info = infoRaw(prefix + path);
  return info?.type === "directory" && !isModifiedAt(info, mtime);
}
