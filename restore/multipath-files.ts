// The files in which multipath-tools keep which disk has which name, for a disk that took the place of another.

import { rewriteConf } from "./conf-places.ts";
import type { Originals } from "./keep-original.ts";
import type { Step } from "./plan.ts";
import type { WwidChange } from "./plan-multipath.ts";

/** multipath.conf(5): settings, with aliases; bindings made for user_friendly_names; disks that are multipath's. */
const PLACES = {
  files: ["/etc/multipath.conf", "/etc/multipath/bindings", "/etc/multipath/wwids"],
  directories: ["/etc/multipath/conf.d"],
};

/** Returns the paths of what it has changed or made, by their own names in the machine. */
export async function writeMultipathFiles(
  { changes }: Extract<Step, { readonly kind: "write-multipath" }>,
  root: string,
  originals: Originals,
): Promise<readonly string[]> {
  return rewriteConf(root, PLACES, { originals, rewrite: (text) => withOtherWwids(text, changes) });
}

/** In one pass: two disks may have changed places. */
export function withOtherWwids(text: string, changes: readonly WwidChange[]): string {
  const now = new Map(changes.map(({ from, to }) => [from, to]));
  return text.replace(/[\w.:-]+/g, (word) => now.get(word) ?? word);
}
