// A machine in which storage is made, looked at and taken apart by the usual tools: what no host without a device mapper can do.

import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { makeDirectory } from "#os/files";
import { startMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { logIn, powerOffGuest } from "../guest/guest-session.ts";
import { LOGIN } from "../guest/recipe.ts";
import { makeStoreDisk, MOUNT_STORE, storeDisk } from "../guest/store-disk.ts";
import { WORKSHOP, type StorageTree } from "./tree.ts";

const LIMIT_MS = 30 * 60 * 1000;
const BOOT_MS = 180_000;

export interface WorkshopOrder {
  readonly tree: StorageTree;
  /** Those to be worked on. */
  readonly disks: readonly DiskSpec[];
  /** Host files by their names in the store, which is mounted at STORE_PATH. */
  readonly files: Readonly<Record<string, string>>;
  readonly workDirectory: string;
  /** Keeps what UEFI has in its variables; without it the machine starts by BIOS. */
  readonly uefiVariables?: string | undefined;
}

export interface Workshop {
  /** Output of a shell command. Throws LifeboatError when it fails. */
  run(command: string): Promise<string>;
}

/** Returns the store's image, to read results from. */
export async function inWorkshop(order: WorkshopOrder, work: (workshop: Workshop) => Promise<void>): Promise<string> {
  const { tree, disks, files, workDirectory, uefiVariables } = order;
  await makeDirectory(workDirectory);
  const store = join(workDirectory, "workshop-store.img");
  await makeStoreDisk(store, files);
  const path = (name: string) => join(tree.directory, name);
  const kernel = {
    image: path("vmlinuz"),
    initrd: path("initrd.img"),
    append: "root=/dev/vda rw console=ttyS0,115200n8 panic=-1 norandmaps quiet",
  };
  const root: DiskSpec = { file: path("workshop.img"), bus: "virtio-blk", serial: "WORKSHOP", snapshot: true };
  const base: DiskSpec = { file: path("root.tar"), bus: "virtio-blk", serial: "BASE", snapshot: true };
  await using machine = await startMachine(
    { machineType: "q35", firmware: firmwareWith(uefiVariables), memoryMb: 1536, disks: [root, base, storeDisk(store), ...disks], kernel },
    { workDirectory: join(workDirectory, "workshop"), timeLimitMs: LIMIT_MS },
  );
  const session = await logIn(machine, { hostname: WORKSHOP, login: LOGIN, timeoutMs: BOOT_MS });
  const run = async (command: string) => {
    const { output, exitCode } = await session.run(command, LIMIT_MS);
    if (exitCode === 0) return output;
    throw new LifeboatError(`Cannot work in the workshop as each command must succeed: "${command}": exit code ${exitCode}\n${output}`);
  };
  await run(MOUNT_STORE);
  await work({ run });
  await run("sync; umount /run/store");
  await powerOffGuest(session);
  return store;
}

export function firmwareWith(uefiVariables: string | undefined): MachineSpec["firmware"] {
  return uefiVariables === undefined ? { kind: "bios" } : { kind: "uefi", secureBoot: false, variablesFile: uefiVariables };
}
