// The media that a set is written to, by their URLs (DESIGN section 6).

import { LifeboatError } from "#os/error";
import type { Stick } from "./stick.ts";
import { parseTapeUrl, type TapeMedium } from "./tape-url.ts";

export type ArchiveMedium =
  /** The set becomes a directory below `path`. */
  | { readonly kind: "directory"; readonly path: string }
  /** The set becomes ISO images in the directory `path`: one, or several of `limitBytes` at most. */
  | { readonly kind: "iso"; readonly path: string; readonly limitBytes?: number }
  /** The set becomes a directory in the stick's store, which is mounted at `path`; its rescue image is what the stick boots. */
  | { readonly kind: "stick"; readonly path: string; readonly stick: Stick }
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

const HINT =
  "Give a directory such as /mnt/backup, iso:/mnt/backup for an ISO image in it, usb:/dev/sdX for a stick, tape:/dev/nst0, nfs://SERVER/EXPORT, cifs://USER@SERVER/SHARE or ssh://USER@HOST/DIR";

/** As discs are sold: 700M, 4.7G and 25G are a CD, a DVD and a Blu-ray disc. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Undefined for what is no size. */
export function parseSize(size: string): number | undefined {
  const [, number = "", unit = "none"] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(size) ?? [];
  const factor = UNITS[unit];
  return factor === undefined ? undefined : Math.floor(Number(number) * factor);
}

function bytesOf(size: string, text: string): number {
  const bytes = parseSize(size);
  if (bytes !== undefined) return bytes;
  throw new LifeboatError(`Cannot archive to "${text}" as size= is a number with k, M, G, T, or KiB, MiB, GiB, TiB: it is "${size}"`, {
    exitCode: 2,
    hint: "Say iso:/mnt/backup?size=700M for CDs, 4.7G for DVDs, 25G for Blu-ray discs",
  });
}

/** Reads `/dir`, `file:///dir`, `iso:/dir`, `iso:/dir?size=700M`, `tape:/dev/nst0` and `obdr:/dev/nst0`. Throws LifeboatError (2) for others. */
export function parseArchiveMedium(text: string): ArchiveMedium {
  const tape = parseTapeUrl(text);
  if (tape !== undefined) return tape;
  if (isOtherMedium(text)) {
    const state = `${text.slice(0, text.indexOf(":"))}: is not written to yet`;
    throw new LifeboatError(
      `Cannot archive to "${text}" as a medium is a directory, an ISO image in one, a stick, a tape or a share: ${state}`,
      {
        exitCode: 2,
        hint: `${HINT}; what else can be mounted is a directory`,
      },
    );
  }
  const [, place = "", size] = /^(iso:.*?)(?:\?size=([^/]*))?$/s.exec(text) ?? [undefined, text];
  const [, scheme, path] = /^(?:(file:\/\/|iso:)?(\/.*))$/s.exec(place) ?? [];
  const directory = path?.replace(/(?<=.)\/+$/s, "");
  if (directory !== undefined && size !== undefined) return { kind: "iso", path: directory, limitBytes: bytesOf(size, text) };
  if (directory !== undefined) return { kind: scheme === "iso:" ? "iso" : "directory", path: directory };
  throw new LifeboatError(`Cannot archive to "${text}" as a medium is an absolute directory or a URL of a known kind: it is neither`, {
    exitCode: 2,
    hint: HINT,
  });
}
