// The catalogue of a set, entry by entry, without holding all of it.

import { unpackZstd } from "#os/compression";
import { utf8Decode } from "../formats/text.ts";
import { parseCatalogueEntry, type CatalogueEntry } from "./catalogue.ts";
import { readChecked, type OpenSet } from "./open-set.ts";
import { CATALOGUE_FILE } from "./set-manifest.ts";

/** Throws LifeboatError (5) when the catalogue is damaged. */
export async function* readCatalogue(set: OpenSet): AsyncGenerator<CatalogueEntry> {
  const stored = await readChecked(set, CATALOGUE_FILE);
  let rest: Uint8Array = new Uint8Array();
  for await (const piece of unpackZstd(stored)) {
    const bytes = rest.length === 0 ? piece : joined(rest, piece);
    // Lines are cut at newlines before they become text: a character may span two pieces.
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.slice(end);
    for (const line of utf8Decode(bytes.subarray(0, end)).split("\n")) if (line !== "") yield parseCatalogueEntry(line);
  }
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
}
