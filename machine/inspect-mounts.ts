// Asks the running system for its block devices, mounts and swap.
import { run } from "#os/exec";
import { readTextIfThere } from "#os/files";
import { parseBlkid, type BlkidEntry } from "./parse-blkid.ts";
import { FINDMNT_COLUMNS, parseFindmnt, type Mount } from "./parse-findmnt.ts";
import { flattenDevices, parseLsblk, type LsblkDevice } from "./parse-lsblk.ts";
import { parseSwaps, type SwapSpace } from "./parse-swaps.ts";

export interface MountedSystem {
  readonly devices: readonly LsblkDevice[];
  readonly mounts: readonly Mount[];
  readonly swaps: readonly SwapSpace[];
}

/** Root sees more than others do: without it, what is on an unmounted device may stay unknown. */
export async function inspectMounts(): Promise<MountedSystem> {
  const [devices, mounts, swaps] = await Promise.all([inspectDevices(), inspectMountTable(), readTextIfThere("/proc/swaps")]);
  return { devices, mounts, swaps: parseSwaps(swaps ?? "") };
}

export async function inspectDevices(): Promise<readonly LsblkDevice[]> {
  const devices = parseLsblk((await run(["lsblk", "--json", "--bytes", "--output-all"])).stdout);
  const unknown = flattenDevices(devices).filter((device) => device.fsType === undefined && device.sizeBytes > 0);
  // lsblk asks udev alone where it can; without a running udevd (containers, rescue systems) it then knows of no content.
  if (unknown.length === 0) return devices;
  // blkid's cache would tell of what was on a device once. Exit code 2: it knows nothing of any of these.
  const found = await run(["blkid", "-c", "/dev/null", "-o", "export", ...unknown.map((device) => device.path)], { okCodes: [0, 2] });
  return fillContent(devices, parseBlkid(found.stdout));
}

/** Adds what blkid found to the devices whose content lsblk did not know. */
export function fillContent(devices: readonly LsblkDevice[], entries: readonly BlkidEntry[]): readonly LsblkDevice[] {
  const tagsOf = new Map(entries.map((entry) => [entry.device, entry.tags]));
  const fill = (device: LsblkDevice): LsblkDevice => {
    const tags = tagsOf.get(device.path);
    const children = device.children.map(fill);
    if (tags === undefined) return { ...device, children };
    return {
      ...device,
      children,
      fsType: device.fsType ?? tags.get("TYPE"),
      label: device.label ?? tags.get("LABEL"),
      uuid: device.uuid ?? tags.get("UUID"),
      partitionUuid: device.partitionUuid ?? tags.get("PARTUUID"),
      partitionLabel: device.partitionLabel ?? tags.get("PARTLABEL"),
      tableType: device.tableType ?? tags.get("PTTYPE"),
    };
  };
  return devices.map(fill);
}

export async function inspectMountTable(): Promise<readonly Mount[]> {
  // Exit code 1: nothing is mounted, or some mounts could not be read to the end.
  const found = await run(["findmnt", "--json", "--bytes", "--list", "--output", FINDMNT_COLUMNS], { okCodes: [0, 1] });
  return parseFindmnt(found.stdout);
}
