// From a tar member to its line in the catalogue, when the stream is written and when a lost catalogue is made again from it.

import type { TarMember } from "../formats/tar-read.ts";
import { absolutePath, type CatalogueEntry } from "./catalogue.ts";
import { attributesDigest } from "./content-digest.ts";

/** What the member's header does not tell. */
export type BesideHeader = Pick<CatalogueEntry, "frame" | "offset" | "streamBytes" | "digest" | "flags" | "sameNodeAs">;

export function entryOfMember(member: TarMember, beside: BesideHeader): CatalogueEntry {
  const { path, type, mode, uid, gid, mtime, ctime, sizeBytes, isSparse, linkTarget, device, attributes } = member;
  return {
    path: absolutePath(path),
    type,
    mode,
    uid,
    gid,
    mtime,
    ctime,
    sizeBytes,
    isSparse,
    attributesDigest: attributesDigest(attributes),
    target: type === "symlink" ? linkTarget : undefined,
    hardlinkOf: type === "hard-link" ? absolutePath(linkTarget ?? "") : undefined,
    device,
    ...beside,
  };
}
