// What a person should know of a plan, though it stands in no way: one line each. Pure.

import type { Disk, Layout } from "../machine/model.ts";

export function sizeWarnings(from: Disk, to: Disk): readonly string[] {
  const more = to.sizeBytes - from.sizeBytes;
  return more < 2 ** 20 ? [] : [`${to.id} is ${(more / 2 ** 30).toFixed(1)} GiB larger than ${from.id} was: that part stays free`];
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
