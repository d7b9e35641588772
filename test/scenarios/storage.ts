// Machines with stacked storage come back: arrays, LVM, LUKS, btrfs, onto the same disks or others.

import assert from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { createDiskImage } from "../../qemu/disks.ts";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import type { DiskSpec } from "../../qemu/machine-spec.ts";
import { compareLists, describeDifference } from "../guest/compare-lists.ts";
import { copyOutOfStore, storeDisk } from "../guest/store-disk.ts";
import type { Scenario, World } from "../scenario.ts";
import { RAID_LVM } from "../storage/recipes.ts";
import {
  archiveStorage,
  bootStorage,
  guestDisks,
  lookAtStorage,
  makeStorageGuest,
  storageMachine,
  type ArchivedStorage,
  type StorageRecipe,
} from "../storage/storage-guest.ts";
import { expectRestored } from "./round-trip.ts";

const RESTORE_MS = 30 * 60_000;

const archives = new Map<string, Promise<ArchivedStorage>>();

/** The set that several scenarios restore from. */
async function archivedOnce(world: World, recipe: StorageRecipe): Promise<ArchivedStorage> {
  const known = archives.get(recipe.name) ?? archive(world, recipe);
  archives.set(recipe.name, known);
  return known;
}

async function archive(world: World, recipe: StorageRecipe): Promise<ArchivedStorage> {
  const guest = await makeStorageGuest(recipe, world.guestDirectory);
  return archiveStorage(guest, await world.workDirectory(`archived-${recipe.name}`));
}

const Mark = v.object({ set: v.string(), changed: v.array(v.object({ path: v.string() })), lost: v.array(v.string()) });

interface Restoring {
  readonly archived: ArchivedStorage;
  readonly directory: string;
  readonly disks: readonly DiskSpec[];
  /** Behind the word nuke. */
  readonly words?: string;
}

/** nuke from rescue.iso; all files as they were, seen from outside; the machine starts. Returns what the console said. */
async function restoreAndCompare({ archived, directory, disks, words = "" }: Restoring): Promise<string> {
  const { guest, store, setId, list } = archived;
  const iso = join(directory, "rescue.iso");
  await copyOutOfStore(store, `/sets/${setId}/boot/rescue.iso`, iso);
  const uefiVariables = guest.uefiVariables === undefined ? undefined : join(directory, "new-variables.fd");
  const machine = {
    ...storageMachine(uefiVariables),
    disks: [...disks, { ...storeDisk(store), snapshot: true }],
    cds: [{ file: iso, bus: "ahci", bootIndex: 0 }] as const,
  };
  const { said } = await nuke();
  const { mark, list: found } = await lookAtStorage(guest, disks, directory);
  assertSame(list, found, v.parse(Mark, JSON.parse(mark)));
  await using booted = await bootStorage(guest, {
    directory: join(directory, "restored"),
    disks,
    ...(uefiVariables === undefined ? {} : { uefiVariables }),
  });
  const { output } = await booted.run("systemctl is-system-running --wait; cat /run/boat-service", RESTORE_MS);
  assert.equal(output, "running\nafloat");
  await booted.powerOff();
  return said;

  async function nuke() {
    await using vm = await startMachine(machine, { workDirectory: join(directory, "restore"), timeLimitMs: RESTORE_MS });
    await typeNuke(vm, guest.uefiVariables !== undefined, words);
    const restored = await expectRestored(vm, setId);
    assert.equal(await vm.waitForExit({ timeoutMs: 120_000 }), "guest-reset");
    return restored;
  }
}

/** GRUB's menu has no prompt: its second entry is nuke, which is edited for more words. */
async function typeNuke(vm: VirtualMachine, isUefi: boolean, words: string): Promise<void> {
  if (!isUefi) {
    await vm.expect("boot:", { timeoutMs: 90_000 });
    return vm.send(`nuke ${words}\r`);
  }
  await vm.expect(/interactive/, { timeoutMs: 90_000 });
  vm.send("\u001b[B\r");
}

function assertSame(list: string, found: string, mark: v.InferOutput<typeof Mark>): void {
  const own = new Set([...mark.changed.map(({ path }) => path), ...mark.lost]);
  const isOwn = (path: string) => own.has(path) || path === "/.lifeboat" || path.startsWith("/.lifeboat/");
  const withoutSockets = list.split("\n").filter((line) => line.split("\t")[1] !== "socket");
  const differences = compareLists(withoutSockets.join("\n"), found).filter(({ path }) => !isOwn(path));
  assert.deepEqual(differences.map(describeDifference), []);
}

async function blankDisks(recipe: StorageRecipe, directory: string): Promise<readonly DiskSpec[]> {
  const files = recipe.disks.map((_, index) => join(directory, `new${index + 1}.img`));
  for (const [index, file] of files.entries()) await createDiskImage(file, recipe.disks[index]!);
  return guestDisks(recipe, files);
}

const raidLvm: Scenario = {
  name: "storage-raid-lvm",
  tier: "matrix",
  proves: "UEFI, two EFI system partitions, RAID1 of two disks, LVM on it with ext4 and XFS: comes back onto two blank disks, and starts",
  async run(world) {
    const archived = await archivedOnce(world, RAID_LVM);
    const directory = await world.workDirectory("storage-raid-lvm");
    await restoreAndCompare({ archived, directory, disks: await blankDisks(RAID_LVM, directory) });
  },
};

export const STORAGE: readonly Scenario[] = [raidLvm];
