// The planner: from the machine as it was and the disks that are here to the steps between (DESIGN section 7). Pure.

import { LifeboatError } from "#os/error";
import type { BootLoader, DeviceId, FileSystem, Layout, Machine, Swap } from "../machine/model.ts";
import { deviceBytes } from "../machine/own-layout.ts";
import type { SetManifest } from "../set/set-manifest.ts";
import { biosBoot } from "./plan-bios-boot.ts";
import { planArrays } from "./plan-arrays.ts";
import { planBoot } from "./plan-boot.ts";
import { planInitramfs } from "./plan-initramfs.ts";
import { lvmFilterProblems, planLvmDevices } from "./plan-lvm.ts";
import { planMultipath, type WwidChange } from "./plan-multipath.ts";
import { planCards, type CardChange, type PresentCard } from "./plan-network.ts";
import { commandLineProblems, planCommandLine } from "./plan-command-line.ts";
import { planCrypttab } from "./crypttab.ts";
import { fstabProblems, planFstab, type Moves } from "./plan-fstab.ts";
import { filesOnly } from "./files-only.ts";
import { contentLines, twinProblems } from "./foreign-data.ts";
import { fitMachine, type FittedMachine } from "./fit/fit-machine.ts";
import { mergeGroups } from "./fit/merge-groups.ts";
import { withOtherTypes } from "./fit/other-types.ts";
import { luksWarnings } from "./luks-keys.ts";
import { describeIdentity, type Pair } from "./match-disks.ts";
import { imageSteps, imageWarnings } from "./plan-images.ts";
import { firmwareProblems, foreignProblems, layoutProblems, namingProblems, sectorProblems } from "./plan-problems.ts";
import { consentWarnings, contentWarnings, sizeWarnings } from "./plan-warnings.ts";
import { restorableReasons } from "./restorable.ts";
import { devicePaths, stackSteps, type PathOf } from "./plan-stack.ts";
import { type DiskMatch, type Plan, type Step } from "./plan.ts";
import type { PresentDisk } from "./present-disk.ts";
import { targetDisk } from "./target-disk.ts";
import { keptLines, keptPaths, onKept, reuseOf, lostContents, reuseProblems, type Reuse, type ReuseOptions } from "./reuse.ts";
import { isOldState, isWhole } from "./subvolumes.ts";
import { withoutUnmade } from "./unmade.ts";

export interface PlanOptions {
  readonly map: ReadonlyMap<string, string>;
  /** MondoRescue's excludedevs=. */
  readonly excluded: readonly string[];
  /** Serials of disks whose content may be lost, whoever it belongs to. */
  readonly wipe: readonly string[];
  /** MondoRescue's noresize: partitions keep their sizes and places. */
  readonly noResize?: boolean;
  /** File systems that are not formatted. */
  readonly keep?: readonly string[];
  /** MondoRescue's nopart, nomd and nolvm. */
  readonly noPartition?: boolean;
  readonly noArrays?: boolean;
  readonly noVolumes?: boolean;
  /** The restored machine is another one, of this name, in which `%h` stands for its own; undefined: it is the same. */
  readonly cloneName?: string | undefined;
  /** From mount points to types that file systems are made as, other than they were. */
  readonly types?: ReadonlyMap<string, string>;
  /** From volume groups that are not made again to those that their volumes go into. */
  readonly groups?: ReadonlyMap<string, string>;
  /** From network cards of the machine to those that are here: names or addresses. */
  readonly cards?: ReadonlyMap<string, string>;
}

export interface PlanInput {
  readonly machine: Machine;
  readonly manifest: Pick<SetManifest, "id" | "totals">;
  /** LUKS volumes whose headers are in the set. */
  readonly luksHeaders?: ReadonlySet<DeviceId>;
  readonly present: readonly PresentDisk[];
  /** In the order of the buses; undefined: nobody has looked. */
  readonly presentCards?: readonly PresentCard[];
  /** Of the machine that boots now. */
  readonly firmware: "bios" | "uefi";
  readonly options: PlanOptions;
}

