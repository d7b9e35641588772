// A machine's layout as it must be again after a restore onto disks of the same sizes, and without what is new each time.

import type { Layout, Machine } from "../../machine/model.ts";

/** Of `lifeboat inspect --json`. */
export interface Inspected {
  readonly machine: Machine;
}

export function comparableLayout({ machine }: Inspected): unknown {
  const { disks, stack, fileSystems, swaps, mounts, fstab } = machine.layout;
  return {
    disks: disks
      .filter(({ identity }) => identity.serial !== "LIFEBOAT-STORE")
      .map(({ id, identity, sizeBytes, table }) => [id, identity.serial, sizeBytes, withoutLimits(table)]),
    stack,
    fileSystems: fileSystems.map(({ usedBytes: _used, usedInodes: _inodes, ...rest }) => rest),
    swaps,
    // In the order in which they were mounted, which is another at each boot.
    mounts: mounts.filter(({ path }) => !path.startsWith("/run/")).sort((a, b) => (a.path < b.path ? -1 : 1)),
    fstab,
  };
}

/** The first and last sector that a table allows are sfdisk's own choice, where the machine's tool chose others. */
function withoutLimits(table: Layout["disks"][number]["table"]) {
  return table === undefined ? undefined : { ...table, firstSector: undefined, lastSector: undefined };
}
