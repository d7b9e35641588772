// The disks that are here now, and what their partition tables say.
import { listSys, readSys } from "#os/sysfs";
import { askTool, orUnknown } from "./ask-tool.ts";
import { readBlockDevices, readDiskIdentity, SYSFS_UNIT, type BlockDevice } from "./block-devices.ts";
import type { Disk, Partition, PartitionTable } from "./model.ts";
import { diskNode } from "./multipath.ts";
import { parseSfdisk } from "./parse-sfdisk.ts";
import { readMultipaths } from "./read-multipaths.ts";

const USUAL_SECTOR_BYTES = 512;

/** Every disk with a medium in it, with its partition table. */
export async function inspectDisks(sysRoot = "/sys"): Promise<readonly Disk[]> {
  const multipaths = readMultipaths(sysRoot);
  return Promise.all(
    readDisks(sysRoot, multipaths).map(async (disk) => {
      const names = multipaths.find(({ name }) => name === disk.id)?.partitions;
      return { ...disk, table: renamedPartitions(await inspectTable(diskNode(disk)), names) };
    }),
  );
}

/** Every disk with a medium in it, as sysfs tells them: nothing is read from the disks. Paths of a multipath disk are that disk. */
export function readDisks(sysRoot = "/sys", multipaths = readMultipaths(sysRoot)): readonly Omit<Disk, "table">[] {
  return readBlockDevices(sysRoot)
    .filter(({ kind, sizeBytes }) => kind === "disk" && sizeBytes > 0)
    .flatMap((device): readonly Omit<Disk, "table">[] => {
      const multipath = multipaths.find(({ paths }) => paths.includes(device.name));
      if (multipath === undefined) return [readDisk(sysRoot, device, device.name)];
      const { name, node, wwid, paths } = multipath;
      return paths[0] === device.name ? [{ ...readDisk(sysRoot, device, node), id: name, multipath: { wwid, paths } }] : [];
    })
    .filter(({ id }) => !isStacked(sysRoot, id));
}

/** `node`: the one whose size and sectors it has. */
function readDisk(sysRoot: string, { name, removable, sizeBytes }: BlockDevice, node: string): Omit<Disk, "table"> {
  const block = `${sysRoot}/block/${node}`;
  const size = readSys(`${block}/size`);
  const logicalSectorBytes = Number(readSys(`${block}/queue/logical_block_size`) ?? USUAL_SECTOR_BYTES);
  return {
    // sysfs cannot have the slash that some names have in /dev.
    id: name.replace(/!/g, "/"),
    identity: readDiskIdentity(name, sysRoot),
    sizeBytes: size === undefined ? sizeBytes : Number(size) * SYSFS_UNIT,
    logicalSectorBytes,
    physicalSectorBytes: Number(readSys(`${block}/queue/physical_block_size`) ?? logicalSectorBytes),
    rotational: readSys(`${block}/queue/rotational`) === "1",
    removable,
  };
}

/** bcache and DRBD show what they make as disks; what these stand on is listed too. */
function isStacked(sysRoot: string, id: string): boolean {
  return listSys(`${sysRoot}/block/${id.replace(/\//g, "!")}/slaves`).length > 0;
}

/** Undefined: none, one that is not known, or sfdisk cannot tell. */
async function inspectTable(node: string): Promise<PartitionTable | undefined> {
  const json = await askTool(["sfdisk", "--json", node]);
  return json === undefined ? undefined : orUnknown(async () => parseSfdisk(json));
}

/** kpartx has several ways of naming a multipath disk's partitions, and sfdisk guesses. */
function renamedPartitions(table: PartitionTable | undefined, names: ReadonlyMap<number, string> | undefined): PartitionTable | undefined {
  if (table === undefined || names === undefined) return table;
  const idOf = ({ id, number }: Partition) => names.get(number) ?? id.replace(/^mapper\//, "");
  return { ...table, partitions: table.partitions.map((partition) => ({ ...partition, id: idOf(partition) })) };
}
