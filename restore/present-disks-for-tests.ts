// For tests: disks that could be here on the day of a restore.

import type { Disk, Machine } from "../machine/model.ts";
import type { FoundContent, PresentDisk } from "./present-disk.ts";

export const GIB = 2 ** 30;

/** What a test says of a disk; the rest is usual. */
export interface DiskFacts {
  readonly id?: string;
  readonly wwid?: string;
  readonly serial?: string;
  readonly driver?: string;
  readonly sizeBytes?: number;
  readonly logicalSectorBytes?: number;
}

/** Without a table: blank. */
export function testDisk({ id = "sdx", wwid, serial, driver = "ahci", sizeBytes = 4 * GIB, logicalSectorBytes = 512 }: DiskFacts): Disk {
  const drivers = driver === "ahci" ? ["sd", driver] : [driver];
  const identity = { wwid, serial, model: "QEMU HARDDISK", driver, drivers };
  const physicalSectorBytes = logicalSectorBytes;
  return { id, identity, sizeBytes, logicalSectorBytes, physicalSectorBytes, rotational: true, removable: false, table: undefined };
}

export function presentDisk(facts: DiskFacts, contents: readonly FoundContent[] = [], lockedBecause?: string): PresentDisk {
  return { disk: testDisk(facts), contents, lockedBecause };
}

/** The machine's own first disk under another name, with everything on it that the layout tells of. */
export function ownDisk({ layout }: Machine, id: string): PresentDisk {
  const disk = layout.disks[0]!;
  const rename = (device: string) => device.replace(/^[a-z]+/, id);
  return { disk: { ...disk, id }, contents: ownContents(layout, rename), lockedBecause: undefined };
}

function ownContents({ disks, fileSystems, swaps }: Machine["layout"], rename: (device: string) => string): readonly FoundContent[] {
  const { id, table } = disks[0]!;
  return [
    { device: rename(id), type: "partition table", uuid: table?.id, label: undefined },
    ...(table?.partitions ?? []).map((one) => ({ device: rename(one.id), type: "partition", uuid: one.uuid, label: one.label })),
    ...fileSystems.map(({ device, type, uuid, label }) => ({ device: rename(device), type, uuid: uuid?.toUpperCase(), label })),
    ...swaps.map(({ place, uuid, label }) => ({ device: rename(place), type: "swap", uuid, label })),
  ];
}
