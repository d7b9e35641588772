// Machines with stacked storage come back: arrays, LVM, LUKS, btrfs, onto the same disks or others.

import assert from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { writeFile } from "#os/files";
import { createDiskImage, createOverlay } from "../../qemu/disks.ts";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import type { DiskSpec } from "../../qemu/machine-spec.ts";
import { compareLists, describeDifference } from "../guest/compare-lists.ts";
import { copyOutOfStore, makeStoreDisk, MOUNT_STORE, storeDisk, STORE_PATH } from "../guest/store-disk.ts";
import type { Scenario, World } from "../scenario.ts";
import { BTRFS_RAID1, DATA_DISK, LUKS_BTRFS, MULTIPATH, RAID_LVM, THIN, ZOO } from "../storage/recipes.ts";
import {
  archiveStorage,
  bootStorage,
  guestDisks,
  lookAtStorage,
  makeStorageGuest,
  storageMachine,
  type ArchivedStorage,
  type BootedStorage,
  type StorageRecipe,
} from "../storage/storage-guest.ts";
import { comparableLayout, type Inspected } from "../storage/same-layout.ts";
import { inWorkshop } from "../storage/workshop.ts";
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
  /** There while the machine is restored. */
  readonly others?: readonly DiskSpec[];
  /** Behind the word nuke. */
  readonly words?: string;
  /** Paths that were written since the archive, and must be there. */
  readonly news?: readonly string[];
  /** The restored machine is inspected again: what comes out is what came out when it was archived. */
  readonly hasSameLayout?: boolean;
}

