// Everything that can go wrong in the rescue image, on purpose: each ends in a clear line and a shell, never in a panic.

import assert from "node:assert/strict";
import { copyFile, open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { run } from "#os/exec";
import type { VirtualMachine } from "../../qemu/machine.ts";
import type { MachineSpec } from "../../qemu/machine-spec.ts";
import { inShell, PC, READY_TIMEOUT_MS, start } from "../boot-checks.ts";
import { fileMember, withMembers, withoutLastSegment } from "../changed-initramfs.ts";
import { isoBoot } from "../direct-boot.ts";
import type { Scenario, World } from "../scenario.ts";
import { secondSerial } from "../second-serial.ts";

const SOON = { timeoutMs: 30_000 };
const BOOT = { timeoutMs: READY_TIMEOUT_MS };
const CRASHED = "lifeboat: here is a shell; the log is /var/log/lifeboat.log; reboot and poweroff work";

function failure(name: string, proves: string, body: (world: World) => Promise<void>): Scenario {
  return { name, tier: "matrix", proves, run: body };
}

interface FailureBoot {
  readonly name: string;
  readonly words?: string;
  readonly initramfs?: string;
  readonly machine?: Partial<MachineSpec>;
}

/** Without boot loader and without any medium, unless `machine` says otherwise. */
async function boot(world: World, { name, words, initramfs, machine }: FailureBoot): Promise<VirtualMachine> {
  const kernel = await isoBoot(await world.iso(), words ?? "");
  return start({
    world,
    name,
    machine: { ...PC, kernel: { ...kernel, ...(initramfs === undefined ? {} : { initrd: initramfs }) }, ...machine },
  });
}

async function initramfsOf(world: World): Promise<string> {
  return (await isoBoot(await world.iso(), "")).initrd!;
}

/** Each of these lines in this order. */
async function expectLines(machine: VirtualMachine, lines: readonly (string | RegExp)[]): Promise<void> {
  for (const line of lines) await machine.expect(line, BOOT);
}

async function expectPowerOff(machine: VirtualMachine): Promise<void> {
  machine.sendLine("poweroff");
  assert.equal(await machine.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
  await machine.expectNone("Kernel panic");
}

const lateMedium = failure(
  "failure-late-medium",
  "without a medium the menu comes and polling goes on; of three consoles each shows and obeys, one that takes nothing holds nothing up",
  async (world) => {
    const image = await world.iso();
    await using second = await secondSerial();
    const emptyDrive = ["-drive", "if=none,id=late,media=cdrom", "-device", "ide-cd,id=drive,drive=late,bus=ide.1"];
    await using machine = await boot(world, {
      name: "failure-late-medium",
      words: "console=tty0 lifeboat.timeout.media=8 serial=ttyS1",
      machine: { display: "vga", extraArguments: [...second.arguments, ...emptyDrive] },
    });
    await second.connect();
    await machine.expect("lifeboat: stage essential-modules: ok", BOOT);
    // Ctrl-S: the line takes nothing from now on.
    second.send("\u0013");
    await expectLines(machine, [
      /stage media: failed Cannot find the medium as one must hold build \w+: /,
      "stage additional-tools: fallback no medium: the programs of the initramfs must do",
      "stage all-modules: fallback only the modules of the initramfs",
      "stage hand-off: ok",
      "lifeboat: ready mode=interactive",
      /Waiting for the CD, USB disk or server of build \w+/,
      "Power off",
    ]);
    second.send("\u0011");
    await second.console.expect("lifeboat: ready mode=interactive", SOON);
    await rubbishAtTheMenu(machine);
    await shellOnOneConsole(machine, second);
    await machine.qmp("blockdev-change-medium", { id: "drive", filename: image.path, format: "raw" });
    await expectLines(machine, [
      "lifeboat: medium CD /dev/sr0",
      "stage additional-tools: ok",
      "stage all-modules: ok",
      "lifeboat: ready mode=interactive",
    ]);
    await machine.expectScreen(/lifeboat: ready mode=interactive/, { timeoutMs: 30_000 });
    await machine.screenshot(join(await world.workDirectory("failure-late-medium-picture"), "menu.png"));
    await machine.sendKeys("p");
    assert.equal(await machine.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
  },
);

async function rubbishAtTheMenu(machine: VirtualMachine): Promise<void> {
  machine.send("\u0003");
  const rubbish = Array.from({ length: 200 }, (_, index) => String.fromCharCode((index * 89 + 7) % 256));
  machine.send(rubbish.join(""));
  await pause(3000);
  machine.send("\u001b[B");
  await machine.expect(/ > l {2}Log of this boot/, SOON);
  machine.send("\r");
  await machine.expect("-- ", SOON);
}

/** A shell on the first line; the second one keeps its menu, and its own shell ends without the first one's doing. */
async function shellOnOneConsole(machine: VirtualMachine, second: Awaited<ReturnType<typeof secondSerial>>): Promise<void> {
  machine.send("s");
  await machine.expect("lifeboat# ", SOON);
  second.send("l");
  await second.console.expect(/-- .* of .*; space: on/, SOON);
  assert.match(await inShell(machine, "stat -c '%a' /var/log/lifeboat.log; head -n 3 /var/log/lifeboat.log"), /^600\n.*agent for build/);
  assert.match(await inShell(machine, "grep -c 'stage essential-modules: ok' /var/log/lifeboat.log"), /^1\n/);
  assert.match(await inShell(machine, "echo $TERM; stty | grep -c speed"), /^vt100\n1\n/);
  machine.sendLine("echo sleeping; sleep 60");
  await machine.expect(/sleeping\r?\n/, SOON);
  await pause(1000);
  machine.send("\u0003");
  assert.match(await inShell(machine, "echo back"), /back/);
  machine.sendLine("exit");
  await machine.expect("Power off", SOON);
}

const badModules = failure(
  "failure-modules",
  "a damaged module, one that hangs and a device without firmware are named and the boot goes on; a stage ends at its limit and the next one runs",
  async (world) => {
    const directory = await world.workDirectory("failure-modules-image");
    const modules = `usr/lib/modules/${await world.kernelRelease()}/kernel`;
    // A read from a terminal that nobody types on does not end.
    const hanging = {
      type: "symlink",
      path: `${modules}/drivers/net/ethernet/intel/e1000/e1000.ko`,
      mode: 0o777,
      target: "/dev/tty5",
    } as const;
    const initramfs = await withMembers(await initramfsOf(world), directory, [
      fileMember(`${modules}/drivers/block/virtio_blk.ko`, "not a module"),
      hanging,
    ]);
    const disk = join(directory, "disk.img");
    await run(["truncate", "-s", "16M", disk]);
    await using machine = await boot(world, {
      name: "failure-modules",
      initramfs,
      words: "lifeboat.timeout.essential-modules=24 lifeboat.timeout.additional-tools=1",
      machine: {
        cds: [{ file: (await world.iso()).path, bus: "ide" }],
        disks: [{ file: disk, bus: "virtio-blk" }],
        nics: [
          { model: "e1000", network: { kind: "none" } },
          { model: "i82551", network: { kind: "user" } },
        ],
      },
    });
    await expectLines(machine, [
      "lifeboat: stage essential-modules: ok",
      "lifeboat: stage media: ok",
      /lifeboat: stage additional-tools: failed (no end after 1 s|Cannot take in tools.squashfs as the stage's time is over)/,
      "lifeboat: stage all-modules: fallback",
      /lifeboat: pci 0000:00:\S+ has no driver: module e1000 did not load: it has not ended its start after 18 s/,
      /lifeboat: virtio virtio0 has no driver: module virtio_blk did not load: invalid module format/,
      /lifeboat: e100 0000:00:\S+ lacks firmware: e100\/d102e_ucode\.bin is not in the image/,
      /lifeboat: ready mode=interactive .* missing=\d+/,
      "Power off",
    ]);
    machine.send("p");
    assert.equal(await machine.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
  },
);

const badTools = failure(
  "failure-tools-and-crash",
  "a damaged tools layer is refused and nothing of it mounted; an agent that crashes leaves a line, a shell on every console and its log",
  async (world) => {
    const directory = await world.workDirectory("failure-tools-image");
    const damaged = join(directory, "damaged.iso");
    await copyFile((await world.iso()).path, damaged);
    await flipBytes(damaged, "/lifeboat/tools.squashfs");
    await using second = await secondSerial();
    await using machine = await boot(world, {
      name: "failure-tools-and-crash",
      words: "console=tty0 expert lifeboat.heap=32 serial=ttyS1",
      machine: { display: "vga", cds: [{ file: damaged, bus: "ide" }], extraArguments: second.arguments },
    });
    await second.connect();
    await expectLines(machine, [
      /stage additional-tools: failed Cannot take in tools\.squashfs as its digest must be \w+\.\.\.: it is \w+/,
      "lifeboat:   The medium is damaged or of another build; make it again",
      "stage all-modules: fallback only the modules of the initramfs",
      "lifeboat: ready mode=expert",
      "lifeboat# ",
    ]);
    assert.equal(await inShell(machine, "grep -c -e squashfs -e iso9660 /proc/mounts"), "0\n");
    // expert is root's shell on every console.
    await second.console.expect("lifeboat# ", SOON);
    second.send("echo second $(id -u)\n");
    await second.console.expect("second 0", SOON);
    await machine.sendKeys("echo before on the screen<enter>");
    await machine.expectScreen(/^before on the screen/m, SOON);
    assert.equal(await inShell(machine, "id -u"), "0\n");
    machine.sendLine("kill -SEGV $(pidof lifeboat)");
    await expectLines(machine, ["lifeboat: agent ended: crashed (signal SEGV)", CRASHED]);
    assert.match(
      await inShell(machine, "echo still here; tail -n 2 /var/log/lifeboat.log"),
      /still here\n.*crashed[^]*reboot and poweroff work/,
    );
    machine.sendLine("exit");
    await machine.expect("lifeboat# ", SOON);
    await second.console.expect(CRASHED, SOON);
    second.send("\n");
    await second.console.expect("lifeboat# ", SOON);
    await machine.sendKeys("echo on the screen<enter>");
    await machine.expectScreen(/^on the screen/m, SOON);
    assert.match(await inShell(machine, "head -n 4 /var/log/lifeboat.log"), /stage essential-modules: ok/);
    await expectPowerOff(machine);
  },
);

/** Where a file of the ISO lies is told by xorriso: `File data lba: extent, start block, blocks, size, path`. */
async function flipBytes(iso: string, path: string): Promise<void> {
  const { stdout } = await run(["xorriso", "-indev", iso, "-find", path, "-exec", "report_lba", "--"]);
  const startBlock = Number(/^File data lba: +\d+ , +(\d+) ,/m.exec(stdout)?.[1]);
  assert.ok(startBlock > 16, stdout);
  await using file = await open(iso, "r+");
  await file.write(Buffer.alloc(64, 0xa5), 0, 64, startBlock * 2048 + 40_000_000);
}

const tinyHeap = failure(
  "failure-tiny-heap",
  "an agent whose heap is too small says so, gives a shell, and the machine reboots",
  async (world) => {
    await using machine = await boot(world, { name: "failure-tiny-heap", words: "lifeboat.heap=4" });
    await expectLines(machine, ["lifeboat: agent ended: its heap is too small", CRASHED, "lifeboat# "]);
    machine.sendLine("reboot");
    assert.equal(await machine.waitForExit({ timeoutMs: 60_000 }), "guest-reset");
    await machine.expectNone("Kernel panic");
  },
);

const DAMAGED: readonly {
  readonly name: string;
  readonly what: string;
  readonly path: (release: string) => string;
  readonly says: RegExp;
}[] = [
  {
    name: "failure-manifest",
    what: "image manifest",
    path: () => "etc/lifeboat/image.json",
    says: /lifeboat: Cannot run the stages as the image must describe itself: "\/etc\/lifeboat\/image\.json" is damaged/,
  },
  {
    name: "failure-module-table",
    what: "table of modules",
    path: (release) => `usr/lib/modules/${release}/lifeboat-modules.json`,
    says: /lifeboat: Cannot load drivers as the table of modules must be whole: "\S+" is damaged/,
  },
];

const damagedFiles = DAMAGED.map(({ name, what, path, says }) =>
  failure(name, `a damaged ${what} is named, and a shell follows`, async (world) => {
    const directory = await world.workDirectory(`${name}-image`);
    const initramfs = await withMembers(await initramfsOf(world), directory, [
      fileMember(path(await world.kernelRelease()), '{"formatVersion":1,'),
    ]);
    await using machine = await boot(world, { name, initramfs });
    await expectLines(machine, [
      "lifeboat: agent ended: exit code 3",
      says,
      /\[hint\] The medium or its initramfs is damaged/,
      CRASHED,
      "lifeboat# ",
    ]);
    await expectPowerOff(machine);
  }),
);

const incomplete = failure(
  "failure-incomplete",
  "an initramfs that was not unpacked to its end says so and gives a shell",
  async (world) => {
    const directory = await world.workDirectory("failure-incomplete-image");
    const initramfs = await withoutLastSegment(await initramfsOf(world), directory);
    await using machine = await boot(world, { name: "failure-incomplete", initramfs });
    await expectLines(machine, [
      "lifeboat: initramfs incomplete: too little memory",
      /lifeboat: this machine has \d+ MiB; here is a shell; reboot and poweroff work/,
      "lifeboat# ",
    ]);
    await expectPowerOff(machine);
  },
);

const lowMemory = failure(
  "failure-low-memory",
  "512 MiB are too little and the screen says what helps; with that, 448 MiB reach the ready line with the tools on the medium",
  async (world) => {
    const cds = [{ file: (await world.iso()).path, bus: "ide" }] as const;
    {
      await using machine = await boot(world, { name: "failure-low-memory", machine: { memoryMb: 512, cds } });
      await expectLines(machine, [
        "lifeboat: initramfs incomplete: too little memory",
        "lifeboat: boot it with the word rootfstype=ramfs",
        "lifeboat# ",
      ]);
      await expectPowerOff(machine);
    }
    const words = "rootfstype=ramfs";
    await using machine = await boot(world, { name: "failure-low-memory-ramfs", words, machine: { memoryMb: 448, cds } });
    await expectLines(machine, [
      "lifeboat: stage additional-tools: fallback too little memory for a copy: the medium must stay in",
      "lifeboat: stage all-modules: ok",
      "lifeboat: ready mode=interactive",
      "There is too little memory for a copy of the tools: the medium must stay in",
      "Power off",
    ]);
    machine.send("p");
    assert.equal(await machine.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
    await machine.expectNone("Kernel panic");
  },
);

export const FAILURES: readonly Scenario[] = [lateMedium, badModules, badTools, tinyHeap, ...damagedFiles, incomplete, lowMemory];
