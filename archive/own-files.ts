// What is never taken, whatever the user says: Lifeboat's own files in directories that may hold others too.

import { infoRaw, listRaw } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import { isCacheName } from "../builder/prune-cache.ts";
import type { ByteText } from "../formats/tar-read.ts";
import { imageOfDigest, isOwnName, isSetName, isSetContent } from "../media/store-names.ts";
import { printable } from "../set/catalogue.ts";
import { STORE_MARK } from "../set/set-manifest.ts";

export interface OwnPlace {
  /** All names of the directory on this system. */
  readonly directories: readonly ByteText[];
  /** `path` is that of the name, in case it must be looked at. */
  isOwn(name: ByteText, path: ByteText): boolean;
  /** Of what is ours there. */
  readonly reason: string;
}

export interface OwnFiles {
  /** Asked for each path that the walk comes to. */
  isOwn(path: ByteText): boolean;
  /** What of it the walk has come to, a line a directory; paths begin after `root`. */
  found(root: ByteText): readonly { readonly what: string; readonly reason: string }[];
}

export function ownFilesIn(places: readonly OwnPlace[]): OwnFiles {
  const byDirectory = new Map(places.flatMap((place) => place.directories.map((directory) => [directory, place] as const)));
  const found = new Map<ByteText, { readonly place: OwnPlace; readonly names: ByteText[] }>();
  return {
    isOwn(path) {
      const slash = path.lastIndexOf("/");
      const directory = path.slice(0, slash) || "/";
      const name = path.slice(slash + 1);
      const place = byDirectory.get(directory) ?? (isStore(name, directory) ? ANY_STORE : undefined);
      if (place === undefined || !place.isOwn(name, path)) return false;
      const { names } = found.get(directory) ?? { names: [] };
      found.set(directory, { place, names: [...names, name] });
      return true;
    },
    found: (root) =>
      [...found].map(([directory, { place, names }]) => {
        return { what: `"${printable(directory.slice(root.length) || "/")}"`, reason: `${place.reason}: ${namesText(names)}` };
      }),
  };
}

/** Sets, what writes them, and their mark; other directories and files of a store are the user's. `images`: names of ISO images that hold sets, whatever they are called. */
export function storeFiles(directories: readonly ByteText[], images: ReadonlySet<ByteText> = new Set()): OwnPlace {
  return {
    directories,
    isOwn: (name, path) => isOwnName(name) || images.has(imageOfDigest(name)) || (isSetName(name) && isSetContent(namesIn(path))),
    reason: "Lifeboat's own sets are not taken",
  };
}

/** A store that nobody has told of, such as the other of two disks that are used by turns. */
const ANY_STORE = storeFiles([]);

/** Looked at for names alone that may be ours: the walk comes to many. */
function isStore(name: ByteText, directory: ByteText): boolean {
  return (isOwnName(name) || isSetName(name)) && infoRaw(`${directory}/${STORE_MARK}`)?.type === "file";
}

/** Pieces of images that a build makes again. */
export function cacheFiles(directories: readonly ByteText[]): OwnPlace {
  return { directories, isOwn: (name) => isCacheName(name), reason: "Lifeboat's cache is not taken" };
}

function namesIn(path: ByteText): readonly string[] {
  try {
    return listRaw(path).map(({ name }) => name);
  } catch (error) {
    // A file, or nothing that may be looked at.
    if (error instanceof LifeboatError) return ["?"];
    throw error;
  }
}

/** Names listed; the others are counted. */
const NAMED = 5;

function namesText(names: readonly ByteText[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  return `${names.slice(0, NAMED).map(printable).join(", ")}${more}`;
}
