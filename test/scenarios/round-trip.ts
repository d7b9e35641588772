// The product's reason to be: a running machine is archived, its disk is lost, the medium boots, and the machine is back, file by file.

import assert from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { createDiskImage } from "../../qemu/disks.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import { bootGuest } from "../guest/boot-guest.ts";
import { compareLists, describeDifference } from "../guest/compare-lists.ts";
import type { Guest } from "../guest/guest.ts";
import type { GuestSession } from "../guest/guest-session.ts";
import { firmwareOf, type GuestKind } from "../guest/recipe.ts";
import { fillImageCache } from "../guest/image-cache.ts";
import { guestMachine } from "../guest/guest-machine.ts";
import { FILE_LIST_SCRIPT, listCommand, listedPartitions, listImage, readFromImage } from "../guest/list-image.ts";
import { copyOutOfStore, listStore, makeStoreDisk, MOUNT_STORE, readFromStore, storeDisk, STORE_PATH } from "../guest/store-disk.ts";
import type { Scenario, World } from "../scenario.ts";
import { binaryPath } from "../world.ts";

const COMMAND_MS = 60_000;
const ARCHIVE_MS = 15 * 60_000;
const RESTORE_MS = 20 * 60_000;

export interface Archived {
  readonly guest: Guest;
  /** Holds the sets, and an ISO where one was asked for. */
  readonly store: string;
  readonly setId: string;
  /** What was on the machine, taken by other means than Lifeboat's. */
  readonly list: string;
}

export interface ArchiveOrder {
  readonly guest: Guest;
  /** Raw, and written to; unless given, an overlay over the guest's own image. */
  readonly disk?: DiskSpec;
  readonly directory: string;
  /** After `lifeboat archive`. */
  readonly words: string;
  /** Attach more to the machine: QEMU's words. */
  readonly extraArguments?: readonly string[];
  /** Told of the machine while it runs; what it returns is disposed before the machine ends. */
  attend?(vm: VirtualMachine): AsyncDisposable;
  /** There too while it is archived. */
  readonly disks?: readonly DiskSpec[];
  /** When it is archived. */
  after?(session: GuestSession): Promise<void>;
}

/**
 * For the rescue system. QEMU translates a program anew for each address that it is loaded at, and looks through all of a page's translations
 * at each write to it: after some thousand programs (update-initramfs) clearing one page of memory takes seconds.
 */
const APPEND = "--append norandmaps";

/** Archives inside the running guest. The guest's disk is not used again. */
export async function archiveInGuest(order: ArchiveOrder): Promise<Archived> {
  const { guest, disk, directory, words, disks = [], extraArguments = [], attend, after } = order;
  const store = join(directory, "store.img");
  await makeStoreDisk(store, { "file-list.pl": FILE_LIST_SCRIPT, lifeboat: await binaryPath() });
  await fillImageCache(guest, disk?.file ?? guest.image, store);
  const machine = { memoryMb: 2048, extraArguments };
  await using booted = await bootGuest({
    guest,
    workDirectory: join(directory, "archive"),
    ...(disk === undefined ? {} : { disk }),
    disks: [storeDisk(store), ...disks],
    timeLimitMs: ARCHIVE_MS,
    machine,
  });
  await using attendants = new AsyncDisposableStack();
  attendants.use(attend?.(booted.machine));
  const must = async (command: string, timeoutMs: number) => {
    const { output, exitCode } = await booted.run(command, timeoutMs);
    assert.equal(exitCode, 0, `${command}\n${output}`);
    return output;
  };
  await must("systemctl is-system-running --wait", COMMAND_MS);
  await must(`${MOUNT_STORE} && mkdir -p ${STORE_PATH}/sets ${STORE_PATH}/tmp`, COMMAND_MS);
  await must(listCommand(listedPartitions(guest.disk), `${STORE_PATH}/file-list.pl`, `${STORE_PATH}/list`), ARCHIVE_MS);
  const lifeboat = `${STORE_PATH}/lifeboat`;
  const startedMs = performance.now();
  // Not in /tmp, whose time of change would be another than in the list. Piped, so that no progress is shown.
  const report = await must(
    `TMPDIR=${STORE_PATH}/tmp ${lifeboat} archive ${words} ${APPEND} --cache ${STORE_PATH}/cache 2>&1 | cat`,
    ARCHIVE_MS,
  );
  console.log(`  archived in ${Math.round((performance.now() - startedMs) / 1000)} s\n${report.replace(/^/gm, "    ")}`);
  await after?.(booted);
  await must(`umount ${STORE_PATH}`, COMMAND_MS);
  await booted.powerOff();
  const setId = /^ {2}set +(\S+),/m.exec(report)?.[1];
  assert.ok(setId !== undefined, report);
  return { guest, store, setId, list: await readFromStore(store, "/list") };
}

