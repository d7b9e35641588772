// What `archive` is told of a stick, and the place that its sets go to.

import { readyStick, type StickWishes } from "../archive/make-stick.ts";
import { LifeboatError } from "#os/error";
import { parseArchiveMedium, parseSize, type ArchiveMedium } from "../media/archive-medium.ts";
import type { Shown } from "../media/mounted-place.ts";
import { parseStickUrl, withStickStore } from "../media/stick.ts";
import { textOption, type OptionSpec, type OptionValues } from "./command-spec.ts";

const USUAL_SIZE = "256G";

export const STICK_OPTIONS: readonly OptionSpec[] = [
  {
    name: "max-size",
    value: "SIZE",
    description: "With usb:DISK: a larger disk is taken for no stick, unless --erase names it too",
    defaultText: USUAL_SIZE,
  },
  {
    name: "erase",
    value: "DISK",
    description:
      "With usb:DISK: the disk, named a second time: make a stick of it whatever it holds and however large it is. A disk that is in use is never taken",
    inConfig: false,
  },
];

/** Calls `work` with the place; a stick's store is mounted meanwhile, and made where there is none. Throws LifeboatError (2) for options that say nothing. */
export async function withArchivePlace<T>(
  medium: string,
  { options, tell }: { readonly options: OptionValues; tell(text: string): void },
  work: (place: ArchiveMedium, shown: Shown) => Promise<T>,
): Promise<T> {
  const device = parseStickUrl(medium);
  const wishes = readWishes(options, device !== undefined);
  if (device === undefined) return work(parseArchiveMedium(medium), (text) => text);
  const stick = await readyStick(device, wishes, tell);
  return withStickStore(stick, { place: medium, mode: "rw" }, (path, shown) => work({ kind: "stick", path, stick }, shown));
}

function readWishes(options: OptionValues, isStick: boolean): StickWishes {
  const erase = textOption(options, "erase");
  if (erase !== undefined && !isStick) {
    throw new LifeboatError("Cannot use --erase as it names a stick once more: the medium is no usb:DISK", {
      exitCode: 2,
      hint: "Leave --erase out, or archive to usb:DISK",
    });
  }
  const size = textOption(options, "max-size") ?? USUAL_SIZE;
  const maxBytes = parseSize(size);
  if (maxBytes !== undefined) return { maxBytes, erase };
  throw new LifeboatError(`Cannot use --max-size as it is a number with M, G, T, or MiB, GiB, TiB: it is "${size}"`, { exitCode: 2 });
}
