// The media that a set is written to, by their URLs (DESIGN section 6).

import { LifeboatError } from "#os/error";

export type ArchiveMedium =
  /** The set becomes a directory below `path`. */
  | { readonly kind: "directory"; readonly path: string }
  /** The set becomes an ISO image in the directory `path`. */
  | { readonly kind: "iso"; readonly path: string };

/** Reads `/dir`, `file:///dir` and `iso:/dir`. Throws LifeboatError (2) for others. */
export function parseArchiveMedium(text: string): ArchiveMedium {
  const [, scheme, path] = /^(?:(file:\/\/|iso:)?(\/.*))$/s.exec(text) ?? [];
  if (path !== undefined) return { kind: scheme === "iso:" ? "iso" : "directory", path: path.replace(/(?<=.)\/+$/s, "") };
  throw new LifeboatError(`Cannot archive to "${text}" as a medium is an absolute directory or a URL of a known kind: it is neither`, {
    exitCode: 2,
    hint: "Give a directory such as /mnt/backup, or iso:/mnt/backup for one ISO image in it",
  });
}
