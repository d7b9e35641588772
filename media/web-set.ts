// A set on a web server that a rescue system has from its medium's URL: the set's own directory, or the one above it.

import { CATALOGUE_FILE, MANIFEST_FILE } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { httpSource } from "./http-source.ts";

/** Undefined when the server answers and has no such set there. Throws LifeboatError when it does not answer. */
export async function webSet(mediumUrl: string, id: string): Promise<SetSource | undefined> {
  const base = mediumUrl.replace(/\/+$/, "").replace(/\/lifeboat$/, "");
  for (const url of base.endsWith(`/${id}`) ? [base] : [`${base}/${id}`]) {
    const source = httpSource(url);
    // One that has lost its manifest too: who restores from it will be told.
    for (const name of [MANIFEST_FILE, CATALOGUE_FILE]) if ((await source.sizeOf(name)) !== undefined) return source;
  }
  return undefined;
}
