// A machine's layout as it must be again after a restore onto disks of the same sizes, and without what is new each time.

import type { Layout, Machine } from "../../machine/model.ts";

/** Of `lifeboat inspect --json`. */
export interface Inspected {
  readonly machine: Machine;
}

export function comparableLayout({ machine }: Inspected): unknown {
  const { disks, stack, fileSystems, swaps, mounts, fstab } = machine.layout;
  // Groups of which no volume is active are named, and left out.
  const asleep = new Set(stack.flatMap((one) => (one.kind === "volume-group" && one.problem !== undefined ? [one.id] : [])));
  const awake = stack.filter((one) => !asleep.has(one.kind === "logical-volume" ? one.volumeGroup : one.id));
  return {
    disks: disks
      .filter(({ identity }) => identity.serial !== "LIFEBOAT-STORE")
      .map(({ id, identity, sizeBytes, table }) => [id, identity.serial, sizeBytes, withoutLimits(table)]),
    // The device mapper's numbers, by which they are listed, are others at each boot.
    stack: sorted(awake, ({ kind, id }) => `${kind} ${id}`),
    fileSystems: sorted(fileSystems, ({ device }) => device).map(({ usedBytes: _used, usedInodes: _inodes, ...rest }) => rest),
    swaps: sorted(swaps, ({ place }) => place),
    // So is the order in which they were mounted.
    mounts: sorted(
      mounts.filter(({ path }) => !path.startsWith("/run/")),
      ({ path }) => path,
    ).map(({ options, ...mount }) => ({ ...mount, options: options.filter((option) => !NUMBER_OF_SUBVOLUME.test(option)) })),
    fstab,
  };
}

/** btrfs counts them as they are made; their paths say which they are. */
const NUMBER_OF_SUBVOLUME = /^subvolid=/;

/** The first and last sector that a table allows are sfdisk's own choice, where the machine's tool chose others. */
function withoutLimits(table: Layout["disks"][number]["table"]) {
  return table === undefined ? undefined : { ...table, firstSector: undefined, lastSector: undefined };
}

function sorted<T>(list: readonly T[], nameOf: (one: T) => string): readonly T[] {
  return [...list].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
