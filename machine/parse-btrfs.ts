// Reads what btrfs-progs says of a file system: its superblock and its subvolumes.

import type { Subvolume } from "./file-system-parameters.ts";

export interface BtrfsSuperblock {
  readonly nodeBytes: number;
  readonly sectorBytes: number;
  /** `crc32c`, `xxhash64`, `sha256` or `blake2`. */
  readonly checksum: string;
  /** As the kernel's headers name them, lower case: `mixed_groups`, `no_holes`. */
  readonly features: readonly string[];
}

/** Of `btrfs inspect-internal dump-super`. Undefined when it is no such text. */
export function parseBtrfsSuperblock(text: string): BtrfsSuperblock | undefined {
  const field = (name: string) => new RegExp(`^${name}\\s+(.*)$`, "m").exec(text)?.[1];
  const [nodeBytes, sectorBytes] = [Number(field("nodesize")), Number(field("sectorsize"))];
  const checksum = /\((\w+)\)/.exec(field("csum_type") ?? "")?.[1];
  if (!(nodeBytes > 0) || !(sectorBytes > 0) || checksum === undefined) return undefined;
  const features = [...text.matchAll(/^\s+\(?\s*([A-Z][A-Z0-9_]+)\s*[|)]?/gm)].map(([, name]) => name!.toLowerCase());
  return { nodeBytes, sectorBytes, checksum, features: features.filter((name) => name !== "written").sort() };
}

export interface SubvolumeTexts {
  /** Of `btrfs subvolume list -a -u -q`. */
  readonly all: string;
  /** Of `btrfs subvolume list -a -r`. */
  readonly readOnly: string;
  /** Of `btrfs subvolume get-default`. */
  readonly byDefault: string;
}

export interface FoundSubvolumes {
  /** Those that hold others before them. */
  readonly subvolumes: readonly Subvolume[];
  /** Path of the one that is mounted when none is named; "" for the top level. */
  readonly defaultSubvolume: string;
}

export function parseSubvolumes({ all, readOnly, byDefault }: SubvolumeTexts): FoundSubvolumes {
  const readOnlyIds = new Set(entriesOf(readOnly).map(({ id }) => id));
  const subvolumes = entriesOf(all).map(({ id, path, words }): Subvolume => {
    return { path, isReadOnly: readOnlyIds.has(id), isSnapshot: !/ parent_uuid -/.test(words) };
  });
  return {
    subvolumes: subvolumes.sort((a, b) => (a.path < b.path ? -1 : 1)),
    defaultSubvolume: entriesOf(byDefault)[0]?.path ?? "",
  };
}

/** The top level's number, which has no path. */
const TOP_LEVEL = "5";

/** A name may have newlines in it: an entry goes on until the next begins. */
function entriesOf(text: string): readonly { readonly id: string; readonly words: string; readonly path: string }[] {
  return text
    .replace(/\n$/, "")
    .split(/\n(?=ID \d+ gen )/)
    .flatMap((entry) => {
      const [, id, words, path] = /^ID (\d+) (gen .*?) path ([^]*)$/.exec(entry) ?? [];
      if (id === undefined || words === undefined || path === undefined || id === TOP_LEVEL) return [];
      return [{ id, words, path: path.replace(/^<FS_TREE>\//, "") }];
    });
}
