// What a list of sets tells of each, whole or not.

import { LifeboatError } from "#os/error";
import { MANIFEST_FILE, parseManifest, type SetManifest } from "../set/set-manifest.ts";

/** What stands in a store: a set, or what an interrupted archive left. */
export interface StoredSet {
  readonly id: string;
  /** A directory, or an ISO image. */
  readonly path: string;
  readonly kind: "directory" | "iso";
  /** Of a set on several images: how many are here. */
  readonly discs?: number;
  /** `damaged`: it was finished once. Only what is `incomplete` may be removed as a leftover. */
  readonly state: "whole" | "damaged" | "incomplete" | "being-written";
  /** Undefined when it is not whole. */
  readonly manifest: SetManifest | undefined;
  /** Why it is not. */
  readonly problem: string | undefined;
}

/** A set that was finished, as its manifest says of itself. */
export function manifestState(about: Pick<StoredSet, "id" | "path" | "kind" | "discs">, text: string): StoredSet {
  try {
    return { ...about, state: "whole", manifest: parseManifest(text, `${about.path}/${MANIFEST_FILE}`), problem: undefined };
  } catch (error) {
    if (error instanceof LifeboatError) return { ...about, state: "damaged", manifest: undefined, problem: error.message };
    throw error;
  }
}
