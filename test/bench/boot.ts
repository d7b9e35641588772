// How long a rescue image takes from the boot menu, and from the kernel's start, until it is ready: one emulated machine, one image.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MachineSpec } from "../../qemu/machine-spec.ts";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import { answerPrompt, inShell } from "../boot-checks.ts";
import { round } from "./measure.ts";

/** How one rescue system is driven to where it says that it is ready. */
export interface BootSubject {
  readonly name: string;
  /** Passes the boot menu. Returns when the key was sent. */
  passMenu(machine: VirtualMachine): Promise<void>;
  readonly ready: RegExp;
  /** Asks the guest for the first number of its /proc/uptime. */
  readUptime(machine: VirtualMachine): Promise<number>;
}

export interface BootTimes {
  /** From the kernel's start to the ready line, by the guest's own uptime. */
  readonly guestS: number;
  /** From the key at the boot menu to the ready line, on the host: loading kernel and initramfs from the CD included. */
  readonly wallS: number;
}

const LIMIT_MS = 300_000;

/** Boots a CD on BIOS. */
export async function bootOnce(subject: BootSubject, isoPath: string, workDirectory: string): Promise<BootTimes> {
  const spec: MachineSpec = {
    machineType: "pc",
    firmware: { kind: "bios" },
    memoryMb: 2048,
    display: "vga",
    cds: [{ file: isoPath, bus: "ide", bootIndex: 0 }],
  };
  const place = { workDirectory: join(workDirectory, subject.name.replace(/\W+/g, "-")), timeLimitMs: LIMIT_MS };
  await using machine = await startMachine(spec, place);
  await subject.passMenu(machine);
  const startedMs = performance.now();
  await machine.expect(subject.ready, { timeoutMs: LIMIT_MS });
  const readyMs = performance.now();
  const uptimeS = await subject.readUptime(machine);
  // An emulated guest's clock is the host's: what has gone by since the ready line is taken off.
  const guestS = uptimeS - (performance.now() - readyMs) / 1000;
  return { guestS: round(guestS), wallS: round((readyMs - startedMs) / 1000) };
}

export const LIFEBOAT: BootSubject = {
  name: "lifeboat",
  passMenu: (machine) => answerPrompt(machine),
  ready: /lifeboat: stage additional-tools: ok[^]*lifeboat: ready mode=/,
  async readUptime(machine) {
    await machine.expect("Shell on this console", { timeoutMs: 20_000 });
    machine.send("s");
    await machine.expect("lifeboat# ", { timeoutMs: 20_000 });
    return Number.parseFloat(await inShell(machine, "cat /proc/uptime"));
  },
};

export const REAR: BootSubject = {
  name: "rear",
  async passMenu(machine) {
    await machine.expect("Automatic boot in", { timeoutMs: 60_000 });
    machine.send("\r");
  },
  ready: /rescue system is ready/,
  /** Its serial line has no login in an initramfs without udev's tags: the screen has. */
  async readUptime(machine) {
    await machine.expectScreen(/login: *$/m, { timeoutMs: 60_000 });
    await machine.sendKeys("root\n");
    await machine.expectScreen(/^RESCUE/m, { timeoutMs: 60_000 });
    await sleep(1000);
    await machine.sendKeys("cat /proc/uptime > /dev/ttyS0\n");
    const { groups } = await machine.expect(/(\d+\.\d+) \d+\.\d+\r?\n/, { timeoutMs: 30_000 });
    return Number(groups[0]);
  },
};
