// Opens a set for a restore or its plan: whole, or with --accept-damage as far as it can be made again.

import { LifeboatError } from "#os/error";
import { findSet } from "../media/find-set.ts";
import { openDamagedSet } from "../set/damaged-set.ts";
import { openSet, type OpenSet } from "../set/open-set.ts";
import type { Invocation, OptionSpec, OptionValues } from "./command-spec.ts";

export const ACCEPT_DAMAGE_OPTION: OptionSpec = {
  name: "accept-damage",
  description:
    "Bring back what is whole of a damaged set, the newest where SET holds several; what is lost is listed, and the exit code is 1",
  inConfig: false,
};

export async function openForRestore(path: string, { options, remark, changer, cleanUp }: Invocation): Promise<OpenSet> {
  const acceptsDamage = options["accept-damage"] === true;
  const source = await findSet(path, { acceptsDamage, note: remark, changer, cleanUp });
  if (!acceptsDamage) return openSet(source);
  const set = await openDamagedSet(source);
  for (const line of set.remarks ?? []) remark(`damage: ${line}`);
  return set;
}

/** Nobody is told to accept the damage who has done so. */
export async function withoutAcceptedHint<T>(options: OptionValues, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isAdvised = error instanceof LifeboatError && error.hint?.includes("--accept-damage") === true;
    if (!isAdvised || options["accept-damage"] !== true) throw error;
    const hint = "What is left of this set does not tell it; try another copy of the set, or an older set";
    throw new LifeboatError(error.message, { exitCode: error.exitCode, hint, cause: error });
  }
}
