// Sets that are not on a disk beside the machine's: on an NFS share, and one that was made in the rescue shell.

import assert from "node:assert/strict";
import { join } from "node:path";
import { makeDirectory } from "#os/files";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { expectShell, inShell } from "../boot-checks.ts";
import { listedPartitions, listImage } from "../guest/list-image.ts";
import { copyOutOfStore, listStore, makeStoreDisk, MOUNT_STORE, storeDisk, STORE_PATH } from "../guest/store-disk.ts";
import { serveNfs } from "../nfs-server.ts";
import type { Scenario, World } from "../scenario.ts";
import { CARD, HOST } from "./network.ts";
import { blank, machineOf, nukeAndCompare, RESTORE_MS, setStage, type Stage } from "./restore-stage.ts";
import { assertBoots, assertSameFiles } from "./round-trip.ts";

const overNfs: Scenario = {
  name: "restore-over-nfs",
  tier: "matrix",
  proves: "rescue.iso finds its set on an NFS share that nfsmount= names, restores it, and powers the machine off as it is told to",
  async run(world) {
    const stage = await setStage(world, "restore-over-nfs");
    const share = join(stage.directory, "share");
    await makeDirectory(join(share, "sets"));
    await copyOutOfStore(stage.archived.store, `/sets/${stage.archived.setId}`, join(share, "sets"));
    await copyOutOfStore(stage.archived.store, "/sets/.lifeboat-store", join(share, "sets/.lifeboat-store"));
    await using server = await serveNfs({ directory: share, workDirectory: join(stage.directory, "server"), version: 4 });
    const disks: readonly DiskSpec[] = [{ file: await blank(stage, "new"), bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }];
    const machine: MachineSpec = { ...machineOf(stage, disks), disks, nics: [CARD] };
    const words = `nfsmount=${HOST}:/export nfsopt=port=${server.port} lifeboat.then=poweroff`;
    const said = await nukeAndCompare(stage, { disks, machine, words, end: "guest-shutdown" });
    assert.match(said, /nfs:\/\/10\.0\.2\.2\/export/);
  },
};

const BOAT = "/mnt/boat";
/** As an administrator would; all disks are write-protected until somebody lifts it. */
const MOUNT_BOAT = `mkdir -p ${BOAT} && mount -o ro /dev/vda5 ${BOAT} && mount -o ro /dev/vda1 ${BOAT}/boot && mount -o ro /dev/vda7 ${BOAT}/home`;

const inRescue: Scenario = {
  name: "archive-in-rescue",
  tier: "matrix",
  proves: "a machine that does not run is archived in the rescue shell, and restored from there onto a blank disk",
  async run(world) {
    const stage = await setStage(world, "archive-in-rescue");
    const { guest } = stage.archived;
    const store = join(stage.directory, "rescue-store.img");
    await makeStoreDisk(store, {});
    await archiveInRescue(world, stage, store);
    const setId = (await listStore(store, "/sets")).find((name) => name.startsWith(guest.hostname));
    assert.ok(setId !== undefined);
    const list = await listImage({ image: guest.image, partitions: listedPartitions(guest.disk) });
    const archived = { guest, store, setId, list };
    const disks: readonly DiskSpec[] = [{ file: await blank(stage, "new"), bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }];
    const said = await restoreInRescue(world, { ...stage, archived }, disks);
    assert.match(said, new RegExp(`restored ${setId} in \\d+s, \\d+ files checked, 0 differ`));
    await assertSameFiles(archived, disks[0]!.file);
    await assertBoots(archived, { directory: stage.directory, machine: { disks } });
  },
};

async function archiveInRescue(world: World, stage: Stage, store: string): Promise<void> {
  const { image, disk: made } = stage.archived.guest;
  const disk: DiskSpec = { file: image, bus: "virtio-blk", serial: made.serial, snapshot: true, bootIndex: 1 };
  await using vm = await rescueShell(world, stage, { ...machineOf(stage, [disk]), disks: [disk, storeDisk(store)] });
  const said = await inShell(
    vm,
    `blockdev --setrw /dev/vdb && ${MOUNT_STORE} && mkdir ${STORE_PATH}/sets && ${MOUNT_BOAT} && lifeboat archive --root ${BOAT} ${STORE_PATH}/sets 2>&1 | cat; sync; umount ${STORE_PATH}`,
    RESTORE_MS,
  );
  console.log(said.replace(/^/gm, "    "));
  assert.match(said, /verified .*no damage/);
}

async function restoreInRescue(world: World, stage: Stage, disks: readonly DiskSpec[]): Promise<string> {
  await using vm = await rescueShell(world, stage, machineOf(stage, disks));
  return await inShell(vm, `${MOUNT_STORE} -o ro && lifeboat restore --nuke --then shell ${STORE_PATH}/sets 2>&1 | cat`, RESTORE_MS);
}

async function rescueShell(world: World, { directory }: Stage, machine: MachineSpec): Promise<VirtualMachine> {
  const vm = await startMachine(machine, { workDirectory: join(directory, "shell"), timeLimitMs: 2 * RESTORE_MS });
  await expectShell(vm, world);
  return vm;
}

export const SET_PLACES: readonly Scenario[] = [overNfs, inRescue];
