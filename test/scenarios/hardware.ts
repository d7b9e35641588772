// The hardware matrix: the medium, the disks and the network cards on every controller that QEMU has and Debian's kernel drives.

import assert from "node:assert/strict";
import { join } from "node:path";
import { digestFile } from "#os/digest";
import { run } from "#os/exec";
import { answerGrub, answerPrompt, expectReady, inShell, PC, powerOff, READY_TIMEOUT_MS, start, UEFI } from "../boot-checks.ts";
import { isoBoot } from "../direct-boot.ts";
import { createDiskImage } from "../../qemu/disks.ts";
import type { VirtualMachine } from "../../qemu/machine.ts";
import type { CdSpec, DiskBus, DiskSpec, MachineSpec, NicSpec } from "../../qemu/machine-spec.ts";
import type { Scenario } from "../scenario.ts";

interface MediumCase {
  readonly bus: CdSpec["bus"];
  readonly machine: MachineSpec;
  readonly menu: (machine: VirtualMachine) => Promise<void>;
  readonly firmware: string;
}

const MEDIUM_CASES: readonly MediumCase[] = [
  { bus: "ahci", machine: { ...PC, machineType: "q35" }, menu: answerPrompt, firmware: "BIOS" },
  { bus: "ide", machine: { ...UEFI, machineType: "pc" }, menu: answerGrub, firmware: "UEFI" },
  { bus: "virtio-scsi", machine: PC, menu: answerPrompt, firmware: "BIOS" },
  { bus: "usb", machine: PC, menu: answerPrompt, firmware: "BIOS" },
];

const MEDIA = MEDIUM_CASES.map(({ bus, machine, menu, firmware }): Scenario => ({
  name: `medium-${bus}`,
  tier: "matrix",
  proves: `the CD in a drive on ${bus} boots on ${firmware}, and the tools layer is found there`,
  async run(world) {
    const { path } = await world.iso();
    await using vm = await start({ world, name: `medium-${bus}`, machine: { ...machine, cds: [{ file: path, bus, bootIndex: 0 }] } });
    await menu(vm);
    const { said } = await expectReady(vm, world);
    assert.match(said, /lifeboat: medium CD \/dev\/sr0/);
    await powerOff(vm);
  },
}));

interface TargetDisk {
  readonly bus: DiskBus;
  /** As the agent names it. */
  readonly driver: string;
  readonly serial: string;
}

const DISKS: readonly TargetDisk[] = [
  { bus: "virtio-blk", driver: "virtio_blk", serial: "LB-VIRTIO-BLK" },
  { bus: "virtio-scsi", driver: "virtio_scsi", serial: "LB-VIRTIO-SCSI" },
  { bus: "nvme", driver: "nvme", serial: "LB-NVME" },
  { bus: "ahci", driver: "ahci", serial: "LB-AHCI" },
  { bus: "ide", driver: "ata_piix", serial: "LB-IDE" },
  { bus: "lsi53c895a", driver: "sym53c8xx", serial: "LB-LSI" },
  { bus: "megasas", driver: "megaraid_sas", serial: "LB-MEGASAS" },
  { bus: "mptsas1068", driver: "mptsas", serial: "LB-MPTSAS" },
  { bus: "pvscsi", driver: "vmw_pvscsi", serial: "LB-PVSCSI" },
  // QEMU's card has this number whatever is asked for.
  { bus: "sd-card", driver: "sdhci-pci", serial: "0xdeadbeef" },
  { bus: "usb-storage", driver: "usb-storage", serial: "LB-USB-STORAGE" },
  { bus: "usb-uas", driver: "uas", serial: "LB-USB-UAS" },
];

/** SD cards have sizes that are powers of two. */
const DISK_BYTES = 16 * 2 ** 20;

/** Each holds an ext4 whose journal wants to be replayed: whoever mounts it carelessly changes it. */
async function makeDisks(directory: string, targets: readonly TargetDisk[]): Promise<readonly DiskSpec[]> {
  const disks: DiskSpec[] = [];
  for (const { bus, serial } of targets) {
    const file = join(directory, `${bus}.img`);
    await createDiskImage(file, DISK_BYTES);
    await run(["mkfs.ext4", "-q", "-F", "-L", bus, file]);
    await run(["debugfs", "-w", "-R", "feature needs_recovery", file]);
    disks.push({ file, bus, serial });
  }
  return disks;
}

