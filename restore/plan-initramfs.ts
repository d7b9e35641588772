// Why the restored machine's initramfs may have to be made again: drivers that it lacks, and copies in it of what a restore changes. Pure.

import { familyNamed } from "../machine/distributions.ts";
import type { Layout, Machine } from "../machine/model.ts";
import { below } from "../machine/own-layout.ts";
import type { Moves } from "./plan-fstab.ts";
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
  const copies = [...steps.flatMap((step) => copiesOf(step, machine)), ...multipathLeft(before, moves)];
  return drivers.length + copies.length === 0 ? [] : [{ kind: "check-initramfs", drivers, copies }];
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
function copiesOf(step: Step, { layout, system }: Machine): readonly InitramfsCopy[] {
  const copy = (what: string, isThere = true): readonly InitramfsCopy[] => (isThere ? [{ what, changedBy: { step: step.kind } }] : []);
  switch (step.kind) {
    case "write-mdadm-conf":
      return copy("mdadm.conf");
    case "write-lvm-devices":
      return copy("LVM's list of devices");
    case "write-crypttab": {
      const early = layout.mounts.filter(({ path }) => EARLY.has(path)).map(({ device }) => device);
      const opened = new Set([...early, ...layout.swaps.map(({ place }) => place)].flatMap((id) => below(layout, id)));
      return copy(
        "/etc/crypttab",
        step.volumes.some(({ name }) => opened.has(name)),
      );
    }
    case "write-fstab":
      return copy(
        "/etc/fstab",
        step.changes.some(({ path }) => EARLY.has(path)),
      );
    case "write-command-line": {
      const swaps = new Set(layout.swaps.map(({ uuid }) => `UUID=${uuid}`));
      const hasFile = familyNamed(system.family).initramfs.tools.includes("update-initramfs");
      return hasFile && step.changes.some(({ to }) => swaps.has(to))
        ? [{ what: RESUME_FILE, changedBy: { step: step.kind, file: RESUME_FILE } }]
        : [];
    }
    default:
      return [];
  }
}

/** What an initramfs mounts. */
const EARLY: ReadonlySet<string> = new Set(["/", "/usr"]);

/** Paths that are no longer several: nothing of the machine's tells when an initramfs stops looking for them. */
function multipathLeft({ stack }: Layout, { replaced }: Moves): readonly InitramfsCopy[] {
  const isLeft = stack.some((stacked) => stacked.kind === "other" && stacked.type === "mpath" && replaced.has(stacked.id));
  return isLeft ? [{ what: "the multipath settings", changedBy: undefined }] : [];
}
