// What of a machine's storage is left as it is on its disks, and what stands below that: tables, arrays, volume groups, file systems. Pure.

import { LifeboatError } from "#os/error";
import type { ByteText } from "../formats/tar-read.ts";
import type { DeviceId, FileSystem, Layout, Machine } from "../machine/model.ts";
import { below } from "../machine/own-layout.ts";
import { normalised, signatureUuids, uuidSet } from "./foreign-data.ts";
import { bytesOfText } from "../set/catalogue.ts";
import type { Pair } from "./match-disks.ts";
import type { Plan } from "./plan.ts";
import { mountPoint } from "./plan-fstab.ts";
import { isSameTable } from "./plan-resume.ts";
import type { PresentDisk } from "./present-disk.ts";

export interface ReuseOptions {
  /** File systems that are not formatted: mount points, devices, `UUID=…` or `LABEL=…`. */
  readonly keep: readonly string[];
  /** MondoRescue's nopart, nomd and nolvm: partition tables, arrays, volume groups that are there are used again. */
  readonly noPartition: boolean;
  readonly noArrays: boolean;
  readonly noVolumes: boolean;
}

export interface Reuse {
  /** By their devices: what is on them stays. */
  readonly fileSystems: ReadonlySet<DeviceId>;
  /** Disks, arrays, groups, volumes and LUKS volumes that are not made anew. */
  readonly devices: ReadonlySet<DeviceId>;
}

/** Throws LifeboatError (3) for a name that no file system of the machine has: what was meant would be formatted. */
export function reuseOf(layout: Layout, options: ReuseOptions): Reuse {
  const kept = options.keep.map((word) => namedFileSystem(layout, word));
  const root = layout.mounts.find(({ path }) => path === "/")?.device;
  if (kept.some(({ device }) => device === root)) {
    throw new LifeboatError(`Cannot keep "/" as it is what a restore is for: its files come from the set`, {
      hint: "Nothing has been written. To bring single files back into it, start the machine and give --only",
    });
  }
  const tops: DeviceId[] = kept.flatMap(devicesOf);
  if (options.noPartition) tops.push(...layout.disks.filter(({ table }) => table !== undefined).map(({ id }) => id));
  for (const { kind, id } of layout.stack) {
    if ((kind === "array" && options.noArrays) || (kind === "volume-group" && options.noVolumes)) tops.push(id);
  }
  const devices = new Set(tops.flatMap((id) => below(layout, id)));
  // A group is there with all of its volumes, and with what they stand on.
  for (const stacked of layout.stack) if (stacked.kind === "logical-volume" && devices.has(stacked.volumeGroup)) devices.add(stacked.id);
  return { fileSystems: new Set(kept.map(({ device }) => device)), devices };
}

function devicesOf({ device, parameters }: FileSystem): readonly DeviceId[] {
  return parameters.kind === "btrfs" ? parameters.devices : [device];
}

function namedFileSystem({ fileSystems, mounts }: Layout, word: string): FileSystem {
  const [, tag, value] = /^(UUID|LABEL)=(.*)$/.exec(word) ?? [];
  const path = mountPoint(word);
  const found = fileSystems.filter(({ device, uuid, label }) => {
    if (tag !== undefined) return (tag === "UUID" ? uuid?.toLowerCase() === value?.toLowerCase() : label === value) && value !== "";
    return device === word || `/dev/${device}` === word || mounts.some((mount) => mount.device === device && mount.path === path);
  });
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  throw new LifeboatError(
    `Cannot keep "${word}" as it must name one file system of the machine: ${first === undefined ? "there is none" : "several are called so"}`,
    {
      hint: `Nothing has been written. Name a mount point such as ${mounts
        .map((mount) => mount.path)
        .slice(0, 4)
        .join(", ")}`,
    },
  );
}

