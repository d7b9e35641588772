// The catalogue of a set, entry by entry, without holding all of it.

import { unpackAll } from "#os/compression";
import { utf8Decode } from "../formats/text.ts";
import { parseCatalogueEntry, type CatalogueEntry } from "./catalogue.ts";
import { checkFile, damaged, piecesOf, type OpenSet } from "./open-set.ts";
import { CATALOGUE_FILE } from "./set-manifest.ts";

/** Three names of 4,095 bytes, each byte escaped, and the rest. More is a lie that would cost memory. */
const LINE_LIMIT_BYTES = 256 * 1024;

/** Without what is left alone. Throws LifeboatError (5) when the catalogue is damaged. */
export async function* readCatalogue(set: OpenSet): AsyncGenerator<CatalogueEntry> {
  for await (const entry of readWholeCatalogue(set)) if (set.leftAlone?.(entry.path) !== true) yield entry;
}

/** Throws LifeboatError (5) when the catalogue is damaged. */
export async function* readWholeCatalogue(set: OpenSet): AsyncGenerator<CatalogueEntry> {
  if (set.rebuilt !== undefined) {
    yield* set.rebuilt.entries;
    return;
  }
  await checkFile(set, CATALOGUE_FILE);
  let rest: Uint8Array = new Uint8Array();
  for await (const piece of unpackAll(piecesOf(set.source, CATALOGUE_FILE), "zstd")) {
    const bytes = rest.length === 0 ? piece : joined(rest, piece);
    // Lines are cut at newlines before they become text: a character may span two pieces.
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.slice(end);
    if (rest.length > LINE_LIMIT_BYTES) throw unended(set, rest);
    for (const line of utf8Decode(bytes.subarray(0, end)).split("\n")) if (line !== "") yield parseCatalogueEntry(line);
  }
  if (rest.length > 0) throw unended(set, rest);
}

function unended({ source }: OpenSet, rest: Uint8Array) {
  return damaged(source, CATALOGUE_FILE, {
    rule: `each line must end within ${LINE_LIMIT_BYTES} bytes`,
    state: `one does not after ${rest.length}`,
  });
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
}
