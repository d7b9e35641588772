// Opens a set for a restore: whole, or with --accept-damage as far as it can be made again.

import { findSet } from "../media/find-set.ts";
import { directorySource } from "../media/directory-store.ts";
import { exists } from "#os/files";
import { openDamagedSet } from "../set/damaged-set.ts";
import { frameListName } from "../set/set-manifest.ts";
import { openSet, type OpenSet } from "../set/open-set.ts";
import type { Invocation, OptionValues } from "./command-spec.ts";

export async function openForRestore(path: string, options: OptionValues, remark: Invocation["remark"]): Promise<OpenSet> {
  if (options["accept-damage"] !== true) return openSet(await findSet(path));
  // A set that has lost its manifest is none that can be found by it.
  const isSet = await exists(`${path}/${frameListName(1)}`);
  const set = await openDamagedSet(isSet ? directorySource(path) : await findSet(path));
  for (const line of set.remarks ?? []) remark(`damage: ${line}`);
  return set;
}
