// Boots a guest from its own disk with its own boot loader, and logs in.

import { join } from "node:path";
import { copyFile, makeDirectory } from "#os/files";
import { createOverlay } from "../../qemu/disks.ts";
import { startMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import type { Guest } from "./guest.ts";
import { guestMachine } from "./guest-machine.ts";
import { logIn, powerOffGuest, type GuestSession } from "./guest-session.ts";

/** Generous: an emulated machine on a busy host takes its time. */
const BOOT_LIMIT_MS = 180_000;

export interface GuestBoot {
  readonly guest: Guest;
  /** Keeps the console, the overlay and UEFI's variables. */
  readonly workDirectory: string;
  /** The system disk; unless given, an overlay over the guest's own image, in the work directory. */
  readonly disk?: DiskSpec;
  /** Further disks, after the system disk. */
  readonly disks?: readonly DiskSpec[];
  /** UEFI's variables, changed by the boot; unless given, a copy of the guest's. */
  readonly uefiVariables?: string;
  /** What else differs from the guest's own machine. */
  readonly machine?: Partial<MachineSpec>;
  /** For the machine's whole life. */
  readonly timeLimitMs: number;
}

export interface BootedGuest extends GuestSession, AsyncDisposable {
  /** From QEMU's start to root's shell. */
  readonly bootSeconds: number;
  powerOff(): Promise<void>;
}

export async function bootGuest(boot: GuestBoot): Promise<BootedGuest> {
  const { guest, workDirectory, timeLimitMs } = boot;
  await makeDirectory(workDirectory);
  const startedMs = performance.now();
  await using setUp = new AsyncDisposableStack();
  const machine = setUp.use(await startMachine(await bootedMachine(boot), { workDirectory, timeLimitMs }));
  const session = await logIn(machine, { hostname: guest.hostname, login: guest.login, timeoutMs: BOOT_LIMIT_MS });
  const resources = setUp.move();
  return {
    ...session,
    bootSeconds: (performance.now() - startedMs) / 1000,
    powerOff: () => powerOffGuest(session),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function bootedMachine(boot: GuestBoot): Promise<MachineSpec> {
  const { guest, disks = [], machine = {} } = boot;
  const disk = boot.disk ?? (await overlayDisk(boot));
  const uefiVariables = await variablesOf(boot);
  const spec = guestMachine(guest.kind, { file: disk.file, ...(uefiVariables === undefined ? {} : { uefiVariables }) });
  return { ...spec, disks: [disk, ...disks], ...machine };
}

async function overlayDisk({ guest, workDirectory }: GuestBoot): Promise<DiskSpec> {
  const file = join(workDirectory, "overlay.qcow2");
  await createOverlay(file, { file: guest.image, format: "raw" });
  return { file, bus: "virtio-blk", serial: guest.disk.serial, bootIndex: 1, format: "qcow2" };
}

async function variablesOf({ guest, workDirectory, uefiVariables }: GuestBoot): Promise<string | undefined> {
  if (guest.uefiVariables === undefined || uefiVariables !== undefined) return uefiVariables;
  const copy = join(workDirectory, "uefi-variables.fd");
  await copyFile(guest.uefiVariables, copy);
  return copy;
}