/** nuke from rescue.iso; all files as they were, seen from outside; the machine starts. Returns what the console said. */
async function restoreAndCompare({
  archived,
  directory,
  disks,
  others = [],
  words = "",
  news = [],
  hasSameLayout = false,
}: Restoring): Promise<string> {
  const { guest, store, setId, list } = archived;
  const iso = join(directory, "rescue.iso");
  await copyOutOfStore(store, `/sets/${setId}/boot/rescue.iso`, iso);
  const uefiVariables = guest.uefiVariables === undefined ? undefined : join(directory, "new-variables.fd");
  const machine = {
    ...storageMachine(uefiVariables),
    disks: [...disks, { ...storeDisk(store), snapshot: true }, ...others],
    cds: [{ file: iso, bus: "ahci", bootIndex: 0 }] as const,
  };
  const { said } = await nuke();
  const { mark, list: found } = await lookAtStorage(guest, disks, directory);
  for (const path of news) assert.match(found, new RegExp(`^${path}\t`, "m"));
  assertSame(list, found, { ...v.parse(Mark, JSON.parse(mark)), news });
  await using booted = await bootStorage(guest, {
    directory: join(directory, "restored"),
    disks: [...disks, { ...storeDisk(store), snapshot: true }],
    ...(uefiVariables === undefined ? {} : { uefiVariables }),
  });
  const { output } = await booted.run("systemctl is-system-running --wait; cat /run/boat-service", RESTORE_MS);
  assert.equal(output, "running\nafloat");
  if (hasSameLayout) await assertSameLayout(archived, booted);
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

async function assertSameLayout({ layout }: ArchivedStorage, booted: BootedStorage): Promise<void> {
  const { output } = await booted.run(`${MOUNT_STORE} && ${STORE_PATH}/lifeboat inspect --json | tr -d '\\n'`, RESTORE_MS);
  assert.deepEqual(comparableLayout(JSON.parse(output.slice(output.indexOf("{"))) as Inspected), comparableLayout(layout));
}

interface Excepted extends v.InferOutput<typeof Mark> {
  readonly news: readonly string[];
}

function assertSame(list: string, found: string, { changed, lost, news }: Excepted): void {
  const own = new Set([...changed.map(({ path }) => path), ...lost, ...news]);
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

interface StorageScenario {
  readonly recipe: StorageRecipe;
  readonly proves: string;
  readonly words?: string;
  /** Beside the machine's own. */
  readonly moreDisks?: (directory: string) => Promise<readonly DiskSpec[]>;
}

/** Back onto blank disks of the same sizes. */
function comesBack({ recipe, proves, words = "", moreDisks = async () => [] }: StorageScenario): Scenario {
  const name = `storage-${recipe.name}`;
  return {
    name,
    tier: "matrix",
    proves,
    async run(world) {
      const archived = await archivedOnce(world, recipe);
      const directory = await world.workDirectory(name);
      await restoreAndCompare({
        archived,
        directory,
        words,
        disks: await blankDisks(recipe, directory),
        others: await moreDisks(directory),
        hasSameLayout: true,
      });
    },
  };
}

const raidLvm = comesBack({
  recipe: RAID_LVM,
  proves: "UEFI, two EFI system partitions, RAID1 of two disks, LVM on it with ext4 and XFS: comes back onto two blank disks, and starts",
});

const KEY_LABEL = "KEYS";

/** What unlocks the new volumes lies on a disk of its own. */
async function keyDisk(directory: string): Promise<readonly DiskSpec[]> {
  const key = join(directory, "boat.key");
  await writeFile(key, LUKS_BTRFS.passphrase ?? "");
  const file = join(directory, "keys.img");
  await makeStoreDisk(file, { "boat.key": key }, { sizeBytes: 16 * 2 ** 20, label: KEY_LABEL });
  return [{ file, bus: "virtio-blk", serial: "KEYS", readOnly: true }];
}

const luksBtrfs = comesBack({
  recipe: LUKS_BTRFS,
  proves: "BIOS with GPT, LUKS2, LVM, btrfs subvolumes: comes back with nobody there, by a key file on another disk, and starts",
  words: `lifeboat.luks=LABEL=${KEY_LABEL}:/boat.key`,
  moreDisks: keyDisk,
});

const btrfsRaid1 = comesBack({
  recipe: BTRFS_RAID1,
  proves: "btrfs RAID1 over two disks, subvolumes, GRUB on both: comes back onto two blank disks, and starts",
});

const thin = comesBack({
  recipe: THIN,
  proves: "LVM with a thin pool, the root and another file system thin in it: comes back, and starts",
});

const zoo = comesBack({
  recipe: ZOO,
  proves:
    "F2FS, JFS, ReiserFS, arrays of levels 0, 5, 6 and 10, striped, mirrored and RAID volumes of LVM: come back, and are mounted at boot",
});

const multipath = comesBack({
  recipe: MULTIPATH,
  proves:
    "a disk that is reached on two paths, named by multipath in fstab, with LVM on it: comes back onto a disk of the same WWID, written through one of its paths",
});

const ontoPlain: Scenario = {
  name: "storage-multipath-onto-plain",
  tier: "matrix",
  proves: "a multipath disk goes to one on a single path: fstab names it by its UUID, LVM is there, and it starts",
  async run(world) {
    const archived = await archivedOnce(world, MULTIPATH);
    const directory = await world.workDirectory("storage-multipath-onto-plain");
    const [first, second] = await blankDisks(MULTIPATH, directory);
    const plain: DiskSpec = { file: second!.file, bus: "virtio-blk", serial: "PLAIN" };
    const said = await restoreAndCompare({ archived, directory, disks: [first!, plain] });
    assert.match(said, /mpatha was a multipath disk, and becomes plain vd[a-z]/);
    assert.match(said, /\/dev\/mapper\/mpatha-part1/);
  },
};

const ontoOne: Scenario = {
  name: "storage-raid-lvm-onto-one",
  tier: "matrix",
  proves: "RAID1 with LVM goes onto one NVMe disk that is smaller: no array, smaller volumes, all files, and it starts",
  async run(world) {
    const archived = await archivedOnce(world, RAID_LVM);
    const directory = await world.workDirectory("storage-raid-lvm-onto-one");
    const file = join(directory, "new.img");
    await createDiskImage(file, 1700 * 2 ** 20);
    const said = await restoreAndCompare({ archived, directory, disks: [{ file, bus: "nvme", serial: "ONE-NVME", bootIndex: 1 }] });
    assert.match(said, /md0 was RAID1, and becomes plain vda2/);
    assert.match(said, /boat\/root: 1\.4 GiB becomes/);
    assert.match(said, /making it again/);
  },
};

const KEPT_NEWS = "/data/written-since";

const dataKept: Scenario = {
  name: "storage-data-kept",
  tier: "matrix",
  proves:
    "the system disk is lost and the data disk is not: with lifeboat.keep=/data the system comes back, and what was written to /data since stays",
  async run(world) {
    const archived = await archivedOnce(world, DATA_DISK);
    const { guest } = archived;
    const directory = await world.workDirectory("storage-data-kept");
    const [blank] = await blankDisks(DATA_DISK, directory);
    const file = join(directory, "data.qcow2");
    await createOverlay(file, { file: guest.images[1]!, format: "raw" });
    const data = { ...guestDisks(DATA_DISK, ["", file], "qcow2")[1]! };
    const write = `vgchange -ay cargo && mount /dev/cargo/data /mnt && echo since > /mnt/written-since && umount /mnt && vgchange -an cargo`;
    await inWorkshop(
      { tree: guest.tree, disks: [data], files: {}, workDirectory: join(directory, "news") },
      async ({ run }) => void (await run(write)),
    );
    const said = await restoreAndCompare({
      archived,
      directory,
      disks: [blank!, data],
      words: "lifeboat.keep=/data",
      news: [KEPT_NEWS, "/data"],
    });
    assert.match(said, /kept +\/data on \/dev\/mapper\/cargo-data stays as it is/);
    assert.match(said, /open volume group cargo, which stays/);
  },
};

export const STORAGE: readonly Scenario[] = [raidLvm, ontoOne, luksBtrfs, btrfsRaid1, thin, zoo, dataKept, multipath, ontoPlain];
