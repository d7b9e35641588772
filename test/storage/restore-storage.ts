// What scenarios with stacked storage share: a set of each guest, its restore, all files as they were, and the first start.

import assert from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { writeFile } from "#os/files";
import { createDiskImage } from "../../qemu/disks.ts";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import type { DiskSpec } from "../../qemu/machine-spec.ts";
import { compareLists, describeDifference } from "../guest/compare-lists.ts";
import { copyOutOfStore, makeStoreDisk, MOUNT_STORE, storeDisk, STORE_PATH } from "../guest/store-disk.ts";
import type { Scenario, World } from "../scenario.ts";
import { expectRestored } from "../scenarios/round-trip.ts";
import { comparableLayout, type Inspected } from "./same-layout.ts";
import {
  archiveStorage,
  bootStorage,
  guestDisks,
  lookAtStorage,
  makeStorageGuest,
  storageMachine,
  type ArchivedStorage,
  type ArchiveWords,
  type BootedStorage,
  type StorageRecipe,
} from "./storage-guest.ts";

const RESTORE_MS = 30 * 60_000;

const archives = new Map<string, Promise<ArchivedStorage>>();

/** The set that several scenarios restore from. `words` are the same for all of them. */
export async function archivedOnce(world: World, recipe: StorageRecipe, words: ArchiveWords = {}): Promise<ArchivedStorage> {
  const known = archives.get(recipe.name) ?? archive(world, recipe, words);
  archives.set(recipe.name, known);
  return known;
}

async function archive(world: World, recipe: StorageRecipe, words: ArchiveWords): Promise<ArchivedStorage> {
  const guest = await makeStorageGuest(recipe, world.guestDirectory);
  return archiveStorage(guest, await world.workDirectory(`archived-${recipe.name}`), words);
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
export async function restoreAndCompare({
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

export async function blankDisks(recipe: StorageRecipe, directory: string): Promise<readonly DiskSpec[]> {
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
export function comesBack({ recipe, proves, words = "", moreDisks = async () => [] }: StorageScenario): Scenario {
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

const KEY_LABEL = "KEYS";
/** For the rescue system, where nobody types the passphrase. */
export const KEY_WORD = `lifeboat.luks=LABEL=${KEY_LABEL}:/boat.key`;

/** What opens the guest's LUKS volumes lies on a disk of its own. */
export async function keyDisk({ passphrase = "" }: StorageRecipe, directory: string): Promise<readonly DiskSpec[]> {
  const key = join(directory, "boat.key");
  await writeFile(key, passphrase);
  const file = join(directory, "keys.img");
  await makeStoreDisk(file, { "boat.key": key }, { sizeBytes: 16 * 2 ** 20, label: KEY_LABEL });
  return [{ file, bus: "virtio-blk", serial: "KEYS", readOnly: true }];
}
