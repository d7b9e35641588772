// The planner: from the machine as it was and the disks that are here to the steps between (DESIGN section 7). Pure.

import { LifeboatError } from "#os/error";
import type { Disk, FileSystem, Machine, Partition, PartitionTable, Swap } from "../machine/model.ts";
import type { SetManifest } from "../set/set-manifest.ts";
import { planBoot } from "./plan-boot.ts";
import { planFstab } from "./plan-fstab.ts";
import { contentLines, foreignContents, twinProblems } from "./foreign-data.ts";
import { neededDiskBytes } from "./needed-room.ts";
import { describeIdentity, matchDisks, namesOf } from "./match-disks.ts";
import { partitionPath, partitionSize, type DiskMatch, type Plan, type Step, type TargetDisk } from "./plan.ts";
import type { PresentDisk } from "./present-disk.ts";

export interface PlanOptions {
  readonly map: ReadonlyMap<string, string>;
  /** MondoRescue's excludedevs=. */
  readonly excluded: readonly string[];
  /** Serials of disks whose content may be lost, whoever it belongs to. */
  readonly wipe: readonly string[];
}

export interface PlanInput {
  readonly machine: Machine;
  readonly manifest: Pick<SetManifest, "id" | "totals">;
  readonly present: readonly PresentDisk[];
  /** Of the machine that boots now. */
  readonly firmware: "bios" | "uefi";
  readonly options: PlanOptions;
}

/** Throws LifeboatError (3) when there is no way, or none that is safe, with all reasons. */
export function planRestore({ machine, manifest, present, firmware, options }: PlanInput): Plan {
  const { layout } = machine;
  const matching = matchDisks(layout.disks, present, { map: options.map, excluded: options.excluded, neededBytes: neededDiskBytes });
  if (!matching.isMatched) throw refusal("every disk of the machine must have one to go to", matching.problems);
  const { pairs } = matching;
  const targets = pairs.map(({ to }) => to);
  const problems = [
    ...pairs.flatMap(({ from, to }) => sectorProblems(from, to.disk)),
    ...targets.flatMap((target) => foreignProblems(target, machine, options)),
    ...twinProblems(
      machine,
      present.filter((candidate) => !targets.includes(candidate)),
    ),
    ...firmwareProblems(machine, firmware),
  ];
  if (problems.length > 0) throw refusal("nothing may be lost that is not this machine's", problems);
  const matches = pairs.map(({ from, to, reason }): DiskMatch => ({ from: from.id, disk: targetDisk(to.disk), reason }));
  const rest = present.filter((candidate) => !targets.includes(candidate));
  return {
    setId: manifest.id,
    matches,
    steps: planSteps(machine, matches, manifest.totals),
    lost: targets.flatMap(contentLines),
    kept: rest.map(
      ({ disk, lockedBecause }) => `${disk.id} (${describeIdentity(disk)})${lockedBecause === undefined ? "" : `: ${lockedBecause}`}`,
    ),
    warnings: pairs.flatMap(({ from, to }) => sizeWarnings(from, to.disk)),
  };
}

function refusal(rule: string, problems: readonly string[]): LifeboatError {
  return new LifeboatError(`Cannot plan the restore as ${rule}: ${problems.join("; ")}`, {
    hint: "Nothing has been written. Mend what is named, and try again",
  });
}

function targetDisk({ id, identity, sizeBytes, logicalSectorBytes }: Disk): TargetDisk {
  const { serial, model, driver } = identity;
  return { name: id, path: `/dev/${id}`, serial, model, driver, sizeBytes, logicalSectorBytes };
}

function sectorProblems(from: Disk, to: Disk): readonly string[] {
  if (from.logicalSectorBytes === to.logicalSectorBytes) return [];
  return [`disk ${to.id} has sectors of ${to.logicalSectorBytes} bytes, and the machine's ${from.id} had ${from.logicalSectorBytes}`];
}

function foreignProblems(target: PresentDisk, machine: Machine, { wipe }: PlanOptions): readonly string[] {
  const { disk } = target;
  const foreign = foreignContents(target, machine);
  if (foreign.length === 0 || namesOf(disk).some((name) => wipe.includes(name) && name !== disk.id)) return [];
  const serial = disk.identity.serial ?? disk.identity.wwid;
  const way = serial === undefined ? "it has no serial by which to name it: clear it by hand" : `lifeboat.wipe=${serial} allows it`;
  return [`disk ${disk.id} (${describeIdentity(disk)}) holds data that is not this machine's, ${foreign.join(", ")}: ${way}`];
}

