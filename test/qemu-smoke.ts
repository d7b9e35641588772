// Proves that qemu/ starts, hears, sees and ends real machines: `node test/qemu-smoke.ts KERNEL [NAME…]`.
import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "#os/exec";
import { copyFile, makeDirectory, makeSymlink, makeTemporaryDirectory, readBytes, writeFile } from "#os/files";
import { chooseAccelerator } from "../qemu/accelerator.ts";
import { createDiskImage } from "../qemu/disks.ts";
import { startMachine } from "../qemu/machine.ts";
import type { MachineSpec } from "../qemu/machine-spec.ts";

interface SmokeContext {
  readonly kernelPath: string;
  /** Made by makeSmokeInitrd(): a shell on the console. */
  readonly initrdPath: string;
  readonly workDirectory: string;
}

export interface SmokeResult {
  readonly name: string;
  readonly seconds: number;
}

/** Logs, images and screenshots stay here for whoever looks into a failure. */
const OUTPUT = join(import.meta.dirname, "../out/qemu-smoke");

/** Runs the scenarios called `only`, or all, one machine at a time; throws at the first that fails. */
export async function runQemuSmoke(kernelPath: string, initrdPath: string, only: readonly string[] = []): Promise<readonly SmokeResult[]> {
  const results: SmokeResult[] = [];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const started = performance.now();
    const workDirectory = join(OUTPUT, name);
    await makeDirectory(workDirectory);
    await scenario({ kernelPath, initrdPath, workDirectory });
    results.push({ name, seconds: Math.round((performance.now() - started) / 100) / 10 });
    console.log(`ok ${name}: ${results.at(-1)?.seconds} s`);
  }
  return results;
}

/** Writes a gzip-compressed initramfs of `busybox` (a static one) that gives a shell on the console. */
export async function makeSmokeInitrd(busybox: string, outputPath: string): Promise<void> {
  await using tree = await makeTemporaryDirectory("lifeboat-smoke-initrd-");
  for (const name of ["bin", "dev", "proc", "sys"]) await makeDirectory(join(tree.path, name));
  await copyFile(busybox, join(tree.path, "bin/busybox"));
  await makeSymlink("busybox", join(tree.path, "bin/sh"));
  await writeFile(join(tree.path, "init"), INIT, 0o755);
  await run(["sh", "-c", 'find . | cpio --quiet -o -H newc | gzip -1 > "$0"', outputPath], { cwd: tree.path });
}

const INIT = `#!/bin/sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox --install -s /bin
echo "smoke: ready on $(uname -r)"
exec sh
`;

const SCENARIOS: Readonly<Record<string, (context: SmokeContext) => Promise<void>>> = {
  "direct-boot": directBoot,
  "console-scrolls": consoleScrolls,
  "bios-cd": biosCd,
  "uefi-serial": uefiSerial,
  "time-limit": timeLimit,
  panic,
  "kvm-probe": kvmProbe,
};

function linuxMachine({ kernelPath, initrdPath }: SmokeContext): MachineSpec {
  return {
    machineType: "pc",
    firmware: { kind: "bios" },
    memoryMb: 512,
    kernel: { image: kernelPath, initrd: initrdPath, append: "console=tty0 console=ttyS0 panic=-1 quiet" },
  };
}

async function directBoot(context: SmokeContext): Promise<void> {
  const { workDirectory } = context;
  await using vm = await startMachine(linuxMachine(context), { workDirectory, timeLimitMs: 60_000 });
  const ready = await vm.expect(/smoke: ready on (\S+)/);
  assert.match(ready.groups[0] ?? "", /^\d+\.\d+/);
  vm.sendLine("echo $((6 * 7)) from $(uname -m)");
  await vm.expect("42 from x86_64", { timeoutMs: 10_000 });
  await assert.rejects(vm.expect("no such words", { timeoutMs: 300 }), /within 0\.3 s: it has not come\nLast lines of ".*console\.log":\n/);
  await assert.rejects(vm.screenshot(join(workDirectory, "none.png")), /^LifeboatError: Cannot run the QMP command "screendump"/);
  vm.sendLine("poweroff -f");
  assert.equal(await vm.waitForExit({ timeoutMs: 20_000 }), "guest-shutdown");
  await vm.expectNone("Kernel panic");
  await assert.rejects(vm.expect("more"), /the machine has ended \(guest-shutdown\)/);
  assert.match(new TextDecoder().decode(await readBytes(vm.consoleLog)), /42 from x86_64/);
}

/** A console that has scrolled shows what was written last, though that is not where text memory starts. */
async function consoleScrolls(context: SmokeContext): Promise<void> {
  const { workDirectory } = context;
  const machine: MachineSpec = { ...linuxMachine(context), display: "vga" };
  await using vm = await startMachine(machine, { workDirectory, timeLimitMs: 60_000 });
  await vm.expect("smoke: ready");
  vm.sendLine("for i in $(seq 1 60); do echo row $i; done > /dev/tty1; echo wri''tten");
  await vm.expect("written");
  const rows = (await vm.screenText()).split("\n");
  assert.deepEqual(
    rows.slice(0, 24),
    Array.from({ length: 24 }, (_, index) => `row ${index + 37}`),
  );
}

