// Names in a part of a set: what is another name of a file or node that is not in it gets a first name that is.

import type { ByteText } from "../formats/tar-read.ts";
import type { NewNames } from "../formats/tar-rename.ts";
import type { CatalogueEntry } from "../set/catalogue.ts";
import { hasAttributes, type Selection } from "./select-files.ts";

export interface KeptNames {
  /** What becomes of a member of the stream: left out, taken, or taken under another name. `hardlinkOf` of a hard link alone. */
  choose(path: ByteText, hardlinkOf?: ByteText): boolean | NewNames;
  /** What will be there, as it will be. */
  entries(): AsyncIterable<CatalogueEntry>;
}

type Chosen = Pick<Selection, "isWanted" | "parents" | "sources" | "entries">;

/** `lost`: what damage has cost. */
export async function keptNames(selection: Chosen, lost: ReadonlySet<ByteText>): Promise<KeptNames> {
  const { isWanted, parents } = selection;
  const isKept = (path: ByteText) => isWanted(path) && !lost.has(path);
  const firstOf = await firstLinks(selection, isKept);
  const firstHere = (hardlinkOf: ByteText | undefined) => (hardlinkOf === undefined ? undefined : firstOf.get(hardlinkOf));
  const fromStream = new Set(parents.filter(hasAttributes).map(({ path }) => path));
  return {
    choose(path, hardlinkOf) {
      const content = firstOf.get(path);
      if (content !== undefined) return { path: content.slice(1) };
      if (!isKept(path) && (!fromStream.has(path) || lost.has(path))) return false;
      const first = firstHere(hardlinkOf);
      return first === undefined || (first !== path && { linkTarget: first.slice(1) });
    },
    async *entries() {
      const firstNode = nodeNames(isKept);
      for await (const entry of selection.entries()) {
        const content = firstOf.get(entry.path);
        const first = firstHere(entry.hardlinkOf);
        // A first name that was not asked for gives its content to the link that takes its place.
        if (content !== undefined) yield { ...entry, path: content };
        else if (!isKept(entry.path) || first === entry.path) continue;
        else yield first === undefined ? firstNode(entry) : { ...entry, hardlinkOf: first };
      }
    },
  };
}

/** Of a hard link's first name that was not asked for: the first name that was, which takes its place. */
async function firstLinks({ sources, entries }: Chosen, isKept: (path: ByteText) => boolean): Promise<ReadonlyMap<ByteText, ByteText>> {
  const firstOf = new Map<ByteText, ByteText>();
  if (sources.size === 0) return firstOf;
  for await (const { path, hardlinkOf } of entries()) {
    if (hardlinkOf !== undefined && sources.has(hardlinkOf) && isKept(path) && !firstOf.has(hardlinkOf)) firstOf.set(hardlinkOf, path);
  }
  return firstOf;
}

/** Of a device node or FIFO whose first name is not there, the first that is takes its place. To be asked in the order of the stream. */
function nodeNames(isKept: (path: ByteText) => boolean): (entry: CatalogueEntry) => CatalogueEntry {
  const firsts = new Map<ByteText, ByteText>();
  return (entry) => {
    const { sameNodeAs, ...own } = entry;
    if (sameNodeAs === undefined || isKept(sameNodeAs)) return entry;
    const first = firsts.get(sameNodeAs);
    if (first !== undefined) return { ...own, sameNodeAs: first };
    firsts.set(sameNodeAs, own.path);
    return own;
  };
}