/** Throws LifeboatError (3) when there is no way, or none that is safe, with all reasons. */
export function planRestore(input: PlanInput): Plan {
  const { manifest, present, options, luksHeaders } = input;
  const files = filesOnly(input.machine.layout);
  const before = withoutUnmade(input.machine.layout);
  const whole = { ...input.machine, layout: withoutUnmade(files.layout) };
  const reuse = reuseOf(whole.layout, reuseOptions(options));
  const fitted = wantedFit({ ...input, machine: whole }, reuse);
  const { pairs, layout, changes } = fitted;
  const machine = { ...whole, layout, bootLoader: withReplaced(whole.bootLoader, fitted.replaced) };
  const matches = pairs.map(({ from, to, reason }): DiskMatch => ({ from: from.id, disk: targetDisk(to.disk), reason }));
  const multipath = planMultipath(whole.layout, { matches, replaced: fitted.replaced });
  const moves = { devices: devicePaths(layout, matches), matches, replaced: new Map([...fitted.replaced, ...multipath.gone]) };
  const cards = planCards(machine.network, input.presentCards, options.cards ?? new Map());
  const around = { ...moves, reuse, cards: cards.changes, wwids: multipath.wwids, before, input };
  return {
    setId: manifest.id,
    layout,
    matches,
    steps: planSteps(machine, around, manifest.totals),
    replaced: [...moves.replaced],
    changes: [...changes, ...multipath.changes],
    keptPaths: [...keptPaths(layout, reuse), ...files.paths],
    lost: lostContents(pairs, machine, reuse).flatMap(contentLines),
    kept: [
      ...keptLines(layout, { reuse, path: (id) => moves.devices.get(id) ?? id }),
      ...present.filter((one) => !pairs.some(({ to }) => to === one)).map(leftAloneLine),
    ],
    warnings: [
      ...diskWarnings(layout, pairs),
      ...consentWarnings(present, options.wipe),
      ...files.warnings,
      ...imageWarnings(whole.layout, layout),
      ...luksWarnings(layout, reuse.devices, luksHeaders),
      ...cards.problems,
      ...multipath.warnings,
      ...machineWarnings(machine, moves, before),
    ],
    openCards: cards.open,
  };
}

function diskWarnings({ disks }: Layout, pairs: readonly Pair[]): readonly string[] {
  return pairs.flatMap(({ from, to }) => sizeWarnings(disks.find(({ id }) => id === from.id) ?? from, to.disk));
}

function machineWarnings(machine: Machine, moves: Moves, before: Layout): readonly string[] {
  return [
    ...contentWarnings(machine),
    ...commandLineProblems(machine, moves, before),
    ...fstabProblems(machine, moves),
    ...lvmFilterProblems(machine, moves),
    ...biosBoot(machine).notes,
    ...restorableReasons(machine),
  ];
}

function leftAloneLine({ disk, lockedBecause }: PresentDisk): string {
  return `${disk.id} (${describeIdentity(disk)})${lockedBecause === undefined ? "" : `: ${lockedBecause}`}`;
}

type Fitted = Extract<FittedMachine, { readonly fits: true }>;

/** With the types and the volume groups that were asked for. */
function wantedFit(input: PlanInput, reuse: Reuse): Fitted {
  const { machine, options } = input;
  const wanted = withOtherTypes(machine.layout, options.types ?? new Map(), reuse.fileSystems);
  if (!wanted.isRetyped) throw refusal("every type that is named must be one that the file system can have", wanted.problems);
  const merged = mergeGroups(wanted.layout, options.groups ?? new Map(), reuse.devices);
  if (!merged.isMerged) throw refusal("every volume group that is named must be one that can go into the other", merged.problems);
  const { layout, replaced, changes } = merged.reduced;
  const fitted = safeFit({ ...input, machine: { ...machine, layout } }, reuse);
  return {
    ...fitted,
    replaced: new Map([...replaced, ...fitted.replaced]),
    changes: [...wanted.changes, ...changes, ...fitted.changes],
  };
}

