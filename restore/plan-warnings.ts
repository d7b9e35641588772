// What a person should know of a plan, though it stands in no way: one line each. Pure.

import type { Disk, Layout, Machine } from "../machine/model.ts";
import { namesOf } from "./match-disks.ts";
import type { PresentDisk } from "./present-disk.ts";

export function sizeWarnings(from: Disk, to: Disk): readonly string[] {
  const more = to.sizeBytes - from.sizeBytes;
  return more < 2 ** 20 ? [] : [`${to.id} is ${(more / 2 ** 30).toFixed(1)} GiB larger than ${from.id} was: that part stays free`];
}

/** A mistyped name protects nothing. */
export function exclusionWarnings(
  present: readonly PresentDisk[],
  { excluded }: { readonly excluded: readonly string[] },
): readonly string[] {
  return excluded
    .filter((name) => !present.some(({ disk }) => namesOf(disk).includes(name)))
    .map((name) => `no disk here is called "${name}": nothing is left alone by that name`);
}

/** Such content counts as the machine's own, and yet no set brings it back. */
export function contentWarnings({ fileSystems, mounts }: Layout): readonly string[] {
  return fileSystems
    .filter(({ device }) => !mounts.some((mount) => mount.device === device))
    .map(({ device, type, label, parameters }) => {
      const name = label === undefined ? "" : ` "${label}"`;
      const fate = parameters.kind === "unknown" ? "nothing is made in its place" : "it is made again, and stays empty";
      return `${device} held ${type}${name}, which was not mounted: its files are not in the set, and ${fate}`;
    });
}

/** A boot loader's configuration has these words in it too; nothing writes them anew. */
export function commandLineWarnings({ system }: Machine, devices: ReadonlyMap<string, string>): readonly string[] {
  const named = [...system.kernelCommandLine.matchAll(/(?:^|\s)(?:root|resume)=\/dev\/(\S+)/g)];
  return named.flatMap(([words, id]) => {
    const now = devices.get(id!);
    if (now === undefined || now === `/dev/${id}`) return [];
    return [
      `the kernel was started with ${words.trim()}, which is ${now} now: change it in the boot loader, or the machine will not start`,
    ];
  });
}
