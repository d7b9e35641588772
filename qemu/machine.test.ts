import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "#os/exec";
import { exists, isExecutable, makeTemporaryDirectory, readText } from "#os/files";
import { createDiskImage } from "./disks.ts";
import { startMachine } from "./machine.ts";
import type { CdSpec, DiskBus, MachineSpec } from "./machine-spec.ts";

// Machines that only the firmware runs on; what needs a kernel is in test/qemu-smoke.ts.
const skip = (await isExecutable("/usr/bin/qemu-system-x86_64")) ? false : "qemu-system-x86_64 is not installed";

const PC: MachineSpec = { machineType: "pc", firmware: { kind: "bios" }, memoryMb: 64 };
const STOPPED: MachineSpec = { ...PC, extraArguments: ["-S"] };

const crowds: readonly {
  readonly name: string;
  readonly type: "pc" | "q35";
  readonly disks: readonly DiskBus[];
  readonly cds: readonly CdSpec["bus"][];
}[] = [
  {
    name: "most disk buses of pc",
    type: "pc",
    disks: [
      "virtio-blk",
      "virtio-scsi",
      "nvme",
      "ahci",
      "ahci",
      "ide",
      "ide",
      "lsi53c895a",
      "megasas",
      "megasas-gen2",
      "mptsas1068",
      "mptsas1068",
    ],
    cds: ["ide", "ahci", "virtio-scsi", "usb"],
  },
  { name: "the other ones", type: "pc", disks: ["pvscsi", "sd-card", "usb-storage", "usb-uas", "usb-uas", "floppy", "floppy"], cds: [] },
  { name: "lsi53c810", type: "pc", disks: ["lsi53c810", "lsi53c810"], cds: [] },
  { name: "am53c974", type: "pc", disks: ["am53c974", "virtio-blk"], cds: [] },
  { name: "q35", type: "q35", disks: ["ahci", "floppy", "usb-storage"], cds: ["ahci", "virtio-scsi", "usb"] },
];

for (const { name, type, disks, cds } of crowds) {
  test(`startMachine() makes a machine that QEMU accepts: ${name}`, { skip }, async () => {
    await using directory = await makeTemporaryDirectory();
    const image = async (id: string) => {
      await createDiskImage(join(directory.path, id), 1 << 20);
      return join(directory.path, id);
    };
    const machine: MachineSpec = {
      ...STOPPED,
      machineType: type,
      disks: await Promise.all(disks.map(async (bus, index) => ({ file: await image(`disk,${index}`), bus, bootIndex: index }))).then(
        (all) => all.map((disk) => (disk.bus === "sd-card" ? { file: disk.file, bus: disk.bus } : disk)),
      ),
      cds: await Promise.all(cds.map(async (bus, index) => ({ file: await image(`cd${index}`), bus }))),
    };
    await using vm = await startMachine(machine, { workDirectory: directory.path, timeLimitMs: 20_000 });
    const drives = (await vm.qmp("query-block")) as readonly { device: string; inserted?: { file: string } }[];
    const files = drives.filter(({ device }) => /^(disk|cd)\d/.test(device)).map(({ inserted }) => inserted?.file);
    assert.deepEqual(new Set(files), new Set([...(machine.disks ?? []), ...(machine.cds ?? [])].map(({ file }) => file)));
    await vm.qmp("quit");
    assert.equal(await vm.waitForExit(), "host-qmp-quit");
  });
}

test("startMachine() makes a machine that QEMU accepts: network cards, USB keyboard, watchdog", { skip }, async () => {
  await using directory = await makeTemporaryDirectory();
  const machine: MachineSpec = {
    ...STOPPED,
    display: "vga",
    watchdog: "reset",
    usbKeyboard: true,
    usbController: "piix3-usb-uhci",
    nics: ["virtio-net-pci", "e1000", "e1000e", "rtl8139", "vmxnet3", "pcnet", "i82559c", "usb-net"].map((model, index) => ({
      model,
      mac: `52:54:00:00:00:0${index}`,
      network: { kind: "user", restrict: true, tftp: directory.path, bootfile: "pxelinux.0" },
    })),
  };
  await using vm = await startMachine(machine, { workDirectory: directory.path, timeLimitMs: 20_000 });
  const subnets = String(await vm.qmp("human-monitor-command", { "command-line": "info network" })).match(/net=[\d.]+/g);
  assert.deepEqual(
    subnets,
    ["10.0.2.0", ...Array.from({ length: 7 }, (_, index) => `10.${21 + index}.0.0`)].map((net) => `net=${net}`),
  );
});