function safeFit({ machine, present, firmware, options }: PlanInput, reuse: Reuse): Fitted {
  const { layout } = machine;
  const reasons = layoutProblems(layout);
  if (reasons.length > 0) throw refusal("every file system that was mounted must be made again", reasons);
  const unnamed = namingProblems(present, options.excluded);
  const { map, excluded, noResize = false } = options;
  const reused = new Set(layout.disks.map(({ id }) => id).filter((id) => reuse.devices.has(id)));
  const mergedGroups = new Set(options.groups?.values());
  const fitted = fitMachine(layout, present, { map, excluded, noResize, reused, mergedGroups });
  if (!fitted.fits) throw refusal("every disk of the machine must have one to go to", [...unnamed, ...fitted.problems]);
  const { pairs } = fitted;
  const targets = pairs.map(({ to }) => to);
  const rest = present.filter((candidate) => !targets.includes(candidate));
  const problems = [
    ...(noResize ? pairs.flatMap(({ from, to }) => sectorProblems(from, to.disk)) : []),
    ...reuseProblems(fitted, reuse),
    ...lostContents(pairs, machine, reuse).flatMap((target) => foreignProblems(target, machine, { present, wipe: options.wipe })),
    ...twinProblems(machine, rest),
    ...firmwareProblems(machine, firmware),
  ];
  if (unnamed.length > 0) throw refusal("every disk that is named must be here", [...unnamed, ...problems]);
  if (problems.length > 0) throw refusal("nothing may be lost that is not this machine's", problems);
  return fitted;
}

/** The EFI system partition may have been on an array. */
function withReplaced(loader: BootLoader, replaced: ReadonlyMap<DeviceId, DeviceId>): BootLoader {
  if (!("efi" in loader) || loader.efi === undefined) return loader;
  return { ...loader, efi: { ...loader.efi, device: replaced.get(loader.efi.device) ?? loader.efi.device } };
}

function refusal(rule: string, problems: readonly string[]): LifeboatError {
  return new LifeboatError(`Cannot plan the restore as ${rule}: ${problems.join("; ")}`, {
    hint: "Nothing has been written. Mend what is named, and try again",
  });
}

interface Circumstances extends Moves {
  readonly reuse: Reuse;
  /** As it was. */
  readonly before: Layout;
  readonly cards: readonly CardChange[];
  readonly wwids: readonly WwidChange[];
  /** Its machine has all that is not made again, too. */
  readonly input: PlanInput;
}

function reuseOptions({ keep = [], noPartition = false, noArrays = false, noVolumes = false }: PlanOptions): ReuseOptions {
  return { keep, noPartition, noArrays, noVolumes };
}

function planSteps(machine: Machine, moves: Circumstances, totals: SetManifest["totals"]): readonly Step[] {
  const { layout } = machine;
  const { devices, matches, reuse, input } = moves;
  const isKept = onKept({ layout, keptPaths: keptPaths(layout, reuse) });
  const path = (id: string) => devices.get(id) ?? unknownDevice(id);
  const keptNodes = new Set([...reuse.fileSystems].map(path));
  const partitions = matches.flatMap(({ from, disk }): readonly Step[] => {
    if (reuse.devices.has(from)) return [];
    const table = layout.disks.find(({ id }) => id === from)?.table;
    return [{ kind: "wipe", disk }, ...(table === undefined ? [] : [{ kind: "partition", disk, table } as const])];
  });
  const fileSystems = layout.fileSystems.filter(
    ({ parameters, device }) => parameters.kind !== "unknown" && !reuse.fileSystems.has(device),
  );
  return [
    ...partitions,
    ...stackSteps(layout, { path, reuse, luksHeaders: input.luksHeaders }),
    ...imageSteps(layout, { path, reuse }),
    ...fileSystems.flatMap((fileSystem) => fileSystemSteps(fileSystem, layout, path)),
    ...layout.swaps.filter(isPartition).map(({ place, uuid, label }): Step => ({ kind: "make-swap", device: path(place), uuid, label })),
    ...mountSteps(machine, path),
    { kind: "extract", paths: totals.paths, streamBytes: totals.streamBytes },
    ...layout.swaps
      .filter((swap) => !isPartition(swap) && !isKept(swap.place))
      .map(({ place, uuid, label, sizeBytes }): Step => ({ kind: "make-swap-file", path: place, uuid, label, sizeBytes })),
    ...configurationSteps(machine, moves),
    ...planBoot(machine, matches, moves).filter((step) => step.kind !== "copy-esp" || !keptNodes.has(step.device)),
    { kind: "set-flags" },
    { kind: "check", paths: totals.paths },
    { kind: "write-mark" },
    { kind: "unmount" },
  ];
}

