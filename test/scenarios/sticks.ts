// A stick that boots and holds sets: made in the running machine, which then comes back from nothing else.

import assert from "node:assert/strict";
import { join } from "node:path";
import { createDiskImage } from "../../qemu/disks.ts";
import { startMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { guestMachine } from "../guest/guest-machine.ts";
import type { GuestSession } from "../guest/guest-session.ts";
import { firmwareOf, type GuestKind } from "../guest/recipe.ts";
import { STORE_PATH } from "../guest/store-disk.ts";
import type { Scenario, World } from "../scenario.ts";
import { archiveInGuest, assertBoots, assertSameFiles, expectRestored } from "./round-trip.ts";

const RESTORE_MS = 20 * 60_000;
const COMMAND_MS = 5 * 60_000;
const STICK_BYTES = 1500 * 2 ** 20;
const STICK = "/dev/disk/by-id/usb-QEMU_QEMU_HARDDISK_STICK-0:0";

/** Self-restoring, so that nobody presses a key. */
async function comesBack(world: World, name: string, kind: GuestKind): Promise<void> {
  const guest = await world.guest(kind);
  const directory = await world.workDirectory(name);
  const stick = join(directory, "stick.img");
  await createDiskImage(stick, STICK_BYTES);
  const archived = await archiveInGuest({
    guest,
    directory,
    words: `-H --timeout 3 usb:${STICK}`,
    disks: [{ file: stick, bus: "usb-storage", serial: "STICK" }],
    after: useTwice,
  });
  const disk = join(directory, "new-disk.img");
  await createDiskImage(disk, guest.disk.sizeBytes);
  const disks: readonly DiskSpec[] = [{ file: disk, bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }];
  const uefiVariables = join(directory, "new-variables.fd");
  const machine: MachineSpec = {
    ...guestMachine(kind, { file: disk, ...(firmwareOf(kind) === "uefi" ? { uefiVariables } : {}) }),
    memoryMb: 2048,
    disks: [...disks, { file: stick, bus: "usb-storage", serial: "STICK", bootIndex: 0, snapshot: true }],
  };
  {
    await using vm = await startMachine(machine, { workDirectory: join(directory, "restore"), timeLimitMs: RESTORE_MS });
    const { seconds } = await expectRestored(vm, archived.setId);
    assert.equal(await vm.waitForExit({ timeoutMs: 120_000 }), "guest-reset");
    console.log(`  restored in ${seconds} s`);
  }
  await assertSameFiles(archived, disk);
  await assertBoots(archived, { directory, machine: { disks }, ...(firmwareOf(kind) === "uefi" ? { uefiVariables } : {}) });
}

/** A second set beside the first, both listed; what must not be taken is refused, and has not changed. */
async function useTwice({ run }: GuestSession): Promise<void> {
  const lifeboat = `${STORE_PATH}/lifeboat`;
  const said = async (command: string, exitCode: number) => {
    const result = await run(`${command} 2>&1 | cat; (exit $\{PIPESTATUS[0]})`, COMMAND_MS);
    assert.equal(result.exitCode, exitCode, `${command}\n${result.output}`);
    return result.output;
  };
  await said(`${lifeboat} archive -I /etc --name etc usb:${STICK}`, 0);
  assert.match(await said(`${lifeboat} list usb:${STICK}`, 0), /boat-\w+-\d{8}T\d{6}Z[^]*etc-\d{8}T\d{6}Z/);
  await said(`mkdir -p /run/there && mount -o ro,noload $(readlink -f ${STICK})2 /run/there`, 0);
  assert.match(
    await said(`${lifeboat} archive -I /etc usb:${STICK}`, 3),
    /as it must be a disk that nothing uses: \S+2 is mounted at \/run\/there/,
  );
  await said("umount /run/there", 0);
  assert.match(
    await said(`${lifeboat} archive -I /etc usb:/dev/vda`, 3),
    /as it must be a disk that nothing uses: \/dev\/vda\d is mounted/,
  );
  assert.match(await said(`${lifeboat} archive -I /etc usb:$(readlink -f ${STICK})1`, 3), /it is no disk but a part of one/);
}

const bios: Scenario = {
  name: "stick-bios",
  tier: "matrix",
  proves: "archive usb:DISK makes a blank stick bootable and puts sets on it; on BIOS the machine comes back from it with no key pressed",
  run: (world) => comesBack(world, "stick-bios", "bios"),
};

const uefi: Scenario = {
  name: "stick-uefi",
  tier: "matrix",
  proves: "a stick made by archive usb:DISK brings a UEFI machine back",
  run: (world) => comesBack(world, "stick-uefi", "uefi"),
};

export const STICKS: readonly Scenario[] = [bios, uefi];
