// How large catalogue, frame lists and manifest of a set may become, reckoned before its data is read. Pure.

import { FRAME_BYTES } from "../set/frame-list.ts";

export interface Expected {
  readonly paths: number;
  /** Of all files. */
  readonly contentBytes: number;
  /** Of all paths. */
  readonly nameBytes: number;
}

/** Of a path in the catalogue: a digest of 64 bytes, which does not compress, times, owners, places. */
const ENTRY_BYTES = 160;
/** Of a frame in its list: digest, numbers, the name of a file. */
const FRAME_LINE_BYTES = 700;
/** What stands in a manifest whatever the set, and what was left out, changed or could not be read. */
const MANIFEST_BYTES = 1024 * 1024;
/** A header of tar, and what fills its last block. */
const MEMBER_BYTES = 1536;

/** Rather too much: room on a disc is kept free for it. */
export function estimatePapers({ paths, contentBytes, nameBytes }: Expected): number {
  // Frames are half full at least, as members that do not fit begin the next one.
  const frames = Math.ceil((2 * (contentBytes + paths * MEMBER_BYTES)) / FRAME_BYTES) + 1;
  return MANIFEST_BYTES + paths * ENTRY_BYTES + Math.ceil(nameBytes / 2) + frames * FRAME_LINE_BYTES;
}
