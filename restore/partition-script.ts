// A partition table as sfdisk reads it (sfdisk(8), "Script headers" and "Named fields").

import type { Partition, PartitionTable } from "../machine/model.ts";
import { partitionPath, type TargetDisk } from "./plan.ts";

/** The whole script. Positions are in sectors of the disk. */
export function partitionScript(disk: TargetDisk, table: PartitionTable): string {
  const header = [
    `label: ${table.kind === "gpt" ? "gpt" : "dos"}`,
    `label-id: ${table.id}`,
    "unit: sectors",
    ...(table.firstSector === undefined ? [] : [`first-lba: ${table.firstSector}`]),
    ...(table.entryCount === undefined || table.entryCount === 128 ? [] : [`table-length: ${table.entryCount}`]),
  ];
  // Logical partitions come after the extended one that holds them.
  const partitions = [...table.partitions].sort((a, b) => a.number - b.number);
  return `${[...header, "", ...partitions.map((partition) => partitionLine(disk, table, partition))].join("\n")}\n`;
}

function partitionLine(disk: TargetDisk, { kind }: PartitionTable, partition: Partition): string {
  const { number, startSector, sizeSectors, type, uuid, label, attributes, active } = partition;
  const fields = [`start=${startSector}`, `size=${sizeSectors}`, `type=${type}`];
  if (kind === "gpt" && uuid !== undefined) fields.push(`uuid=${uuid}`);
  if (kind === "gpt" && label !== undefined && label !== "") fields.push(`name="${escapeName(label)}"`);
  if (attributes !== "") fields.push(`attrs="${attributes}"`);
  if (active) fields.push("bootable");
  return `${partitionPath(disk, number)} : ${fields.join(", ")}`;
}

/** As sfdisk's own dump writes them, so that it reads them back; a newline would begin another line of the script. */
function escapeName(label: string): string {
  // eslint-disable-next-line no-control-regex
  return label.replace(/[\u0000-\u001f\u007f"\\]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
