// One ISO, the same bytes, on every way that firmware boots: the tools layer is found on each.

import assert from "node:assert/strict";
import { answerGrub, answerPrompt, expectReady, inShell, PC, powerOff, start, UEFI } from "../boot-checks.ts";
import type { Scenario } from "../scenario.ts";
import type { VirtualMachine } from "../../qemu/machine.ts";
import type { MachineSpec } from "../../qemu/machine-spec.ts";

interface BootPath {
  readonly name: string;
  readonly proves: string;
  machine(iso: string): MachineSpec;
  menu(machine: VirtualMachine): Promise<void>;
  readonly medium: RegExp;
}

const CD = /lifeboat: medium CD \/dev\/sr0/;
const USB = /lifeboat: medium disk \/dev\/sda\d? /;

const PATHS: readonly BootPath[] = [
  {
    name: "bios-usb",
    proves: "the ISO written to a USB disk boots on BIOS and finds its tools there",
    machine: (iso) => ({ ...PC, disks: [{ file: iso, bus: "usb-storage", bootIndex: 0, snapshot: true }] }),
    menu: answerPrompt,
    medium: USB,
  },
  {
    name: "uefi-cd",
    proves: "the ISO boots as a CD on UEFI",
    machine: (iso) => ({ ...UEFI, cds: [{ file: iso, bus: "ahci", bootIndex: 0 }] }),
    menu: answerGrub,
    medium: CD,
  },
  {
    name: "uefi-usb",
    proves: "the ISO written to a USB disk boots on UEFI",
    machine: (iso) => ({ ...UEFI, disks: [{ file: iso, bus: "usb-storage", bootIndex: 0, snapshot: true }] }),
    menu: answerGrub,
    medium: USB,
  },
];

const paths = PATHS.map(({ name, proves, machine, menu, medium }): Scenario => ({
  name,
  tier: "guard",
  proves,
  async run(world) {
    const { path } = await world.iso();
    await using vm = await start({ world, name, machine: machine(path) });
    await menu(vm);
    const { said } = await expectReady(vm, world);
    assert.match(said, medium);
    await powerOff(vm);
  },
}));

/** Serial line alone, and everything that one boot can show. */
const biosCd: Scenario = {
  name: "bios-cd",
  tier: "guard",
  proves: "the ISO boots as a CD on BIOS with a serial line as the only console; log, shell and power off work",
  async run(world) {
    const { path } = await world.iso();
    const machine: MachineSpec = { ...PC, display: "none", cds: [{ file: path, bus: "ide", bootIndex: 0 }] };
    await using vm = await start({ world, name: "bios-cd", machine });
    await answerPrompt(vm, "expert lifeboat.nonsense=1");
    await vm.expect('Cannot use the boot word "lifeboat.nonsense"', { timeoutMs: 120_000 });
    const { mode, missing, said } = await expectReady(vm, world);
    assert.equal(mode, "expert");
    assert.equal(missing, 0);
    assert.match(said, CD);
    await vm.expect("lifeboat# ", { timeoutMs: 20_000 });
    const log = await inShell(vm, "head -n 20 /var/log/lifeboat.log");
    assert.match(log, /stage essential-modules: ok/);
    assert.match(await inShell(vm, "mkfs.ext4 -V 2>&1 | head -n 1; which sfdisk lvm mdadm"), /mke2fs 1\.[^]*sfdisk[^]*lvm[^]*mdadm/);
    vm.sendLine("poweroff");
    assert.equal(await vm.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
  },
};

const secureBoot: Scenario = {
  name: "uefi-secure-boot",
  tier: "guard",
  proves: "the ISO boots on UEFI with Secure Boot, and the kernel knows it",
  async run(world) {
    const { path } = await world.iso();
    const machine: MachineSpec = {
      ...UEFI,
      firmware: { kind: "uefi", secureBoot: true },
      cds: [{ file: path, bus: "ahci", bootIndex: 0 }],
    };
    await using vm = await start({ world, name: "uefi-secure-boot", machine });
    await answerGrub(vm);
    await expectReady(vm, world);
    await vm.expect("Shell on this console", { timeoutMs: 20_000 });
    vm.send("s");
    await vm.expect("lifeboat# ", { timeoutMs: 20_000 });
    assert.match(await inShell(vm, "dmesg | grep -i 'secure boot'"), /Secure boot enabled|locked down from EFI Secure Boot/i);
    vm.sendLine("poweroff");
    assert.equal(await vm.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
  },
};

const screenOnly: Scenario = {
  name: "screen-only",
  tier: "guard",
  proves: "a machine with screen and keyboard and no serial line shows the same and obeys the keyboard",
  async run(world) {
    const { path } = await world.iso();
    const machine: MachineSpec = { ...PC, serial: "none", display: "vga", cds: [{ file: path, bus: "ide", bootIndex: 0 }] };
    await using vm = await start({ world, name: "screen-only", machine });
    await vm.expectScreen(/boot:/, { timeoutMs: 60_000 });
    await vm.sendKeys("<enter>");
    const screen = await vm.expectScreen(/lifeboat: ready mode=interactive/, { timeoutMs: 180_000 });
    assert.match(screen, /lifeboat: stage all-modules: ok/);
    await vm.screenshot(`${await world.workDirectory("screen-only-picture")}/ready.png`);
    await vm.sendKeys("p");
    assert.equal(await vm.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
  },
};

const pxeBios: Scenario = {
  name: "pxe-bios",
  tier: "guard",
  proves: "the PXE tree boots over TFTP on BIOS, and the tools layer comes from the boot server",
  async run(world) {
    const { path } = await world.pxeTree();
    const network = { kind: "user", tftp: path, bootfile: "pxelinux.0" } as const;
    const machine: MachineSpec = { ...PC, nics: [{ model: "virtio-net-pci", network, bootIndex: 0 }] };
    await using vm = await start({ world, name: "pxe-bios", machine });
    await answerPrompt(vm);
    const { said } = await expectReady(vm, world);
    assert.match(said, /lifeboat: medium tftp:\/\/10\.0\.2\.2/);
    await powerOff(vm);
  },
};

const noCdDriver: Scenario = {
  name: "no-cd-driver",
  tier: "guard",
  proves: "an image without the CD driver ends in a report that names the driver, and in the menu",
  async run(world) {
    const { path } = await world.isoWithoutCdDriver();
    const machine: MachineSpec = { ...PC, cds: [{ file: path, bus: "ide", bootIndex: 0 }] };
    await using vm = await start({ world, name: "no-cd-driver", machine });
    await answerPrompt(vm);
    await vm.expect(/lifeboat: stage media: failed Cannot find the medium/, { timeoutMs: 180_000 });
    await vm.expect(/lifeboat: stage additional-tools: fallback/, { timeoutMs: 60_000 });
    const missing = await vm.expect(/lifeboat: scsi \S+ has no driver: module sr_mod is not in the image/, { timeoutMs: 60_000 });
    assert.ok(missing);
    await vm.expect(/lifeboat: ready mode=interactive \S+ modules=\d+ missing=[1-9]/, { timeoutMs: 60_000 });
    await powerOff(vm);
  },
};

export const BOOT_PATHS: readonly Scenario[] = [biosCd, ...paths, secureBoot, screenOnly, pxeBios, noCdDriver];