async function digests(disks: readonly DiskSpec[]): Promise<readonly string[]> {
  return Promise.all(disks.map(({ file }) => digestFile(file)));
}

/** `DRIVER SERIAL` of each disk that the agent listed, sorted. */
function listedDisks(said: string): readonly string[] {
  const lines = [...said.matchAll(/lifeboat: disk (?:sd|vd|nvme|mmcblk)\S+ \S+ \S+ (\S+) .*?serial (\S+)/g)];
  return lines.map(([, driver, serial]) => `${driver} ${serial}`).sort();
}

function expectedDisks(targets: readonly TargetDisk[]): readonly string[] {
  return targets.map(({ driver, serial }) => `${driver} ${serial}`).sort();
}

/** No disk may be written to, by whatever way. Prints one line a disk: name, read-only, exit code of the attempt. */
const TRY_TO_WRITE = [
  "for path in /sys/block/sd* /sys/block/vd* /sys/block/nvme* /sys/block/mmcblk*",
  "do [ -e $path ] || continue",
  "name=${path##*/}",
  "dd if=/dev/zero of=/dev/$name bs=512 count=1 conv=fsync 2>/dev/null",
  "code=$?",
  "echo $name $(blockdev --getro /dev/$name) $code",
  "done",
].join("; ");

/** What the shell says of each disk after an attempt to write to it. */
async function assertReadOnly(vm: VirtualMachine, count: number): Promise<void> {
  const lines = (await inShell(vm, TRY_TO_WRITE)).split("\n").filter((line) => /^(?:sd|vd|nvme|mmcblk)/.test(line));
  assert.equal(lines.length, count, lines.join("\n"));
  for (const line of lines) assert.match(line, /^\S+ 1 [1-9]\d*$/);
}

async function followToReady(vm: VirtualMachine): Promise<string> {
  const ready = await vm.expect(/lifeboat: ready mode=interactive \S+ modules=\d+ missing=\d+/, { timeoutMs: READY_TIMEOUT_MS });
  return ready.before + ready.text;
}

async function openShell(vm: VirtualMachine): Promise<void> {
  await vm.expect("Power off", { timeoutMs: 20_000 });
  vm.send("s");
  await vm.expect("lifeboat# ", { timeoutMs: 20_000 });
}

