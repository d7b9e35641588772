// On which disks GRUB's boot code for BIOS is put back: where it starts the machine, and elsewhere where it can be.

import { BIOS_BOOT_TYPE } from "./partition-types.ts";
import type { DeviceId, Disk, Machine, PartitionTable } from "../machine/model.ts";

export interface BiosBoot {
  readonly disks: readonly DeviceId[];
  /** Of disks whose boot code is left away, one line each: a machine that starts by UEFI has no need of it. */
  readonly notes: readonly string[];
}

/** On a machine that starts by BIOS it is all of them: what stands against that is a reason not to make the set, and for the gate. */
export function biosBoot({ bootLoader, firmware, layout }: Machine): BiosBoot {
  if (bootLoader.kind !== "grub") return { disks: [], notes: [] };
  const { biosDisks, biosTools } = bootLoader;
  if (firmware.kind === "bios") return { disks: biosDisks, notes: [] };
  const isWhole = biosTools.installer !== undefined && biosTools.modules !== undefined;
  const looked = biosDisks.map((id) => ({ id, problem: isWhole ? placeProblem(id, layout.disks) : NO_TOOLS }));
  return {
    disks: looked.flatMap(({ id, problem }) => (problem === undefined ? [id] : [])),
    notes: looked.flatMap(({ id, problem }) => {
      const what = `"${id}" has GRUB's boot code for BIOS too, which is not put back, as the machine starts by UEFI and`;
      return problem === undefined ? [] : [`${what} ${problem}`];
    }),
  };
}

const NO_TOOLS = "what installs it is not on it";

function placeProblem(id: DeviceId, disks: readonly Disk[]): string | undefined {
  const disk = disks.find((candidate) => candidate.id === id);
  return disk?.table === undefined ? "the disk has no partition table" : tableProblem(disk.table, disk.logicalSectorBytes);
}

/** Where GRUB's second part goes (GRUB manual, "BIOS installation"): a partition of its own, or the room before the first. */
function tableProblem(table: PartitionTable, sectorBytes: number): string | undefined {
  if (table.kind === "gpt") return hasBiosBootPartition(table) ? undefined : "its GPT has no BIOS boot partition";
  const firstBytes = Math.min(...table.partitions.map(({ startSector }) => startSector)) * sectorBytes;
  return firstBytes < LEAST_ROOM_BYTES ? "there is no room for it before the first partition" : undefined;
}

/** The classic 63 sectors. */
const LEAST_ROOM_BYTES = 63 * 512;

export function hasBiosBootPartition({ partitions }: PartitionTable): boolean {
  return partitions.some(({ type }) => type === BIOS_BOOT_TYPE);
}