/** Mount points below which nothing is written; those of other file systems that are mounted further down are not among them. */
export function keptPaths({ mounts }: Layout, { fileSystems }: Reuse): readonly string[] {
  return mounts.filter(({ device }) => fileSystems.has(device)).map(({ path }) => path);
}

/** Whether a path is on a kept file system: the deepest mount point above it decides. */
export function onKept({ layout, keptPaths: kept }: Pick<Plan, "layout" | "keptPaths">): (path: ByteText) => boolean {
  const keptPlaces = new Set(kept.map(bytesOfText));
  // A kept path may be one that nothing is mounted at any more.
  const places = [...new Set([...layout.mounts.map(({ path }) => path), ...kept])].map(bytesOfText).sort((a, b) => b.length - a.length);
  return (path) => {
    const place = places.find((candidate) => path === candidate || path.startsWith(candidate === "/" ? "/" : `${candidate}/`));
    return place !== undefined && keptPlaces.has(place);
  };
}

/** For the plan's list of what is kept. */
export function keptLines({ mounts }: Layout, { reuse, path }: { readonly reuse: Reuse; path(id: DeviceId): string }): readonly string[] {
  return mounts
    .filter(({ device }) => reuse.fileSystems.has(device))
    .map(({ device, path: place }) => `${place} on ${path(device)} stays as it is`);
}

/** What is on the disks of a plan and will be gone: all but what is used again. */
export function lostContents(pairs: readonly Pair[], { layout }: Machine, reuse: Reuse): readonly PresentDisk[] {
  const uuids = uuidSet(reusedUuids(layout, reuse));
  return pairs
    .map(({ from, to }) => {
      const contents = to.contents.filter(({ uuid }) => uuid === undefined || !uuids.has(normalised(uuid)));
      return { isReused: reuse.devices.has(from.id), disk: { ...to, contents } };
    })
    .filter(({ isReused, disk }) => !isReused || disk.contents.length > 0)
    .map(({ disk }) => disk);
}

function reusedUuids({ disks, stack, fileSystems }: Layout, reuse: Reuse): readonly (string | undefined)[] {
  const tables = disks
    .filter(({ id }) => reuse.devices.has(id))
    .flatMap(({ table }) => [table?.id, ...(table?.partitions ?? []).map(({ uuid }) => uuid)]);
  const stacked = stack.filter(({ id }) => reuse.devices.has(id)).flatMap(signatureUuids);
  const kept = fileSystems.filter(({ device }) => reuse.fileSystems.has(device)).map(({ uuid }) => uuid);
  return [...tables, ...stacked, ...kept];
}

/** Why what should be used again is not there as it was, one sentence each. */
export function reuseProblems(
  { layout, pairs }: { readonly layout: Layout; readonly pairs: readonly Pair[] },
  reuse: Reuse,
): readonly string[] {
  const reused = pairs.filter(({ from }) => reuse.devices.has(from.id));
  const tables = reused.flatMap(({ from, to }) =>
    from.table === undefined || (to.disk.table !== undefined && isSameTable(to.disk.table, from.table))
      ? []
      : [`the partition table of ${to.disk.id} is not the machine's, and it was to stay`],
  );
  const there = uuidSet(reused.flatMap(({ to }) => to.contents).map(({ uuid }) => uuid));
  const signatures = [
    ...layout.stack
      .filter(({ id }) => reuse.devices.has(id))
      .flatMap((stacked) => signatureUuids(stacked).map((uuid) => ({ id: stacked.id, uuid }))),
    // What is on a volume is not seen before its group is opened.
    ...layout.fileSystems
      .filter(({ device }) => reuse.fileSystems.has(device) && !layout.stack.some(({ id }) => id === device))
      .map(({ device, uuid }) => ({ id: device, uuid })),
  ];
  const missing = signatures.filter(({ uuid }) => uuid !== undefined && !there.has(normalised(uuid))).map(({ id }) => id);
  return [...tables, ...[...new Set(missing)].map((id) => `"${id}" is not on the disks that are here, and it was to stay`)];
}