const noOvmf = skip === false && !(await exists("/usr/share/OVMF/OVMF_CODE_4M.ms.fd")) ? "ovmf is not installed" : skip;

test("startMachine() makes a machine that QEMU accepts: Secure Boot", { skip: noOvmf }, async () => {
  await using directory = await makeTemporaryDirectory();
  const machine: MachineSpec = { ...STOPPED, machineType: "q35", firmware: { kind: "uefi", secureBoot: true } };
  await using vm = await startMachine(machine, { workDirectory: directory.path, timeLimitMs: 20_000 });
  assert.equal(((await vm.qmp("query-status")) as { status: string }).status, "prelaunch");
});

test("screenText() shows what the firmware says, and a machine ends when it is disposed", { skip }, async () => {
  await using directory = await makeTemporaryDirectory();
  const vm = await startMachine({ ...PC, display: "vga" }, { workDirectory: directory.path, timeLimitMs: 30_000 });
  const pid = await (async () => {
    await using running = vm;
    const screen = await running.expectScreen(/No bootable device/, { timeoutMs: 20_000 });
    assert.match(screen.split("\n")[0] ?? "", /^SeaBIOS/);
    assert.equal(await exists(join(directory.path, "screen.bin")), false);
    await running.screenshot(join(directory.path, "screen.png"));
    assert.ok(await exists(join(directory.path, "screen.png")));
    await assert.rejects(running.expectScreen(/never/, { timeoutMs: 10 }), /it shows\nSeaBIOS/);
    await assert.rejects(running.waitForExit({ timeoutMs: 10 }), /must end within 0\.01 s: it runs$/);
    return running.pid;
  })();
  assert.equal(await exists(`/proc/${pid}`), false);
  await assert.rejects(vm.waitForExit(), /must end by itself: it was stopped$/);
  await assert.rejects(vm.screenText(), /the machine has ended$/);
});

test("the time limit kills a machine, and everything that waits says so", { skip }, async () => {
  await using directory = await makeTemporaryDirectory();
  await using vm = await startMachine(STOPPED, { workDirectory: directory.path, timeLimitMs: 600 });
  const state = "it was killed at its time limit of 0.6 s";
  const log = join(directory.path, "console.log");
  await assert.rejects(vm.expect("ready"), {
    message: `Cannot find "ready" as the machine must print it: ${state}\nLast lines of "${log}":\n  (the console is empty)`,
  });
  await assert.rejects(vm.waitForExit(), { message: `Cannot wait for the machine as it must end by itself: ${state}` });
});

test("startMachine() shows QEMU's words when QEMU refuses the machine, and leaves its command line", { skip }, async () => {
  await using directory = await makeTemporaryDirectory();
  const machine: MachineSpec = { ...PC, disks: [{ file: join(directory.path, "no-such.img"), bus: "nvme" }] };
  await assert.rejects(
    startMachine(machine, { workDirectory: directory.path, timeLimitMs: 5_000 }),
    /^LifeboatError: Cannot start the machine as QEMU must accept it: QEMU failed: .*no-such\.img': No such file or directory \(exit code 1\)$/,
  );
  assert.match(await readText(join(directory.path, "command.txt")), /^qemu-system-x86_64\n-no-user-config\n/);
});

test("a machine ends with the process that started it, even when that is killed", { skip }, async () => {
  await using directory = await makeTemporaryDirectory();
  const options = JSON.stringify({ workDirectory: directory.path, timeLimitMs: 20_000 });
  const script = `
    import { startMachine } from ${JSON.stringify(import.meta.resolve("./machine.ts"))};
    const vm = await startMachine(${JSON.stringify(STOPPED)}, ${options});
    console.log(vm.pid);
    await vm.waitForExit();`;
  // What a killed process leaves behind goes with the directory.
  await using owner = start([process.execPath, "--input-type=module", "--eval", script], { env: { TMPDIR: directory.path } });
  const pid = await new Promise<string>((resolve) => owner.onOutput((bytes) => resolve(new TextDecoder().decode(bytes).trim())));
  assert.match(await readText(`/proc/${pid}/comm`), /^qemu-system/);
  owner.kill("SIGKILL");
  await owner.exited;
  for (let tries = 0; tries < 100 && (await exists(`/proc/${pid}`)); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await exists(`/proc/${pid}`), false);
});
