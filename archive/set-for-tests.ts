// For tests: a tree on disk becomes a set in a directory, by the same steps as `lifeboat archive`.

import { makeNewDirectory } from "#os/files";
import { directorySource } from "../media/directory-store.ts";
import { openSet, type OpenSet } from "../set/open-set.ts";
import { completeManifest, writeManifest, writeSet, type SetOptions } from "./archive-set.ts";

export interface TreeSet extends OpenSet {
  readonly directory: string;
}

export const TEST_SET_ID = "test-20261121T194500Z";
export const FINISHED_AT = "2026-11-21T19:45:07.000Z";

/** Of a whole tree, seen as if it were the root of a machine. */
export function setOptionsFor(tree: string, directory: string): SetOptions {
  return {
    directory,
    id: TEST_SET_ID,
    hostName: "test",
    createdAt: "2026-11-21T19:45:00.000Z",
    createdBy: "lifeboat test",
    machine: undefined,
    root: tree,
    include: ["/"],
    exclude: [],
    hidden: [],
    closedMounts: [],
    codec: "zstd",
    level: 1,
    digestAlgorithm: "BLAKE2b-512",
    volumeLimitBytes: 4_000_000_000,
    remark: () => undefined,
    progress: () => undefined,
  };
}

/** `directory` is made. */
export async function archiveTree(tree: string, directory: string, options: Partial<SetOptions> = {}): Promise<TreeSet> {
  await makeNewDirectory(directory, 0o700);
  const draft = await writeSet({ ...setOptionsFor(tree, directory), ...options });
  await writeManifest(directory, await completeManifest(directory, draft, { besideFiles: [], finishedAt: FINISHED_AT }));
  return { ...(await openSet(directorySource(directory))), directory };
}
