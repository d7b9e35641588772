// Directories above what is restored alone: those that are not there are made as the set has them, those that are there are left alone.

import { infoRaw, makeDirectoryRaw } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import type { ByteText } from "../formats/tar-read.ts";
import { directoriesAbove, prefixOf, shortName, type CatalogueEntry } from "../set/catalogue.ts";
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

/**
 * Throws LifeboatError (3) for a path with a link above it, below `to`: what is brought back to a place of its own must not be written
 * elsewhere. At / the machine's own links are a part of the way.
 */
export function linkRefuser(to: string): (path: ByteText) => void {
  const prefix = prefixOf(to);
  const known = new Set<ByteText>();
  return (path) => {
    if (to === "/") return;
    if (known.size > KNOWN_DIRECTORIES) known.clear();
    for (const directory of directoriesAbove(path)) {
      if (known.has(directory)) continue;
      if (infoRaw(prefix + directory)?.type === "symlink") throw linkRefusal(to, directory);
      known.add(directory);
    }
  };
}

/** Memory stays as it is, however many there are. */
const KNOWN_DIRECTORIES = 20_000;

function linkRefusal(to: string, directory: ByteText): LifeboatError {
  return new LifeboatError(`Cannot restore to "${to}" as ${shortName(directory)} must be a directory there: it is a link`, {
    hint: "Nothing has been written. Files would appear where it leads to: restore to an empty directory, or move it away",
  });
}

/** A link to a directory is one: where it is not, it was refused before. */
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
