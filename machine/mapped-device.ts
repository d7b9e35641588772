// What a device-mapper device stands on, as the kernel says it now.

import { listSys, readSys } from "#os/sysfs";

/** The node below the mapper's device of this name; undefined when there is none, or it stands on several. */
export function nodeBelow(mapperName: string, sysRoot = "/sys"): string | undefined {
  const blocks = listSys(`${sysRoot}/block`).filter((name) => readSys(`${sysRoot}/block/${name}/dm/name`) === mapperName);
  const below = blocks.flatMap((name) => listSys(`${sysRoot}/block/${name}/slaves`));
  return below.length === 1 ? `/dev/${below[0]!.replace(/!/g, "/")}` : undefined;
}