/** What is changed of the machine's own configuration; then the initramfs, which holds copies of it. */
function configurationSteps(machine: Machine, moves: Circumstances): readonly Step[] {
  const { before, cards, wwids, input } = moves;
  const steps = [
    ...planFstab(machine, moves, before.fstab),
    ...planCommandLine(machine, moves, before),
    ...planCrypttab(machine, moves, input.machine.layout),
    ...planArrays(machine, moves, before),
    ...planLvmDevices(machine, moves, before),
    ...(wwids.length === 0 ? [] : [{ kind: "write-multipath", changes: wwids } as const]),
    ...(cards.length === 0 ? [] : [{ kind: "write-network", changes: cards } as const]),
    ...identityStep(machine, input.options.cloneName),
  ];
  return [...steps, ...planInitramfs(machine, moves, { before, steps })];
}

function fileSystemSteps(fileSystem: FileSystem, layout: Layout, path: PathOf): readonly Step[] {
  const { parameters, device } = fileSystem;
  const ids = parameters.kind === "btrfs" ? parameters.devices : [device];
  const devices = ids.map((id) => ({ path: path(id), sizeBytes: deviceBytes(layout, id) ?? fileSystem.sizeBytes }));
  const make: Step = { kind: "make-filesystem", devices, fileSystem };
  if (parameters.kind !== "btrfs") return [make];
  const { defaultSubvolume } = parameters;
  // A snapshot without what it is one of would be an empty directory that takes the name.
  const subvolumes = (parameters.subvolumes ?? []).filter((subvolume) => !isOldState(subvolume, fileSystem, layout));
  if (subvolumes.length === 0) return [make];
  return [make, { kind: "make-subvolumes", device: path(device), subvolumes, defaultSubvolume }];
}

/** The root first, then by depth: what is mounted below comes later. A file system that is seen in two places is mounted at both: the set has its files twice. */
function mountSteps({ layout }: Machine, path: PathOf): readonly Step[] {
  const whole = layout.mounts.filter((mount) => isWhole(mount, layout));
  const depth = (mountPath: string) => (mountPath === "/" ? 0 : mountPath.split("/").length);
  return [...whole]
    .sort((a, b) => depth(a.path) - depth(b.path))
    .map(({ device, path: mountPath, type, options, fsRoot }): Step => {
      return { kind: "mount", device: path(device), path: mountPath, type, options, fsRoot };
    });
}

function identityStep({ hostName }: Machine, cloneName: string | undefined): readonly Step[] {
  return cloneName === undefined ? [] : [{ kind: "write-identity", hostName: cloneName.replace(/%h/g, hostName), oldHostName: hostName }];
}

function isPartition({ kind }: Swap): boolean {
  return kind === "partition";
}

function unknownDevice(id: string): never {
  throw new LifeboatError(`Cannot plan the restore as every file system must be on a disk of the machine: "${id}" is on none`, {
    hint: "The set was made with --accept-unrestorable, or machine.json was changed",
  });
}
