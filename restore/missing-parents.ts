// Directories above what is restored alone: those that are not there are made as the set has them, those that are there are left alone.

import { infoRaw, makeDirectoryRaw } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import type { ByteText } from "../formats/tar-read.ts";
import { prefixOf, shortName, type CatalogueEntry } from "../set/catalogue.ts";
import type { Difference } from "./compare-files.ts";

/** Those of the set's directories that are not below `to`. Throws LifeboatError (3) when something else has the name of one. */
export function missingParents(to: string, directories: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  const prefix = prefixOf(to);
  const taken = directories.find(({ path }) => infoRaw(prefix + path) !== undefined && !isDirectory(prefix + path));
  if (taken === undefined) return directories.filter(({ path }) => infoRaw(prefix + path) === undefined);
  throw new LifeboatError(`Cannot restore to "${to}" as ${shortName(taken.path)} must be a directory there: it is none`, {
    hint: "Restore to an empty directory, or move it away",
  });
}

/** A link to a directory is one. */
function isDirectory(path: ByteText): boolean {
  return infoRaw(`${path}/.`) !== undefined;
}

/** Owner and mode; what else there is has its place in the set's stream alone. Returns what could not be made so. */
export function makeParents(to: string, parents: readonly CatalogueEntry[]): readonly Difference[] {
  const prefix = prefixOf(to);
  return parents.flatMap(({ path, mode, uid, gid }): readonly Difference[] => {
    try {
      makeDirectoryRaw(prefix + path, { mode, uid, gid });
      return [];
    } catch (error) {
      if (error instanceof LifeboatError) return [{ path, what: error.message }];
      throw error;
    }
  });
}
