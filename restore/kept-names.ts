// Names in a part of a set: what is another name of a file or node that is not in it gets a first name that is.

import type { ByteText } from "../formats/tar-read.ts";
import type { NewNames } from "../formats/tar-rename.ts";
import type { CatalogueEntry } from "../set/catalogue.ts";
import { hasAttributes, type Selection } from "./select-files.ts";

export interface KeptNames {
  /** What becomes of a member of the stream: left out, taken, or taken under another name. */
  choose(path: ByteText): boolean | NewNames;
  /** What will be there, as it will be. */
  entries(): AsyncIterable<CatalogueEntry>;
}

/** `lost`: what damage has cost. */
export async function keptNames(selection: Selection, lost: ReadonlySet<ByteText>): Promise<KeptNames> {
  const { isWanted, sources, parents } = selection;
  const isKept = (path: ByteText) => isWanted(path) && !lost.has(path);
  const links = await renamedLinks(selection, isKept);
  const fromStream = new Set(parents.filter(hasAttributes).map(({ path }) => path));
  return {
    choose: (path) => links.names.get(path) ?? ((isKept(path) || (fromStream.has(path) && !lost.has(path))) && !links.isFirst(path)),
    async *entries() {
      const firstNode = nodeNames(isKept);
      for await (const entry of selection.entries()) if (isKept(entry.path)) yield asNamed(firstNode(entry));
    },
  };

  /** What a restored file must be: a hard link may have become the first name. */
  function asNamed(entry: CatalogueEntry): CatalogueEntry {
    const source = entry.hardlinkOf === undefined ? undefined : sources.get(entry.hardlinkOf);
    const first = source === undefined ? undefined : links.firstOf.get(source.path);
    if (source === undefined || first === undefined) return entry;
    return entry.path === first ? { ...source, path: first } : { ...entry, hardlinkOf: first };
  }
}

interface RenamedLinks {
  /** By the path in the set. */
  readonly names: ReadonlyMap<ByteText, NewNames>;
  /** By the first name in the set: the one that has its content here. */
  readonly firstOf: ReadonlyMap<ByteText, ByteText>;
  isFirst(path: ByteText): boolean;
}

/** A hard link whose first name was not asked for: the content comes under the link's own name, and further links point there. */
async function renamedLinks({ sources, entries }: Selection, isKept: (path: ByteText) => boolean): Promise<RenamedLinks> {
  const names = new Map<ByteText, NewNames>();
  const firstOf = new Map<ByteText, ByteText>();
  const firsts = new Set<ByteText>();
  if (sources.size > 0) {
    for await (const { path, hardlinkOf } of entries()) {
      if (hardlinkOf === undefined || !sources.has(hardlinkOf) || !isKept(path)) continue;
      const first = firstOf.get(hardlinkOf);
      if (first === undefined) {
        firstOf.set(hardlinkOf, path);
        firsts.add(path);
        names.set(hardlinkOf, { path: path.slice(1) });
      } else names.set(path, { linkTarget: first.slice(1) });
    }
  }
  return { names, firstOf, isFirst: (path) => firsts.has(path) };
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
