// What every boot scenario does: pass the boot menu, follow the stages, shut down.

import assert from "node:assert/strict";
import { startMachine, type VirtualMachine } from "../qemu/machine.ts";
import type { MachineSpec } from "../qemu/machine-spec.ts";
import type { World } from "./scenario.ts";

/** Generous: an emulated machine on a busy host takes its time. */
export const READY_TIMEOUT_MS = 180_000;
const MENU_TIMEOUT_MS = 90_000;

export interface Boot {
  readonly world: World;
  readonly name: string;
  readonly machine: MachineSpec;
}

/** A machine of common size; scenarios add what they are about. */
export const PC: MachineSpec = { machineType: "pc", firmware: { kind: "bios" }, memoryMb: 1024 };
export const UEFI: MachineSpec = { machineType: "q35", firmware: { kind: "uefi", secureBoot: false }, memoryMb: 1024 };

export async function start({ world, name, machine }: Boot): Promise<VirtualMachine> {
  return startMachine(machine, { workDirectory: await world.workDirectory(name), timeLimitMs: READY_TIMEOUT_MS + 2 * MENU_TIMEOUT_MS });
}

/** Types at isolinux's or pxelinux's prompt: nothing, or a mode and words. */
export async function answerPrompt(machine: VirtualMachine, words = ""): Promise<void> {
  await machine.expect("boot:", { timeoutMs: MENU_TIMEOUT_MS });
  machine.send(`${words}\r`);
}

/** Takes GRUB's first entry. */
export async function answerGrub(machine: VirtualMachine): Promise<void> {
  await machine.expect(/interactive/, { timeoutMs: MENU_TIMEOUT_MS });
  machine.send("\r");
}

export interface ReadyFacts {
  readonly mode: string;
  readonly modules: number;
  readonly missing: number;
  /** All that the agent said up to the ready line. */
  readonly said: string;
}

/** Follows the five stages to the ready line. Each must end with `ok`; the kernel's release must be the image's. */
export async function expectReady(machine: VirtualMachine, world: World): Promise<ReadyFacts> {
  let said = "";
  for (const stage of ["essential-modules", "media", "additional-tools", "all-modules", "hand-off"]) {
    const line = await machine.expect(new RegExp(`lifeboat: stage ${stage}: (ok \\d+\\.\\ds|fallback .*|failed .*)`), {
      timeoutMs: READY_TIMEOUT_MS,
    });
    assert.match(line.groups[0] ?? "", /^ok /, `stage ${stage}`);
    said += line.before + line.text;
  }
  const ready = await machine.expect(/lifeboat: ready mode=(\w+) kernel=(\S+) modules=(\d+) missing=(\d+)/, { timeoutMs: 60_000 });
  assert.equal(ready.groups[1], await world.kernelRelease());
  return {
    mode: ready.groups[0] ?? "",
    modules: Number(ready.groups[2]),
    missing: Number(ready.groups[3]),
    said: said + ready.before + ready.text,
  };
}

/** Chooses "Power off" in the agent's menu and waits for the machine to be off. */
export async function powerOff(machine: VirtualMachine): Promise<void> {
  await machine.expect("Power off", { timeoutMs: 20_000 });
  machine.send("p");
  assert.equal(await machine.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
}

/** Types expert at the prompt, and follows the boot to the shell. */
export async function expectShell(machine: VirtualMachine, world: World): Promise<void> {
  await answerPrompt(machine, "expert");
  await expectReady(machine, world);
  await machine.expect("lifeboat# ", { timeoutMs: 30_000 });
}

/** Runs a command in the agent's shell and returns what it printed. */
export async function inShell(machine: VirtualMachine, command: string, timeoutMs = 60_000): Promise<string> {
  machine.sendLine(`echo begin''mark; ${command}; echo end''mark`);
  const output = await machine.expect(/beginmark\r?\n([^]*?)endmark/, { timeoutMs });
  return (output.groups[0] ?? "").replace(/\r/g, "");
}
