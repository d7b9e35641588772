// What of a file system a person recognises it by.

import type { FileSystem } from "../machine/model.ts";

/** `, label "root", UUID 7a61…`; "" when there is nothing to say. */
export function describeParameters({ label, uuid }: FileSystem): string {
  const parts = [...(label === undefined ? [] : [`label "${label}"`]), ...(uuid === undefined ? [] : [`UUID ${uuid}`])];
  return parts.map((part) => `, ${part}`).join("");
}
