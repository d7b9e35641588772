// Which of the disks that are here nothing may be written to, whatever the options (DESIGN section 8, rule 3). Pure.

import type { LsblkDevice } from "../machine/parse-lsblk.ts";

/** Reasons by kernel name of the disk. `locks` has some by kernel name of disk or partition; what is in use is locked by itself. */
export function diskLocks(devices: readonly LsblkDevice[], locks: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const pools = lockedPools(devices, locks);
  return new Map(
    devices.flatMap((device) => {
      const reason = lockOf(device, locks, pools);
      return reason === undefined ? [] : [[device.kernelName, reason] as const];
    }),
  );
}

function lockOf(device: LsblkDevice, locks: ReadonlyMap<string, string>, pools: ReadonlyMap<string, string>): string | undefined {
  const reason = ownLock(device, locks) ?? pools.get(poolOf(device) ?? "");
  if (reason !== undefined) return reason;
  // An array or a volume: what is written below it would be written to the other disks of it, or be lost.
  const active = device.children.find(({ type }) => type !== "part");
  if (active !== undefined) return `${active.kernelName} (${active.type}) is active on it`;
  return device.children.map((child) => lockOf(child, locks, pools)).find((found) => found !== undefined);
}

function ownLock({ kernelName, mountpoints }: LsblkDevice, locks: ReadonlyMap<string, string>): string | undefined {
  return mountpoints.length > 0 ? `it is in use at ${mountpoints.map((place) => `"${place}"`).join(", ")}` : locks.get(kernelName);
}

/** A file system that may have several members, of which lsblk shows one as mounted. */
function poolOf({ fsType, uuid }: LsblkDevice): string | undefined {
  return fsType === "btrfs" ? uuid : undefined;
}

/** Of those with a member that is in use or locked, by the UUID. */
function lockedPools(devices: readonly LsblkDevice[], locks: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const pools = new Map<string, string>();
  const visit = (device: LsblkDevice, above: string | undefined): void => {
    const reason = ownLock(device, locks) ?? above;
    const pool = poolOf(device);
    if (pool !== undefined && reason !== undefined) pools.set(pool, `its btrfs is on ${device.kernelName} too: ${reason}`);
    for (const child of device.children) visit(child, reason);
  };
  for (const device of devices) visit(device, undefined);
  return pools;
}
