// What stands on a disk that is here: what lsblk names, and what nothing here can name.

import type { Disk } from "../machine/model.ts";
import type { LsblkDevice } from "../machine/parse-lsblk.ts";
import type { FoundContent } from "./present-disk.ts";
import { BARE_TYPES } from "./partition-types.ts";

/** What is made zero at the start of each new partition, so that a restore that is broken off before it fills them finds them blank. */
export const HEAD_BYTES = 64 * 1024;

/** The first `HEAD_BYTES` of a device, by its kernel name; undefined when they cannot be read. */
export type ReadHead = (kernelName: string) => Promise<Uint8Array | undefined>;

export async function diskContents(device: LsblkDevice | undefined, disk: Disk, readHead: ReadHead): Promise<readonly FoundContent[]> {
  const named = device === undefined ? [] : namedContents(device, disk);
  const unnamed = named.length === 0 ? [disk.id] : unnamedPartitions(device!, disk);
  const unknown = await Promise.all(unnamed.map((place) => unknownData(place, readHead)));
  return [...named, ...unknown.flat()];
}

function namedContents(device: LsblkDevice, { table }: Disk): readonly FoundContent[] {
  const found: FoundContent[] = [];
  const add = (content: FoundContent) => void found.push(content);
  if (table !== undefined) add({ device: device.kernelName, type: "partition table", uuid: table.id, label: undefined });
  const visit = ({ kernelName, type, partitionUuid, partitionLabel, fsType, uuid, label, children }: LsblkDevice): void => {
    if (type === "part") add({ device: kernelName, type: "partition", uuid: partitionUuid, label: partitionLabel });
    if (fsType !== undefined) add({ device: kernelName, type: fsType, uuid, label });
    for (const child of children) visit(child);
  };
  visit(device);
  return found;
}

/** Those that should have a signature, and have none, or several that contradict each other. */
function unnamedPartitions({ children }: LsblkDevice, { table }: Disk): readonly string[] {
  const isBare = (name: string) =>
    table?.partitions.some(({ id, role, type }) => id === name && (role === "extended" || BARE_TYPES.has(type)));
  return children
    .filter(({ kernelName, type, fsType }) => type === "part" && fsType === undefined && isBare(kernelName) !== true)
    .map(({ kernelName }) => kernelName);
}

/** What has no signature is blank when it begins with zeros; else somebody's data may be there that nothing here can read. */
async function unknownData(place: string, readHead: ReadHead): Promise<readonly FoundContent[]> {
  const head = await readHead(place);
  if (head?.every((byte) => byte === 0) === true) return [];
  return [{ device: place, type: "data of an unknown kind", uuid: undefined, label: undefined }];
}