async function shutDown(vm: VirtualMachine): Promise<void> {
  vm.sendLine("poweroff");
  assert.equal(await vm.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
}

/** The search for the medium looks at every disk, as no drive holds a disc; then somebody puts the disc in. */
const disks: Scenario = {
  name: "hardware-disks",
  tier: "matrix",
  proves: "twelve kinds of disk are listed with driver and serial, nothing is written to them, and a disc put in late is taken",
  async run(world) {
    const { path: iso } = await world.iso();
    const specs = await makeDisks(await world.workDirectory("hardware-disks-images"), DISKS);
    const before = await digests(specs);
    const machine: MachineSpec = {
      ...PC,
      kernel: await isoBoot(await world.iso(), "interactive lifeboat.timeout.media=40"),
      disks: specs,
      extraArguments: ["-device", "scsi-cd,bus=virtio-scsi.0,id=tray"],
    };
    await using vm = await start({ world, name: "hardware-disks", machine });
    await vm.expect(/lifeboat: stage media: failed Cannot find the medium as one must hold build \w+: looked at /, {
      timeoutMs: READY_TIMEOUT_MS,
    });
    assert.deepEqual(listedDisks(await followToReady(vm)), expectedDisks(DISKS));
    await vm.qmp("blockdev-change-medium", { id: "tray", filename: iso, format: "raw" });
    const said = await followToReady(vm);
    for (const line of [/lifeboat: medium CD \/dev\/sr0/, /stage additional-tools: ok/, /stage all-modules: ok/]) assert.match(said, line);
    assert.deepEqual(listedDisks(said), expectedDisks(DISKS));
    await openShell(vm);
    await assertReadOnly(vm, DISKS.length);
    await shutDown(vm);
    assert.deepEqual(await digests(specs), before);
  },
};

/** Controllers that cannot share their interrupt line, and so have a guest each. */
const LONELY_DISKS: readonly TargetDisk[] = [
  { bus: "lsi53c810", driver: "sym53c8xx", serial: "LB-LSI810" },
  { bus: "am53c974", driver: "am53c974", serial: "LB-AM53C974" },
];

const lonelyDisks = LONELY_DISKS.map((target): Scenario => ({
  name: `hardware-${target.bus}`,
  tier: "matrix",
  proves: `a disk on ${target.bus} is listed with driver and serial, and nothing is written to it`,
  async run(world) {
    const name = `hardware-${target.bus}`;
    const { path: iso } = await world.iso();
    const specs = await makeDisks(await world.workDirectory(`${name}-images`), [target]);
    const before = await digests(specs);
    const kernel = await isoBoot(await world.iso(), "interactive");
    await using vm = await start({ world, name, machine: { ...PC, kernel, disks: specs, cds: [{ file: iso, bus: "virtio-scsi" }] } });
    const { said } = await expectReady(vm, world);
    assert.deepEqual(listedDisks(said), expectedDisks([target]));
    await openShell(vm);
    await assertReadOnly(vm, 1);
    await shutDown(vm);
    assert.deepEqual(await digests(specs), before);
  },
}));

interface Card {
  readonly model: string;
  readonly driver: RegExp;
}

/** In the order of their places on the buses: the USB controller comes before the cards. */
const CARDS: readonly Card[] = [
  { model: "usb-net", driver: /cdc_ether|rndis_host|cdc_subset/ },
  { model: "virtio-net-pci", driver: /virtio_net/ },
  { model: "e1000", driver: /e1000/ },
  { model: "e1000e", driver: /e1000e/ },
  { model: "rtl8139", driver: /8139cp|8139too/ },
  { model: "vmxnet3", driver: /vmxnet3/ },
  { model: "pcnet", driver: /pcnet32/ },
  { model: "i82559c", driver: /e100/ },
  { model: "virtio-net-pci", driver: /virtio_net/ },
];
const UNPLUGGED = CARDS.length - 1;

const macOf = (index: number) => `52:54:00:4c:42:0${index}`;

const nics: Scenario = {
  name: "hardware-nics",
  tier: "matrix",
  proves: "eight kinds of network card are named in bus order, listed with MAC, driver and link, and have an address by DHCP",
  async run(world) {
    const cards = CARDS.map(({ model }, index): NicSpec => ({
      model,
      mac: macOf(index),
      network: { kind: "user", restrict: true },
      romfile: "",
    }));
    // The USB card is no PCI device and has no boot ROM.
    const { romfile: _, ...usb } = cards[0]!;
    const machine: MachineSpec = {
      ...PC,
      kernel: await isoBoot(await world.iso(), "interactive net"),
      cds: [{ file: (await world.iso()).path, bus: "ide" }],
      nics: [usb, ...cards.slice(1)],
    };
    await using vm = await start({ world, name: "hardware-nics", machine });
    await vm.qmp("set_link", { name: `net${UNPLUGGED}`, up: false });
    const { said, missing } = await expectReady(vm, world);
    assert.equal(missing, 0);
    assertCards(said);
    await openShell(vm);
    const addresses = await inShell(vm, "ip -4 -o addr show | grep eth");
    for (const index of CARDS.keys())
      assert.equal(addresses.includes(`eth${index} `), index !== UNPLUGGED, `${CARDS[index]!.model}\n${addresses}`);
    await shutDown(vm);
  },
};

function assertCards(said: string): void {
  const lines = [...said.matchAll(/lifeboat: network (eth\d+) (\S+) (\S+) link (\S+)/g)];
  assert.equal(lines.length, CARDS.length, said);
  for (const [index, { model, driver }] of CARDS.entries()) {
    const [, name, mac, itsDriver, link] = lines[index]!;
    assert.deepEqual([name, mac, link], [`eth${index}`, macOf(index), index === UNPLUGGED ? "down" : "up"], model);
    assert.match(itsDriver ?? "", driver);
    if (index !== UNPLUGGED) assert.match(said, new RegExp(`lifeboat: network eth${index} has 10\\.\\d+\\.\\d+\\.15/24 by DHCP`));
  }
}

export const HARDWARE: readonly Scenario[] = [...MEDIA, disks, ...lonelyDisks, nics];
