// What fails on the files of the cache is said with the way out: another cache.

import { LifeboatError } from "#os/error";
import { defaultCacheDirectory } from "../builder/package-cache.ts";
import { textOption, type OptionValues } from "./command-spec.ts";

/** The cache that the options name, else that of the environment, else the usual one; absolute. */
export function cacheDirectoryOf(options: OptionValues): string {
  return textOption(options, "cache") ?? defaultCacheDirectory();
}

/** Does the work of a command. Failures of the system on paths in its cache become LifeboatErrors with a hint at `--cache`. */
export async function hintingAtCache<T>(options: OptionValues, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const directory = cacheDirectoryOf(options);
    const cause = error instanceof LifeboatError ? error.cause : error;
    if (!isRefusalBelow(directory, cause)) throw error;
    const message = `Cannot use the cache "${directory}" as it must be a directory to read and write: ${cause.message}`;
    throw new LifeboatError(error instanceof LifeboatError ? error.message : message, {
      hint: `Give another cache with --cache DIR${/^E(?:ACCES|PERM)/.test(cause.message) ? ", or run it as root" : ""}`,
      cause,
    });
  }
}

const REFUSALS = new Set(["EACCES", "EPERM", "EROFS", "ENOSPC", "ENOTDIR", "EEXIST", "ELOOP"]);

function isRefusalBelow(directory: string, cause: unknown): cause is Error {
  if (!(cause instanceof Error) || !("code" in cause) || !("path" in cause)) return false;
  return REFUSALS.has(String(cause.code)) && `${String(cause.path)}/`.startsWith(`${directory}/`);
}
