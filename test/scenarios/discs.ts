// A set on three ISO images: as discs, which are changed in the drive while the machine comes back, and as files in a directory.

import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "#os/exec";
import { makeDirectory } from "#os/files";
import { createDiskImage } from "../../qemu/disks.ts";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { answerPrompt } from "../boot-checks.ts";
import { isoBoot } from "../direct-boot.ts";
import { guestMachine } from "../guest/guest-machine.ts";
import { copyOutOfStore, listStore, storeDisk, STORE_PATH } from "../guest/store-disk.ts";
import type { Scenario, World } from "../scenario.ts";
import { archiveInGuest, assertBoots, assertSameFiles, expectRestored, type Archived } from "./round-trip.ts";

const RESTORE_MS = 25 * 60_000;
const DISCS = 3;

let archived: Promise<Archived> | undefined;

/** Scenarios restore from the same three; none changes them. */
function onThreeDiscs(world: World): Promise<Archived> {
  return (archived ??= archiveOnDiscs(world));
}

async function archiveOnDiscs(world: World): Promise<Archived> {
  const directory = await world.workDirectory("archived-discs");
  const words = `'iso:${STORE_PATH}/sets?size=90M' --prefix boat`;
  const made = await archiveInGuest({ guest: await world.guest("bios"), directory, words });
  const names = (await listStore(made.store, "/sets")).filter((name) => name.endsWith(".iso"));
  assert.deepEqual(names, ["boat-1.iso", "boat-2.iso", "boat-3.iso"]);
  return made;
}

interface Place {
  readonly directory: string;
  /** By number, from 1. */
  readonly discs: readonly string[];
  readonly disks: readonly DiskSpec[];
}

async function placeFor(world: World, name: string, { store, guest }: Archived): Promise<Place> {
  const directory = await world.workDirectory(name);
  await makeDirectory(join(directory, "discs"));
  const discs = [""];
  for (let number = 1; number <= DISCS; number += 1) {
    discs[number] = join(directory, "discs", `${number}.iso`);
    await copyOutOfStore(store, `/sets/boat-${number}.iso`, discs[number]!);
  }
  const file = join(directory, "new-disk.img");
  await createDiskImage(file, guest.disk.sizeBytes);
  return { directory, discs, disks: [{ file, bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }] };
}

function machineOf({ discs, disks }: Place, more: readonly DiskSpec[]): MachineSpec {
  return {
    ...guestMachine("bios", { file: disks[0]!.file }),
    memoryMb: 2048,
    disks: [...disks, ...more],
    cds: [{ file: discs[1]!, bus: "ide", bootIndex: 0 }],
  };
}

const changed: Scenario = {
  name: "discs-changed",
  tier: "matrix",
  proves:
    "a machine comes back from three discs in one drive: each is asked for by number and set, a wrong one is named and refused, and no key is pressed",
  async run(world) {
    const set = await onThreeDiscs(world);
    const place = await placeFor(world, "discs-changed", set);
    const asked = await nukeFromDiscs(place, set);
    // For the gate, then for the extraction.
    assert.deepEqual(asked, [2, 3, 1, 2, 3]);
    await assertBack(set, place);
  },
};

/** Whoever changes the discs takes the last one first. Returns the numbers of the discs that were asked for. */
async function nukeFromDiscs(place: Place, { setId }: Archived): Promise<readonly number[]> {
  await using vm = await startMachine(machineOf(place, []), { workDirectory: join(place.directory, "restore"), timeLimitMs: RESTORE_MS });
  await answerPrompt(vm, "nuke");
  await vm.expect(/lifeboat: nuke begins in 20 s/, { timeoutMs: RESTORE_MS });
  const request = new RegExp(`lifeboat: Put disc (\\d) of ${setId} into /dev/sr0\r?\n|lifeboat: restore[d ].*`);
  const asked: number[] = [];
  for (;;) {
    const { text, groups } = await vm.expect(request, { timeoutMs: RESTORE_MS });
    if (groups[0] === undefined) {
      assert.match(text, new RegExp(`restored ${setId} in \\d+s, \\d+ files checked, 0 differ`), vm.text);
      break;
    }
    const number = Number(groups[0]);
    if (asked.length === 0) await offerWrong(vm, place, setId);
    asked.push(number);
    await putIn(vm, place.discs[number]!);
  }
  assert.equal(await vm.waitForExit({ timeoutMs: 120_000 }), "guest-reset");
  return asked;
}

