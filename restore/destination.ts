// Whether files can be brought back to where they are wanted, before anything is written.

import { checkWritableRaw, infoRaw } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import { fileInfo } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import { directoriesAbove, prefixOf } from "../set/catalogue.ts";

/** Throws LifeboatError (3) for what is no directory, and cannot become one. */
export async function checkDestination(to: string): Promise<void> {
  const info = await fileInfo(to);
  if (info?.type === "directory") return;
  const above = to.replace(/\/[^/]+$/, "") || "/";
  if (info === undefined && (await fileInfo(above))?.type === "directory") return;
  throw new LifeboatError(
    `Cannot restore to "${to}" as it must be a directory, or a new name in one: ${info === undefined ? `"${above}" is none` : "it is none"}`,
    { hint: info === undefined ? "Make it first" : "Name another place" },
  );
}

/** Looks at the directories that get the first new names. Throws LifeboatError (3) for one in which this user cannot write. */
export function checkWritable(to: string, only: readonly ByteText[]): void {
  for (const path of only) {
    const place = prefixOf(to) + path;
    checkWritableRaw([place, ...directoriesAbove(place)].find((one) => infoRaw(`${one}/.`) !== undefined) ?? "/");
  }
}
