// The media that a set is written to, by their URLs (DESIGN section 6).

import { LifeboatError } from "#os/error";
import { parseTapeUrl, type TapeMedium } from "./tape-url.ts";

export type ArchiveMedium =
  /** The set becomes a directory below `path`. */
  | { readonly kind: "directory"; readonly path: string }
  /** The set becomes an ISO image in the directory `path`. */
  | { readonly kind: "iso"; readonly path: string }
  /** The set goes onto tapes in the drive `path`. */
  | TapeMedium;

export function isOnTape(medium: ArchiveMedium): medium is TapeMedium {
  return medium.kind === "tape" || medium.kind === "obdr";
}

const OTHER_MEDIUM = /^(usb|cd|tape|obdr|nfs|ssh|cifs|https?|tftp|s3):/;

/** A URL of a kind that is no directory. */
export function isOtherMedium(text: string): boolean {
  return OTHER_MEDIUM.test(text);
}

const HINT = "Give a directory such as /mnt/backup, or iso:/mnt/backup for one ISO image in it";

/** Reads `/dir`, `file:///dir`, `iso:/dir`, `tape:/dev/nst0` and `obdr:/dev/nst0`. Throws LifeboatError (2) for others. */
export function parseArchiveMedium(text: string): ArchiveMedium {
  const tape = parseTapeUrl(text);
  if (tape !== undefined) return tape;
  if (isOtherMedium(text)) {
    const state = `${text.slice(0, text.indexOf(":"))}: is not written to yet`;
    throw new LifeboatError(`Cannot archive to "${text}" as a medium is a directory, or an ISO image in one: ${state}`, {
      exitCode: 2,
      hint: `${HINT}; a disk or a share can be mounted`,
    });
  }
  const [, scheme, path] = /^(?:(file:\/\/|iso:)?(\/.*))$/s.exec(text) ?? [];
  if (path !== undefined) return { kind: scheme === "iso:" ? "iso" : "directory", path: path.replace(/(?<=.)\/+$/s, "") };
  throw new LifeboatError(`Cannot archive to "${text}" as a medium is an absolute directory or a URL of a known kind: it is neither`, {
    exitCode: 2,
    hint: HINT,
  });
}