const archives = new Map<GuestKind, Promise<Archived>>();

/** The set in a directory that several scenarios restore from; none may change it. */
export function archivedOnce(world: World, kind: GuestKind): Promise<Archived> {
  const known = archives.get(kind) ?? archiveToDirectory(world, kind);
  archives.set(kind, known);
  return known;
}

async function archiveToDirectory(world: World, kind: GuestKind): Promise<Archived> {
  const directory = await world.workDirectory(`archived-${kind}`);
  return archiveInGuest({ guest: await world.guest(kind), directory, words: `${STORE_PATH}/sets` });
}

export interface Restored {
  /** All that the console said from the countdown on. */
  readonly said: string;
  readonly seconds: number;
  readonly checked: number;
}

/** Follows a nuke from the plan to the restored line and the reboot. */
export async function expectRestored(vm: VirtualMachine, setId: string): Promise<Restored> {
  const before = await vm.expect(
    /lifeboat: nuke begins in 20 s; any key stops it|lifeboat: restore refused.*|lifeboat: stage hand-off: (?:failed|fallback).*/,
    {
      timeoutMs: RESTORE_MS,
    },
  );
  assert.match(before.text, /nuke begins/, before.before + before.text);
  const end = await vm.expect(
    /lifeboat: restored (\S+) in (\d+)s, (\d+) files checked, (\d+) differ|lifeboat: restore (?:failed|refused).*/,
    {
      timeoutMs: RESTORE_MS,
    },
  );
  const said = before.before + before.text + end.before + end.text;
  assert.match(end.text, /restored/, said);
  assert.deepEqual([end.groups[0], end.groups[3]], [setId, "0"], said);
  return { said, seconds: Number(end.groups[1]), checked: Number(end.groups[2]) };
}

const Mark = v.object({ set: v.string(), changed: v.array(v.object({ path: v.string() })), lost: v.array(v.string()) });
type Mark = v.InferOutput<typeof Mark>;

/**
 * The restored disk, looked at from outside before its first boot, beside the list that was taken when it was archived. What the
 * report in the restored system says was changed or lost is all that may differ. Returns that report.
 */
export async function assertSameFiles({ guest, list, setId }: Archived, image: string): Promise<Mark> {
  const disk = { image, partitions: listedPartitions(guest.disk) };
  const mark = v.parse(Mark, JSON.parse(await readFromImage(disk, "/.lifeboat/restored.json")));
  assert.equal(mark.set, setId);
  const own = new Set([...mark.changed.map(({ path }) => path), ...mark.lost]);
  const isOwn = (path: string) => own.has(path) || path === "/.lifeboat" || path.startsWith("/.lifeboat/");
  // A socket lives with its program: none is archived.
  const differences = compareLists(withoutSockets(list), await listImage(disk)).filter(({ path }) => !isOwn(path));
  assert.deepEqual(differences.map(describeDifference), []);
  return mark;
}

function withoutSockets(list: string): string {
  return list
    .split("\n")
    .filter((line) => line.split("\t")[1] !== "socket")
    .join("\n");
}

/** It starts from its own disk, and root logs in. */
export async function assertBoots(
  { guest }: Archived,
  boot: { readonly directory: string; readonly machine: Partial<MachineSpec>; readonly uefiVariables?: string },
) {
  const { directory, machine, uefiVariables } = boot;
  const disk = machine.disks?.[0];
  assert.ok(disk !== undefined);
  await using booted = await bootGuest({
    guest,
    workDirectory: join(directory, "restored"),
    disk,
    timeLimitMs: ARCHIVE_MS,
    ...(uefiVariables === undefined ? {} : { uefiVariables }),
    machine,
  });
  const { output } = await booted.run(
    "systemctl is-system-running --wait; cat /run/boat-service; swapon --noheadings --show=NAME | wc -l",
    COMMAND_MS,
  );
  assert.equal(output, `running\nafloat\n${firmwareOf(guest.kind) === "bios" ? 2 : 1}`);
  await booted.powerOff();
}