async function offerWrong(vm: VirtualMachine, { discs }: Place, setId: string): Promise<void> {
  await putIn(vm, discs[3]!);
  await vm.expect(new RegExp(`lifeboat: that is not it: in /dev/sr0 is disc 3 of ${setId}\r?\n`), { timeoutMs: 60_000 });
  await vm.expect(new RegExp(`lifeboat: Put disc 2 of ${setId} into /dev/sr0\r?\n`), { timeoutMs: 60_000 });
}

async function assertBack(set: Archived, { directory, disks }: Place): Promise<void> {
  await assertSameFiles(set, disks[0]!.file);
  await assertBoots(set, { directory, machine: { disks } });
}

/** By force: a person has a button for it, and the drive's door is not locked while it waits. */
async function putIn(vm: VirtualMachine, filename: string): Promise<void> {
  await vm.qmp("blockdev-change-medium", { device: "cd0", filename, format: "raw", force: true });
}

const inDirectory: Scenario = {
  name: "discs-in-directory",
  tier: "matrix",
  proves:
    "booted from the first of three images, a machine comes back from PREFIX-N.iso in a directory of a disk, and no disc is asked for",
  async run(world) {
    const set = await onThreeDiscs(world);
    const place = await placeFor(world, "discs-in-directory", set);
    const machine = machineOf(place, [{ ...storeDisk(set.store), snapshot: true }]);
    {
      await using vm = await startMachine(machine, { workDirectory: join(place.directory, "restore"), timeLimitMs: RESTORE_MS });
      await answerPrompt(vm, "nuke prefix=boat");
      const { said } = await expectRestored(vm, set.setId);
      assert.doesNotMatch(said, /Put disc/);
      assert.match(vm.text, /lifeboat: set disk \/dev\/vdb, \/sets\/boat-1\.iso/);
      assert.equal(await vm.waitForExit({ timeoutMs: 120_000 }), "guest-reset");
    }
    await assertBack(set, place);
  },
};

const burned: Scenario = {
  name: "discs-burned",
  tier: "matrix",
  proves:
    "a burned first disc has no manifest: the last disc is asked for before the plan is made, and the stage waits longer than its limit",
  async run(world) {
    const set = await onThreeDiscs(world);
    const place = await placeFor(world, "discs-burned", set);
    const first = await asBurned(place, set);
    const machine: MachineSpec = {
      ...machineOf({ ...place, discs: ["", first] }, []),
      kernel: await isoBoot({ path: place.discs[1]!, buildId: "first-disc" }, "nuke lifeboat.timeout.hand-off=20"),
    };
    await using vm = await startMachine(machine, { workDirectory: join(place.directory, "restore"), timeLimitMs: RESTORE_MS });
    await vm.expect(`lifeboat: Put the last disc of ${set.setId} into /dev/sr0`, { timeoutMs: RESTORE_MS });
    await vm.expectNone(/lifeboat: stage hand-off/, { durationMs: 40_000 });
    await putIn(vm, place.discs[DISCS]!);
    const end = await vm.expect(/lifeboat: nuke begins in 20 s|lifeboat: stage hand-off: (?:failed|fallback).*/, { timeoutMs: RESTORE_MS });
    assert.match(end.text, /nuke begins/, vm.text);
  },
};

/** Burning goes in order: what is known at the end is on the last disc alone (archive/burn-place.test.ts has the real thing). */
async function asBurned({ directory, discs }: Place, { setId }: Archived): Promise<string> {
  const path = join(directory, "burned-1.iso");
  const names = ["set.json", "catalogue.ndjson.zst", "data-0002.frames", "data-0003.frames"].map((name) => `/${setId}/${name}`);
  await run(["xorriso", "-no_rc", "-indev", discs[1]!, "-outdev", path, "-boot_image", "any", "discard", "-rm", ...names, "--", "-commit"]);
  return path;
}

export const ON_DISCS: readonly Scenario[] = [changed, inDirectory, burned];
