// The walk over what will be archived: the list of names for tar, how much there is, and the inode flags.

import { infoRaw } from "#os/byte-paths";
import type { ByteText } from "../formats/tar-read.ts";
import { startFlagReader } from "../set/flag-reader.ts";
import { createNamesFile } from "../set/names-file.ts";
import type { WalkedPath } from "./walk-tree.ts";

export interface TreeScan {
  readonly paths: number;
  /** Of all files, holes and further names of the same file not counted. */
  readonly contentBytes: number;
  readonly flags: ReadonlyMap<ByteText, string>;
  /** Device nodes and FIFOs with several names: from each further name to the first. */
  readonly sameNodes: ReadonlyMap<ByteText, ByteText>;
}

/** After so many paths whatever waits for us gets its turn. */
const TURN = 1024;

export interface ScanOptions {
  /** The list of names, a new file. */
  readonly namesPath: string;
  /** As for the walk. */
  readonly root: ByteText;
}

export async function scanTree(paths: Iterable<WalkedPath>, { namesPath, root }: ScanOptions): Promise<TreeScan> {
  await using names = await createNamesFile(namesPath);
  await using reader = startFlagReader();
  const counted = new Set<string>();
  const nodes = nodeFinder(root);
  let count = 0;
  let contentBytes = 0;
  for (const { path, type } of paths) {
    count += 1;
    names.add(path);
    if (type === "file" || type === "directory") reader.ask(root + path);
    if (type === "file") contentBytes += bytesIn(root + path, counted);
    if (type === "fifo" || type === "character-device" || type === "block-device") nodes.look(path);
    if (count % TURN !== 0) continue;
    await reader.room();
    await names.room();
  }
  await names.close();
  const flags = await reader.finish();
  const relativeFlags = new Map([...flags].map(([path, letters]) => [path.slice(root.length), letters] as const));
  return { paths: count, contentBytes, flags: relativeFlags, sameNodes: nodes.found };
}

/** tar keeps hard links of files and of symbolic links together, and not those of nodes. */
function nodeFinder(root: ByteText) {
  const firsts = new Map<string, ByteText>();
  const found = new Map<ByteText, ByteText>();
  return {
    found,
    look(path: ByteText) {
      const info = infoRaw(root + path);
      if (info === undefined || info.links < 2) return;
      const first = firsts.get(info.inode);
      if (first === undefined) firsts.set(info.inode, path);
      else found.set(path, first);
    },
  };
}

function bytesIn(path: ByteText, counted: Set<string>): number {
  const info = infoRaw(path);
  if (info === undefined) return 0;
  if (info.links > 1) {
    if (counted.has(info.inode)) return 0;
    counted.add(info.inode);
  }
  return Math.min(info.sizeBytes, info.allocatedBytes);
}
