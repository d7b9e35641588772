// The disks that are here now, and what their partition tables say.
import { listSys, readSys } from "#os/sysfs";
import { askTool, orUnknown } from "./ask-tool.ts";
import { readBlockDevices, readDiskIdentity } from "./block-devices.ts";
import type { Disk, PartitionTable } from "./model.ts";
import { parseSfdisk } from "./parse-sfdisk.ts";

const USUAL_SECTOR_BYTES = 512;

/** Every disk with a medium in it, with its partition table. */
export async function inspectDisks(sysRoot = "/sys"): Promise<readonly Disk[]> {
  return Promise.all(readDisks(sysRoot).map(async (disk) => ({ ...disk, table: await inspectTable(disk.id) })));
}

/** Every disk with a medium in it, as sysfs tells them: nothing is read from the disks. */
export function readDisks(sysRoot = "/sys"): readonly Omit<Disk, "table">[] {
  return readBlockDevices(sysRoot)
    .filter(({ kind, sizeBytes }) => kind === "disk" && sizeBytes > 0)
    .map(({ name, sizeBytes, removable }) => {
      const queue = `${sysRoot}/block/${name}/queue`;
      const logicalSectorBytes = Number(readSys(`${queue}/logical_block_size`) ?? USUAL_SECTOR_BYTES);
      return {
        // sysfs cannot have the slash that some names have in /dev.
        id: name.replace(/!/g, "/"),
        identity: readDiskIdentity(name, sysRoot),
        sizeBytes,
        logicalSectorBytes,
        physicalSectorBytes: Number(readSys(`${queue}/physical_block_size`) ?? logicalSectorBytes),
        rotational: readSys(`${queue}/rotational`) === "1",
        removable,
      };
    })
    .filter(({ id }) => !isStacked(sysRoot, id));
}

/** bcache and DRBD show what they make as disks; what these stand on is listed too. */
function isStacked(sysRoot: string, id: string): boolean {
  return listSys(`${sysRoot}/block/${id.replace(/\//g, "!")}/slaves`).length > 0;
}

/** Undefined: none, one that is not known, or sfdisk cannot tell. */
async function inspectTable(id: string): Promise<PartitionTable | undefined> {
  const json = await askTool(["sfdisk", "--json", `/dev/${id}`]);
  return json === undefined ? undefined : orUnknown(async () => parseSfdisk(json));
}
