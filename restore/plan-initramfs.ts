// Why the restored machine's initramfs may have to be made again: drivers that it lacks, what it waits for, and copies of what a restore changes. Pure.

import { familyNamed } from "../machine/distributions.ts";
import type { Layout, Machine } from "../machine/model.ts";
import { below } from "../machine/own-layout.ts";
import type { Moves } from "./plan-fstab.ts";
import { goneNames, isNothing } from "./plan-gone-words.ts";
import type { DiskMatch, InitramfsCopy, Step } from "./plan.ts";

/** Of initramfs-tools: no boot loader reads it. */
export const RESUME_FILE = "/etc/initramfs-tools/conf.d/resume";

export interface InitramfsCircumstances {
  /** The machine's own layout, as it was. */
  readonly before: Layout;
  /** What is done to the machine's configuration. */
  readonly steps: readonly Step[];
}

export function planInitramfs(machine: Machine, moves: Moves, { before, steps }: InitramfsCircumstances): readonly Step[] {
  const drivers = newDrivers(machine, moves.matches);
  const copies = [...steps.flatMap((step) => copiesOf(step, machine)), ...multipathLeft(before, moves), ...renamedVolumes(machine, moves)];
  const gone = goneNames({ before, now: machine.layout, replaced: moves.replaced }, machine.system.kernelCommandLine);
  return drivers.length + copies.length === 0 && isNothing(gone) ? [] : [{ kind: "check-initramfs", drivers, copies, gone }];
}

/** Only where a disk is reached by another driver than before: then all on its way must be there, its own layer too (sd beside ahci). */
function newDrivers({ layout }: Machine, matches: readonly DiskMatch[]): readonly string[] {
  const drivers = matches.flatMap(({ from, disk }) => {
    const before = layout.disks.find(({ id }) => id === from)?.identity;
    const known = before?.drivers ?? [];
    const isAsBefore = known.length === 0 ? disk.driver === before?.driver : disk.drivers.every((name) => known.includes(name));
    return isAsBefore ? [] : disk.drivers;
  });
  return [...new Set(drivers)];
}

/** What initramfs-tools, dracut and mkinitcpio take into it, of this step. */
function copiesOf(step: Step, machine: Machine): readonly InitramfsCopy[] {
  const what = COPIES[step.kind];
  return what === undefined || !isEarly(step, machine) ? [] : [{ what, changedBy: { step: step.kind, ...FILES[step.kind] } }];
}

const COPIES: Readonly<Partial<Record<Step["kind"], string>>> = {
  "write-mdadm-conf": "mdadm.conf",
  "write-lvm-devices": "LVM's list of devices",
  "write-crypttab": "/etc/crypttab",
  "write-fstab": "/etc/fstab",
  "write-command-line": RESUME_FILE,
  "write-multipath": "multipath's files",
};

/** Of several files that the step may change. */
const FILES: Readonly<Partial<Record<Step["kind"], { readonly file: string }>>> = { "write-command-line": { file: RESUME_FILE } };

/** Whether it is about something that an initramfs needs. */
function isEarly(step: Step, { layout, system }: Machine): boolean {
  if (step.kind === "write-fstab") return step.changes.some(({ path }) => EARLY.has(path));
  if (step.kind === "write-crypttab") {
    const mounted = layout.mounts.filter(({ path }) => EARLY.has(path)).map(({ device }) => device);
    const opened = new Set([...mounted, ...layout.swaps.map(({ place }) => place)].flatMap((id) => below(layout, id)));
    return step.volumes.some(({ name }) => opened.has(name));
  }
  if (step.kind !== "write-command-line") return true;
  const swaps = new Set(layout.swaps.map(({ uuid }) => `UUID=${uuid}`));
  return familyNamed(system.family).initramfs.tools.includes("update-initramfs") && step.changes.some(({ to }) => swaps.has(to));
}

/** What an initramfs mounts. */
const EARLY: ReadonlySet<string> = new Set(["/", "/usr"]);

/** Paths that are no longer several: nothing of the machine's tells when an initramfs stops looking for them. */
function multipathLeft({ disks }: Layout, { matches }: Moves): readonly InitramfsCopy[] {
  const isLeft = disks.some(
    ({ id, multipath }) => multipath !== undefined && matches.some(({ from, disk }) => from === id && disk.multipath === undefined),
  );
  return isLeft ? [{ what: "the multipath settings", changedBy: undefined }] : [];
}

/** dracut has the names of volumes that it waits for, initramfs-tools that of the swap to resume from. */
function renamedVolumes({ layout }: Machine, { replaced }: Moves): readonly InitramfsCopy[] {
  const renamed = new Set(replaced.values());
  const isRenamed = layout.stack.some(({ kind, id }) => kind === "logical-volume" && renamed.has(id));
  return isRenamed ? [{ what: "the names of volumes", changedBy: undefined }] : [];
}
