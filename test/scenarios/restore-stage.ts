// What restores start from: a set and its rescue.iso, blank disks, and a nuke from the prompt to the reboot.

import assert from "node:assert/strict";
import { join } from "node:path";
import { createDiskImage } from "../../qemu/disks.ts";
import { startMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { answerPrompt } from "../boot-checks.ts";
import { guestMachine } from "../guest/guest-machine.ts";
import { copyOutOfStore, storeDisk } from "../guest/store-disk.ts";
import type { GuestKind } from "../guest/recipe.ts";
import type { World } from "../scenario.ts";
import { archivedOnce, assertBoots, assertSameFiles, expectRestored, type Archived } from "./round-trip.ts";

export const RESTORE_MS = 25 * 60_000;

export interface Stage {
  readonly archived: Archived;
  readonly directory: string;
  /** The set's rescue.iso. */
  readonly iso: string;
}

export async function setStage(world: World, name: string, kind: GuestKind = "bios"): Promise<Stage> {
  return stageOf(await archivedOnce(world, kind), await world.workDirectory(name));
}

export async function stageOf(archived: Archived, directory: string): Promise<Stage> {
  const iso = join(directory, "rescue.iso");
  await copyOutOfStore(archived.store, `/sets/${archived.setId}/boot/rescue.iso`, iso);
  return { archived, directory, iso };
}

/** The medium, the disk with the set, and these disks; the first one is started from afterwards. */
export function machineOf({ archived, iso }: Stage, disks: readonly DiskSpec[]): MachineSpec {
  return {
    ...guestMachine("bios", { file: disks[0]!.file }),
    disks: [...disks, { ...storeDisk(archived.store), snapshot: true }],
    cds: [{ file: iso, bus: "ide", bootIndex: 0 }],
  };
}

export async function blank({ archived, directory }: Stage, name: string, sizeBytes = archived.guest.disk.sizeBytes): Promise<string> {
  const path = join(directory, `${name}.img`);
  await createDiskImage(path, sizeBytes);
  return path;
}

export interface NukeOrder {
  readonly disks: readonly DiskSpec[];
  /** Behind the word nuke. */
  readonly words?: string;
  /** Unless given, the medium, these disks and the disk with the set. */
  readonly machine?: MachineSpec;
  /** How the machine is left. */
  readonly end?: "guest-reset" | "guest-shutdown";
}

/** Types nuke at the prompt; the restored disk has the same files and starts. */
export async function nukeAndCompare(stage: Stage, order: NukeOrder): Promise<string> {
  const { archived, directory } = stage;
  const disk = order.disks[0]!;
  const { said } = await nuke(stage, order);
  await assertSameFiles(archived, disk.file);
  await assertBoots(archived, { directory, machine: { disks: [{ ...disk, bootIndex: 1 }] } });
  return said;
}

export async function nuke(stage: Stage, { disks, words = "", machine = machineOf(stage, disks), end = "guest-reset" }: NukeOrder) {
  await using vm = await startMachine(machine, { workDirectory: join(stage.directory, "restore"), timeLimitMs: RESTORE_MS });
  await answerPrompt(vm, `nuke ${words}`);
  const restored = await expectRestored(vm, stage.archived.setId);
  assert.equal(await vm.waitForExit({ timeoutMs: 120_000 }), end);
  return restored;
}
