// How large an ISO becomes, as xorriso itself reckons it before it writes.

import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import type { IsoImage } from "./xorriso-args.ts";

/** What no option of xorriso's dates. */
export function isoEnvironment({ sourceDateEpoch }: Pick<IsoImage, "sourceDateEpoch">): Readonly<Record<string, string>> {
  return { SOURCE_DATE_EPOCH: String(sourceDateEpoch), TZ: "UTC" };
}

/** Blocks of ISO 9660, in which `-print-size` counts (xorrisofs(1)). */
const BLOCK_BYTES = 2048;

/** `args`: after `xorriso`, as they would write it. Nothing is written. */
export async function measuredBytes(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const { stdout } = await run(["xorriso", ...withPrintSize(args)], { env });
  const blocks = /^\d+$/m.exec(stdout)?.[0];
  if (blocks !== undefined) return Number(blocks) * BLOCK_BYTES;
  throw new LifeboatError(`Cannot measure the ISO as xorriso must print a number of blocks: "${stdout.trim().slice(0, 100)}"`);
}

/** Behind the output: without one it would take standard output, which it cannot. */
function withPrintSize(args: readonly string[]): readonly string[] {
  const at = args.indexOf("-V");
  return [...args.slice(0, at), "-print-size", ...args.slice(at)];
}