function firmwareProblems({ firmware, layout }: Machine, now: PlanInput["firmware"]): readonly string[] {
  if (firmware.kind === now) return [];
  // A BIOS system's disk never starts under UEFI, and the other way round.
  const tables = layout.disks.map(({ table }) => table?.kind ?? "none").join(", ");
  return [
    `the machine started by ${firmware.kind.toUpperCase()} (partition table ${tables}), and this one by ${now.toUpperCase()}: switch the firmware over`,
  ];
}

function sizeWarnings(from: Disk, to: Disk): readonly string[] {
  const more = to.sizeBytes - from.sizeBytes;
  return more < 2 ** 20 ? [] : [`${to.id} is ${(more / 2 ** 30).toFixed(1)} GiB larger than ${from.id} was: that part stays free`];
}

function planSteps(machine: Machine, matches: readonly DiskMatch[], totals: SetManifest["totals"]): readonly Step[] {
  const { layout } = machine;
  const devices = devicePaths(machine, matches);
  const path = (id: string) => devices.get(id) ?? unknownDevice(id);
  const partitions = matches.flatMap(({ from, disk }): readonly Step[] => {
    const table = layout.disks.find(({ id }) => id === from)?.table;
    return [{ kind: "wipe", disk }, ...(table === undefined ? [] : [{ kind: "partition", disk, table } as const])];
  });
  const fileSystems = layout.fileSystems.filter(({ parameters }) => parameters.kind !== "unknown");
  return [
    ...partitions,
    ...fileSystems.map((fileSystem): Step => {
      return { kind: "make-filesystem", device: path(fileSystem.device), sizeBytes: deviceSize(machine, matches, fileSystem), fileSystem };
    }),
    ...layout.swaps.filter(isPartition).map(({ place, uuid, label }): Step => ({ kind: "make-swap", device: path(place), uuid, label })),
    ...mountSteps(machine, path),
    { kind: "extract", paths: totals.paths, streamBytes: totals.streamBytes },
    ...layout.swaps
      .filter((swap) => !isPartition(swap))
      .map(({ place, uuid, label, sizeBytes }): Step => ({ kind: "make-swap-file", path: place, uuid, label, sizeBytes })),
    ...planFstab(machine, devices),
    ...planBoot(machine, matches),
    { kind: "set-flags" },
    { kind: "check", paths: totals.paths },
    { kind: "write-mark" },
    { kind: "unmount" },
  ];
}

/** The root first, then by depth: what is mounted below comes later. One mount for each file system, the one that shows all of it. */
function mountSteps({ layout }: Machine, path: (id: string) => string): readonly Step[] {
  const whole = layout.mounts.filter(({ fsRoot }) => fsRoot === "/");
  const depth = (mountPath: string) => (mountPath === "/" ? 0 : mountPath.split("/").length);
  return [...whole]
    .sort((a, b) => depth(a.path) - depth(b.path))
    .map(({ device, path: mountPath, type, options }): Step => ({ kind: "mount", device: path(device), path: mountPath, type, options }));
}

function isPartition({ kind }: Swap): boolean {
  return kind === "partition";
}

/** From a device's id in machine.json to its node here. */
export function devicePaths({ layout }: Machine, matches: readonly DiskMatch[]): ReadonlyMap<string, string> {
  return new Map(
    matches.flatMap(({ from, disk }) => {
      const partitions = layout.disks.find(({ id }) => id === from)?.table?.partitions ?? [];
      return [[from, disk.path] as const, ...partitions.map(({ id, number }) => [id, partitionPath(disk, number)] as const)];
    }),
  );
}

function deviceSize({ layout }: Machine, matches: readonly DiskMatch[], { device, sizeBytes }: FileSystem): number {
  for (const { from, disk } of matches) {
    const table: PartitionTable | undefined = layout.disks.find(({ id }) => id === from)?.table;
    const partition: Partition | undefined = table?.partitions.find(({ id }) => id === device);
    if (partition !== undefined) return partitionSize(partition, disk);
  }
  return sizeBytes;
}

function unknownDevice(id: string): never {
  throw new LifeboatError(`Cannot plan the restore as every file system must be on a disk of the machine: "${id}" is on none`, {
    hint: "The set was made with --accept-unrestorable, or machine.json was changed",
  });
}
