// Directories in which something was written after their extraction, by us or by programs of the machine, get their times again.

import { infoRaw, isModifiedAt } from "#os/byte-paths";
import { prefixOf, type CatalogueEntry } from "../set/catalogue.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { resetDirectories } from "./extract-files.ts";
import type { SetContent } from "./extract-set.ts";
import { realPlaces } from "./real-places.ts";

/** Those below `root` that are there, and whose time of change is not the catalogue's, get what the catalogue tells of them; none that is lost. */
export async function refreshDirectories({ set, gate }: SetContent, root: string): Promise<void> {
  const prefix = prefixOf(root);
  const isReal = realPlaces(root);
  const lost = new Set(gate.lost);
  const disturbed: CatalogueEntry[] = [];
  for await (const entry of readCatalogue(set)) {
    if (isDisturbed(entry, prefix) && isReal(entry.path) && !lost.has(entry.path)) disturbed.push(entry);
  }
  await resetDirectories(disturbed, root);
}

function isDisturbed({ path, type, mtime }: CatalogueEntry, prefix: string): boolean {
  if (type !== "directory") return false;
  const info = infoRaw(prefix + path);
  return info?.type === "directory" && !isModifiedAt(info, mtime);
}
