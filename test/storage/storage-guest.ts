// Debian guests with stacked storage: made in the workshop, archived from within, restored, looked at in the workshop, and booted.

import assert from "node:assert/strict";
import { join } from "node:path";
import { digestOf } from "#os/digest";
import { copyFile, makeDirectory, readText } from "#os/files";
import { createDiskImage, createOverlay } from "../../qemu/disks.ts";
import { startMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { kept } from "../guest/guest.ts";
import { logIn, powerOffGuest, type GuestSession } from "../guest/guest-session.ts";
import { FILE_LIST_SCRIPT, NOT_ON_DISK } from "../guest/list-image.ts";
import { LOGIN } from "../guest/recipe.ts";
import { makeStoreDisk, MOUNT_STORE, readFromStore, storeDisk, STORE_PATH } from "../guest/store-disk.ts";
import { binaryPath } from "../world.ts";
import type { Inspected } from "./same-layout.ts";
import { storageTree, type StorageTree } from "./tree.ts";
import { firmwareWith, inWorkshop } from "./workshop.ts";

const VERSION = 1;
const LIMIT_MS = 30 * 60_000;
const BOOT_MS = 300_000;
const GUESTS = join(import.meta.dirname, "guests");

export interface StorageRecipe {
  /** Of its script in guests/, and of the host, with `boat-` before it. */
  readonly name: string;
  readonly firmware: "bios" | "uefi";
  /** Sizes; serials are NAME-1, NAME-2. */
  readonly disks: readonly number[];
  /** Where file systems of their own are mounted, below `/`. */
  readonly mounts: readonly { readonly path: string; readonly isFat?: true }[];
  /** By their places in `disks`: those that the machine reaches on two paths, with their world-wide names. */
  readonly multipath?: ReadonlyMap<number, string>;
  /** What the boot asks for on the console. */
  readonly passphrase?: string;
  /** What its disks are on until it is archived: virtio unless given. */
  readonly bus?: "ide";
}

export interface StorageGuest {
  readonly recipe: StorageRecipe;
  readonly tree: StorageTree;
  /** Raw; machines get overlays. */
  readonly images: readonly string[];
  readonly uefiVariables: string | undefined;
}

/** `directory` is the cache. */
export async function makeStorageGuest(recipe: StorageRecipe, directory: string): Promise<StorageGuest> {
  const tree = await storageTree(directory);
  const scripts = await Promise.all([`${recipe.name}.sh`, "common.sh"].map((name) => readText(join(GUESTS, name))));
  const odd = await readText(ODD_FILES);
  const digest = digestOf(JSON.stringify([VERSION, tree.directory, recipe]), ...scripts, odd);
  const place = await kept({ directory, name: recipe.name, digest }, (into) => make(recipe, tree, into));
  const images = recipe.disks.map((_, index) => join(place, imageName(index)));
  return { recipe, tree, images, uefiVariables: recipe.firmware === "uefi" ? join(place, VARIABLES) : undefined };
}

/** A mount that is seen in another namespace, such as that of udevd, keeps its device in use. */
const PRIVATELY = "unshare --mount --propagation private";
const ODD_FILES = join(import.meta.dirname, "../guest/odd-files.pl");
const VARIABLES = "uefi-variables.fd";

function imageName(index: number): string {
  return `disk${index + 1}.img`;
}

async function make(recipe: StorageRecipe, tree: StorageTree, into: string): Promise<void> {
  const images = recipe.disks.map((_, index) => join(into, imageName(index)));
  for (const [index, image] of images.entries()) await createDiskImage(image, recipe.disks[index]!);
  const order = {
    tree,
    disks: guestDisks(recipe, images).map(onOnePath),
    files: { ...scriptsOf(recipe), "odd-files.pl": ODD_FILES },
    workDirectory: into,
    uefiVariables: recipe.firmware === "uefi" ? join(into, VARIABLES) : undefined,
  };
  await inWorkshop(order, async ({ run }) => {
    const names = recipe.disks.map((_, index) => `"$(readlink -f /dev/disk/by-id/virtio-${serialOf(recipe, index)})"`);
    await run(
      `${PRIVATELY} sh ${STORE_PATH}/${recipe.name}.sh make ${names.join(" ")} >${STORE_PATH}/log 2>&1 || { tail -n 40 ${STORE_PATH}/log; false; }`,
    );
  });
}

function scriptsOf({ name }: StorageRecipe): Readonly<Record<string, string>> {
  return { [`${name}.sh`]: join(GUESTS, `${name}.sh`), "common.sh": join(GUESTS, "common.sh") };
}

export function serialOf({ name }: StorageRecipe, index: number): string {
  return `${name}-${index + 1}`;
}

/** On virtio, the first one started from. */
export function guestDisks(recipe: StorageRecipe, files: readonly string[], format: "raw" | "qcow2" = "raw"): readonly DiskSpec[] {
  return files.map((file, index): DiskSpec => {
    const wwn = recipe.multipath?.get(index);
    return {
      file,
      format,
      ...(wwn === undefined ? { bus: "virtio-blk" } : { bus: "virtio-scsi", wwn, paths: 2 }),
      serial: serialOf(recipe, index),
      ...(index === 0 ? { bootIndex: 1 } : {}),
    };
  });
}

/** As the workshop gets it. */
function onOnePath({ wwn: _wwn, paths, ...disk }: DiskSpec): DiskSpec {
  return paths === undefined ? disk : { ...disk, bus: "virtio-blk" };
}

export interface ArchivedStorage {
  readonly guest: StorageGuest;
  readonly store: string;
  readonly setId: string;
  readonly list: string;
  /** What `lifeboat inspect --json` said. */
  readonly layout: Inspected;
}

/** Small, and with the controllers that guests are moved to: a full image takes an emulated machine minutes. */
const IMAGE_WORDS =
  "--modules host --force-module nvme --force-module ahci --force-module virtio_scsi --force-module sd_mod --firmware none";

export interface ArchiveWords {
  /** Of the archive, before the medium, a directory. */
  readonly options?: string;
  /** Of the rescue system's kernel. */
  readonly append?: string;
}

/** Archives inside the running guest, on overlays that are thrown away. */
export async function archiveStorage(
  guest: StorageGuest,
  directory: string,
  { options = "", append = "" }: ArchiveWords = {},
): Promise<ArchivedStorage> {
  const store = join(directory, "store.img");
  await makeStoreDisk(store, { "file-list.pl": FILE_LIST_SCRIPT, lifeboat: await binaryPath() });
  const disks = await overlays(guest, directory);
  await using booted = await bootStorage(guest, { directory: join(directory, "archive"), disks: [...disks, storeDisk(store)] });
  const must = async (command: string) => {
    const { output, exitCode } = await booted.run(command, LIMIT_MS);
    assert.equal(exitCode, 0, `${command}\n${output}`);
    return output;
  };
  await must("systemctl is-system-running --wait || { systemctl --failed --no-legend; false; }");
  await must(`${MOUNT_STORE} && mkdir -p ${STORE_PATH}/sets ${STORE_PATH}/tmp`);
  await must(`perl ${STORE_PATH}/file-list.pl / ${listWords(guest.recipe)} > ${STORE_PATH}/list`);
  const lifeboat = `TMPDIR=${STORE_PATH}/tmp ${STORE_PATH}/lifeboat`;
  await must(`${lifeboat} inspect --json > ${STORE_PATH}/inspect.json || cat ${STORE_PATH}/inspect.json`);
  const report = await must(
    `${lifeboat} archive ${IMAGE_WORDS} ${options} --append 'norandmaps ${append}' --cache ${STORE_PATH}/cache ${STORE_PATH}/sets 2>&1 | cat`,
  );
  console.log(report.replace(/^/gm, "    "));
  await must(`umount ${STORE_PATH}`);
  await booted.powerOff();
  const setId = /^ {2}set +(\S+),/m.exec(report)?.[1];
  assert.ok(setId !== undefined, report);
  return {
    guest,
    store,
    setId,
    list: await readFromStore(store, "/list"),
    layout: JSON.parse(await readFromStore(store, "/inspect.json")) as Inspected,
  };
}

function listWords({ mounts }: StorageRecipe): string {
  const options = mounts.map(({ path, isFat }) => `${isFat === true ? "--fat" : "--mount"} ${path}`);
  return [...options, ...NOT_ON_DISK.map((path) => `--skip ${path}`)].join(" ");
}

async function overlays({ recipe, images }: StorageGuest, directory: string): Promise<readonly DiskSpec[]> {
  const files: string[] = [];
  for (const [index, image] of images.entries()) {
    const file = join(directory, `overlay${index + 1}.qcow2`);
    await createOverlay(file, { file: image, format: "raw" });
    files.push(file);
  }
  const disks = guestDisks(recipe, files, "qcow2");
  return disks.map((disk) => ({ ...disk, bus: recipe.bus ?? disk.bus }));
}

export interface StorageBoot {
  readonly directory: string;
  readonly disks: readonly DiskSpec[];
  /** A copy of the guest's unless given; changed by the boot. */
  readonly uefiVariables?: string;
}

export interface BootedStorage extends GuestSession, AsyncDisposable {
  powerOff(): Promise<void>;
}

/** Boots the machine from its own disks and boot loader, and logs in. */
export async function bootStorage(guest: StorageGuest, { directory, disks, uefiVariables }: StorageBoot): Promise<BootedStorage> {
  const { recipe } = guest;
  await makeDirectory(directory);
  const variables = uefiVariables ?? (await copiedVariables(guest, directory));
  // Only the older machine has IDE.
  const machineType = disks.some(({ bus }) => bus === "ide") ? "pc" : "q35";
  const spec: MachineSpec = { ...storageMachine(variables), machineType, disks };
  await using setUp = new AsyncDisposableStack();
  const machine = setUp.use(await startMachine(spec, { workDirectory: directory, timeLimitMs: LIMIT_MS }));
  if (recipe.passphrase !== undefined) {
    await machine.expect(/Please unlock disk/, { timeoutMs: BOOT_MS });
    machine.send(`${recipe.passphrase}\r`);
  }
  const session = await logIn(machine, { hostname: `boat-${recipe.name}`, login: LOGIN, timeoutMs: BOOT_MS });
  const resources = setUp.move();
  return {
    ...session,
    powerOff: () => powerOffGuest(session),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function copiedVariables({ uefiVariables }: StorageGuest, directory: string): Promise<string | undefined> {
  if (uefiVariables === undefined) return undefined;
  const copy = join(directory, VARIABLES);
  await copyFile(uefiVariables, copy);
  return copy;
}

/** Without disks. */
export function storageMachine(uefiVariables: string | undefined): MachineSpec {
  return { machineType: "q35", firmware: firmwareWith(uefiVariables), memoryMb: 2048 };
}

export interface LookedAt {
  readonly list: string;
  /** /.lifeboat/restored.json */
  readonly mark: string;
}

/** Looks at restored disks from outside before their first boot: nothing is written to them. */
export async function lookAtStorage({ recipe, tree }: StorageGuest, disks: readonly DiskSpec[], directory: string): Promise<LookedAt> {
  const order = {
    tree,
    disks: disks.map((disk) => ({ ...onOnePath(disk), snapshot: true })),
    files: { ...scriptsOf(recipe), "file-list.pl": FILE_LIST_SCRIPT },
    workDirectory: join(directory, "look"),
  };
  const script = `sh ${STORE_PATH}/${recipe.name}.sh`;
  const store = await inWorkshop(order, async ({ run }) => {
    const list = `perl ${STORE_PATH}/file-list.pl /target ${listWords(recipe)} > ${STORE_PATH}/list`;
    const mark = `cp /target/.lifeboat/restored.json ${STORE_PATH}/mark`;
    await run(`${PRIVATELY} sh -c '${script} open && ${list} && ${mark} && ${script} close'`);
  });
  return { list: await readFromStore(store, "/list"), mark: await readFromStore(store, "/mark") };
}