const bios: Scenario = {
  name: "round-trip-bios",
  tier: "guard",
  proves: "a BIOS machine with MBR comes back from its self-restoring ISO onto a blank disk with no key pressed, and starts",
  async run(world: World) {
    const guest = await world.guest("bios");
    const directory = await world.workDirectory("round-trip-bios");
    const archived = await archiveInGuest({ guest, directory, words: `-H --timeout 3 iso:${STORE_PATH}/sets` });
    const iso = join(directory, "set.iso");
    const name = (await listStore(archived.store, "/sets")).find((file) => file.endsWith(".iso"));
    await copyOutOfStore(archived.store, `/sets/${name}`, iso);
    const disk = join(directory, "new-disk.img");
    await createDiskImage(disk, guest.disk.sizeBytes);
    const machine: MachineSpec = {
      ...guestMachine("bios", { file: disk }),
      memoryMb: 2048,
      disks: [{ file: disk, bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }],
      cds: [{ file: iso, bus: "ide", bootIndex: 0 }],
    };
    const { seconds } = await restore(machine, { directory, archived, menu: async () => undefined });
    console.log(`  restored in ${seconds} s`);
    await assertSameFiles(archived, disk);
    await assertBoots(archived, { directory, machine: { disks: machine.disks! } });
  },
};

interface RestoreOrder {
  readonly directory: string;
  readonly archived: Archived;
  menu(vm: VirtualMachine): Promise<void>;
}

/** Boots the medium, waits for the restored line and the reboot. */
async function restore(machine: MachineSpec, { directory, archived, menu }: RestoreOrder): Promise<Restored> {
  await using vm = await startMachine(machine, { workDirectory: join(directory, "restore"), timeLimitMs: RESTORE_MS });
  await menu(vm);
  const restored = await expectRestored(vm, archived.setId);
  assert.equal(await vm.waitForExit({ timeoutMs: 120_000 }), "guest-reset");
  return restored;
}

const uefi: Scenario = {
  name: "round-trip-uefi",
  // storage-raid-lvm-onto-one does all of this too, in every run.
  tier: "matrix",
  proves: "a UEFI machine with GPT comes back from rescue.iso and a set on a second disk, onto another controller, and starts",
  async run(world: World) {
    const directory = await world.workDirectory("round-trip-uefi");
    const archived = await archivedOnce(world, "uefi");
    const { guest } = archived;
    const iso = join(directory, "rescue.iso");
    await copyOutOfStore(archived.store, `/sets/${archived.setId}/boot/rescue.iso`, iso);
    const disk = join(directory, "new-disk.img");
    const uefiVariables = join(directory, "new-variables.fd");
    await createDiskImage(disk, guest.disk.sizeBytes);
    const disks = [{ file: disk, bus: "nvme", serial: "NEW-DISK", bootIndex: 1 }] as const;
    const machine: MachineSpec = {
      ...guestMachine("uefi", { file: disk, uefiVariables }),
      memoryMb: 2048,
      disks: [...disks, { ...storeDisk(archived.store), snapshot: true }],
      cds: [{ file: iso, bus: "ahci", bootIndex: 0 }],
    };
    const nuke = async (vm: VirtualMachine) => {
      await vm.expect(/interactive/, { timeoutMs: 90_000 });
      vm.send("\u001b[B\r");
    };
    const { seconds, said } = await restore(machine, { directory, archived, menu: nuke });
    console.log(`  restored in ${seconds} s`);
    assert.match(said, /making it again/);
    assert.match(said, /firmware boot entry "debian" written/);
    await assertSameFiles(archived, disk);
    await assertBoots(archived, { directory, machine: { disks: [...disks] }, uefiVariables });
  },
};

export const ROUND_TRIPS: readonly Scenario[] = [bios, uefi];