async function biosCd(context: SmokeContext): Promise<void> {
  const { workDirectory } = context;
  const iso = await makeIsolinuxCd(context);
  const machine: MachineSpec = {
    machineType: "pc",
    firmware: { kind: "bios" },
    memoryMb: 512,
    display: "vga",
    cds: [{ file: iso, bus: "ide", bootIndex: 0 }],
  };
  await using vm = await startMachine(machine, { workDirectory, timeLimitMs: 90_000 });
  const screen = await vm.expectScreen(/boot:/, { timeoutMs: 30_000 });
  assert.match(screen, /ISOLINUX/);
  assert.equal(screen.split("\n").length, 25);
  await vm.screenshot(join(workDirectory, "isolinux.png"));
  const png = await readBytes(join(workDirectory, "isolinux.png"));
  assert.deepEqual(png.subarray(0, 4), Uint8Array.of(0x89, 0x50, 0x4e, 0x47));
  await vm.sendKeys("linux quiet=A_b\n");
  await vm.expect("smoke: ready", { timeoutMs: 60_000 });
  vm.sendLine("cat /proc/cmdline; reboot -f");
  await vm.expect("quiet=A_b");
  assert.equal(await vm.waitForExit({ timeoutMs: 20_000 }), "guest-reset");
}

async function makeIsolinuxCd({ kernelPath, initrdPath, workDirectory }: SmokeContext): Promise<string> {
  const tree = join(workDirectory, "cd");
  await makeDirectory(tree);
  await copyFile("/usr/lib/ISOLINUX/isolinux.bin", join(tree, "isolinux.bin"));
  await copyFile("/usr/lib/syslinux/modules/bios/ldlinux.c32", join(tree, "ldlinux.c32"));
  await copyFile(kernelPath, join(tree, "vmlinuz"));
  await copyFile(initrdPath, join(tree, "initrd.gz"));
  const append = "append initrd=initrd.gz console=ttyS0 panic=-1";
  await writeFile(join(tree, "isolinux.cfg"), `prompt 1\ntimeout 0\nlabel linux\n  kernel vmlinuz\n  ${append}\n`);
  const iso = join(workDirectory, "smoke.iso");
  const boot = ["-b", "isolinux.bin", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"];
  await run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", iso, ...boot, tree]);
  return iso;
}

/** With a disk that does not boot, OVMF ends in its shell, which speaks on the serial line. */
async function uefiSerial({ workDirectory }: SmokeContext): Promise<void> {
  const disk = join(workDirectory, "empty.img");
  await createDiskImage(disk, 64 << 20);
  const machine: MachineSpec = {
    machineType: "q35",
    firmware: { kind: "uefi", secureBoot: false },
    memoryMb: 512,
    display: "vga",
    disks: [{ file: disk, bus: "ahci", bootIndex: 0 }],
  };
  await using vm = await startMachine(machine, { workDirectory, timeLimitMs: 60_000 });
  await vm.expect(/BdsDxe: .*\n/);
  await vm.expect("UEFI Interactive Shell");
  await assert.rejects(vm.screenText(), /it shows graphics/);
  await vm.screenshot(join(workDirectory, "uefi.png"));
}

async function timeLimit(context: SmokeContext): Promise<void> {
  const { workDirectory } = context;
  await using vm = await startMachine(linuxMachine(context), { workDirectory, timeLimitMs: 1_000 });
  const state = "it was killed at its time limit of 1 s";
  await assert.rejects(vm.expect("never said"), (error: Error) => error.message.includes(`must print it: ${state}\n`));
  await assert.rejects(vm.waitForExit(), { message: `Cannot wait for the machine as it must end by itself: ${state}` });
}

async function panic(context: SmokeContext): Promise<void> {
  const { workDirectory } = context;
  await using vm = await startMachine(linuxMachine(context), { workDirectory, timeLimitMs: 60_000 });
  await vm.expect("smoke: ready");
  vm.sendLine("exit");
  await vm.expect("Kernel panic - not syncing: Attempted to kill init!", { timeoutMs: 10_000 });
  assert.equal(await vm.waitForExit({ timeoutMs: 5_000 }), "guest-reset");
  await assert.rejects(vm.expectNone(/Kernel panic/), /must not be there: "Kernel panic"/);
}

/** Whatever the answer, it comes within the limit, has a reason, and the second time it comes from the cache. */
async function kvmProbe({ kernelPath, workDirectory }: SmokeContext): Promise<void> {
  const options = { kernelPath, cacheFile: join(workDirectory, "kvm.json"), timeLimitMs: 8_000 };
  const choice = await chooseAccelerator(options);
  console.log(`   ${choice.accelerator}: ${choice.reason}`);
  const again = performance.now();
  assert.deepEqual(await chooseAccelerator(options), choice);
  assert.ok(performance.now() - again < 500);
}

if (import.meta.main) {
  const [kernelPath, ...only] = process.argv.slice(2);
  if (kernelPath === undefined) throw new Error("usage: node test/qemu-smoke.ts KERNEL [NAME…]");
  await using directory = await makeTemporaryDirectory("lifeboat-smoke-");
  const initrdPath = join(directory.path, "initrd.gz");
  await makeSmokeInitrd("/bin/busybox", initrdPath);
  await runQemuSmoke(kernelPath, initrdPath, only);
}
