// `--compress zstd[:N]|gzip[:N]|none`.

import type { Codec } from "#os/compression";
import { LifeboatError } from "#os/error";

export interface CompressionOption {
  readonly codec: Codec;
  readonly level: number;
}

/** Lowest, usual and highest level of each (zstd(1), gzip(1)). */
const LEVELS: Readonly<Record<Codec, { readonly lowest: number; readonly usual: number; readonly highest: number }>> = {
  zstd: { lowest: 1, usual: 3, highest: 19 },
  gzip: { lowest: 1, usual: 6, highest: 9 },
  none: { lowest: 0, usual: 0, highest: 0 },
};

/** Throws LifeboatError (2). */
export function readCompression(text = "zstd"): CompressionOption {
  const [, name = "", given] = /^(zstd|gzip|none)(?::(\d+))?$/.exec(text) ?? [];
  const limits = LEVELS[name as Codec] as (typeof LEVELS)[Codec] | undefined;
  const level = given === undefined ? limits?.usual : Number(given);
  if (limits === undefined || level === undefined || level < limits.lowest || level > limits.highest) {
    throw new LifeboatError(`Cannot use --compress as it must be zstd[:1-19], gzip[:1-9] or none: "${text}"`, { exitCode: 2 });
  }
  return { codec: name as Codec, level };
}
