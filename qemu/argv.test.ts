import assert from "node:assert/strict";
import { test } from "node:test";
import { qemuArgv } from "./argv.ts";
import type { DiskBus, MachineSpec } from "./machine-spec.ts";

const PC: MachineSpec = { machineType: "pc", firmware: { kind: "bios" }, memoryMb: 512 };
const Q35: MachineSpec = { ...PC, machineType: "q35" };
const TCG = ["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"];
const CONSOLE = ["-display", "none", "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"];

/** Everything after the board, for machines that differ there alone. */
function devicesOf(machine: MachineSpec): readonly string[] {
  const argv = qemuArgv(machine);
  return argv.slice(argv.indexOf("chardev:console") + 1);
}

test("qemuArgv() boots a kernel directly", () => {
  const machine: MachineSpec = { ...PC, kernel: { image: "/vmlinuz", initrd: "/initrd,1", append: "console=ttyS0 a,b" } };
  assert.deepEqual(
    qemuArgv(machine, { qmpSocket: "/s/qmp" }),
    [
      ["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-no-reboot", "-machine", "pc", ...TCG, "-m", "512"],
      ["-display", "none", "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
      ["-qmp", "unix:/s/qmp,server=on,wait=off"],
      ["-kernel", "/vmlinuz", "-initrd", "/initrd,1", "-append", "console=ttyS0 a,b"],
    ].flat(),
  );
});

test("qemuArgv() makes a Secure Boot machine whose flash only SMM may write", () => {
  const machine: MachineSpec = {
    ...Q35,
    firmware: { kind: "uefi", secureBoot: true },
    memoryMb: 1024,
    cds: [{ file: "/r.iso", bus: "ahci", bootIndex: 0 }],
  };
  assert.deepEqual(
    qemuArgv(machine, { firmwareFiles: { code: "/code.fd", variables: "/vars.fd" } }),
    [
      ["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-no-reboot", "-machine", "q35,smm=on", ...TCG, "-m", "1024"],
      ["-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1"],
      ["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=/code.fd", "-drive", "if=pflash,unit=1,format=raw,file=/vars.fd"],
      CONSOLE,
      ["-drive", "if=none,id=cd0,file=/r.iso,format=raw,media=cdrom,readonly=on", "-device", "ide-cd,bus=ide.0,drive=cd0,bootindex=0"],
    ].flat(),
  );
});

test("qemuArgv() makes a machine with a screen only, more processors, KVM, a watchdog, reboots and whatever else is asked", () => {
  const machine: MachineSpec = {
    ...PC,
    cpus: 4,
    accelerator: "kvm",
    serial: "none",
    display: "vga",
    watchdog: "poweroff",
    allowReboot: true,
    usbController: "usb-ehci",
    usbKeyboard: true,
    extraArguments: ["-S"],
  };
  assert.deepEqual(
    qemuArgv(machine),
    [
      ["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-machine", "pc", "-accel", "kvm", "-cpu", "max", "-smp", "4", "-m", "512"],
      ["-display", "none", "-device", "VGA", "-serial", "none", "-device", "usb-ehci,id=usb", "-device", "usb-kbd,bus=usb.0"],
      ["-device", "i6300esb", "-action", "watchdog=poweroff", "-S"],
    ].flat(),
  );
});

const DISKS: Readonly<Record<DiskBus, readonly string[]>> = {
  "virtio-blk": ["-device", "virtio-blk-pci,drive=disk0,serial=disk0"],
  "virtio-scsi": ["-device", "scsi-hd,bus=virtio-scsi.0,drive=disk0,serial=disk0"],
  nvme: ["-device", "nvme,drive=disk0,serial=disk0"],
  ahci: ["-device", "ide-hd,bus=ahci.0,drive=disk0,serial=disk0"],
  ide: ["-device", "ide-hd,bus=ide.0,unit=0,drive=disk0,serial=disk0"],
  lsi53c895a: ["-device", "scsi-hd,bus=lsi53c895a.0,drive=disk0,serial=disk0"],
  lsi53c810: ["-device", "scsi-hd,bus=lsi53c810.0,drive=disk0,serial=disk0"],
  megasas: ["-device", "scsi-hd,bus=megasas.0,drive=disk0,serial=disk0"],
  "megasas-gen2": ["-device", "scsi-hd,bus=megasas-gen2.0,drive=disk0,serial=disk0"],
  mptsas1068: ["-device", "scsi-hd,bus=mptsas1068.0,drive=disk0,serial=disk0,wwn=0x5000c50015ea71ac"],
  pvscsi: ["-device", "scsi-hd,bus=pvscsi.0,drive=disk0,serial=disk0"],
  am53c974: ["-device", "scsi-hd,bus=am53c974.0,drive=disk0,serial=disk0"],
  "sd-card": ["-device", "sd-card,drive=disk0"],
  "usb-storage": ["-device", "usb-storage,bus=usb.0,drive=disk0,serial=disk0"],
  "usb-uas": ["-device", "usb-uas,id=uas0,bus=usb.0", "-device", "scsi-hd,bus=uas0.0,drive=disk0,serial=disk0"],
  floppy: ["-device", "floppy,drive=disk0,unit=0"],
};

test("qemuArgv() makes several disks of one that has several paths", () => {
  const disk = { file: "/d", bus: "virtio-scsi", serial: "S", wwn: "0x5000c50015ea7a02", paths: 2, bootIndex: 1 } as const;
  const argv = qemuArgv({ machineType: "pc", firmware: { kind: "bios" }, memoryMb: 512, disks: [disk] });
  const from = argv.indexOf("-drive");
  assert.deepEqual(argv.slice(from, from + 6), [
    "-drive",
    "if=none,id=disk0,file=/d,format=raw,cache=unsafe,node-name=disk0-node",
    "-device",
    "scsi-hd,bus=virtio-scsi.0,drive=disk0,serial=S,bootindex=1,wwn=0x5000c50015ea7a02,share-rw=on",
    "-device",
    "scsi-hd,bus=virtio-scsi.0,drive=disk0-node,serial=S,wwn=0x5000c50015ea7a02,share-rw=on",
  ]);
});

const CONTROLLERS: Partial<Record<DiskBus, string>> = {
  "virtio-scsi": "virtio-scsi-pci,id=virtio-scsi",
  ahci: "ich9-ahci,id=ahci",
  "sd-card": "sdhci-pci",
  "usb-storage": "qemu-xhci,id=usb",
  "usb-uas": "qemu-xhci,id=usb",
};

for (const [bus, device] of Object.entries(DISKS) as [DiskBus, readonly string[]][]) {
  test(`qemuArgv() attaches a disk to ${bus}`, () => {
    const hba = device.join(" ").includes(`scsi-hd,bus=${bus}.0`) ? `${bus},id=${bus}` : undefined;
    const controller = CONTROLLERS[bus] ?? hba;
    assert.deepEqual(
      devicesOf({ ...PC, disks: [{ file: "/d", bus }] }),
      [
        controller === undefined ? [] : ["-device", controller],
        ["-drive", "if=none,id=disk0,file=/d,format=raw,cache=unsafe"],
        device,
      ].flat(),
    );
  });
}

test("qemuArgv() gives each bus one controller, and counts the places on it over disks and CDs", () => {
  const machine: MachineSpec = {
    ...PC,
    disks: [
      { file: "/a", bus: "ide", serial: "A", format: "qcow2", snapshot: true, bootIndex: 1 },
      { file: "/b", bus: "mptsas1068", readOnly: true },
      { file: "/c", bus: "mptsas1068" },
      { file: "/d", bus: "floppy", bootIndex: 2 },
    ],
    cds: [
      { file: "/1.iso", bus: "ide" },
      { file: "/2.iso", bus: "ide", bootIndex: 0 },
      { file: "/3.iso", bus: "usb" },
    ],
  };
  assert.deepEqual(
    devicesOf(machine),
    [
      ["-device", "qemu-xhci,id=usb", "-device", "mptsas1068,id=mptsas1068"],
      ["-drive", "if=none,id=disk0,file=/a,format=qcow2,cache=unsafe,snapshot=on"],
      ["-device", "ide-hd,bus=ide.0,unit=0,drive=disk0,serial=A,bootindex=1"],
      ["-drive", "if=none,id=disk1,file=/b,format=raw,readonly=on,cache=unsafe"],
      ["-device", "scsi-hd,bus=mptsas1068.0,drive=disk1,serial=disk1,wwn=0x5000c50015ea71ac"],
      ["-drive", "if=none,id=disk2,file=/c,format=raw,cache=unsafe"],
      ["-device", "scsi-hd,bus=mptsas1068.0,drive=disk2,serial=disk2,wwn=0x5000c50015ea71ad"],
      ["-drive", "if=none,id=disk3,file=/d,format=raw,cache=unsafe"],
      ["-device", "floppy,drive=disk3,unit=0", "-global", "isa-fdc.bootindexA=2"],
      ["-drive", "if=none,id=cd0,file=/1.iso,format=raw,media=cdrom,readonly=on", "-device", "ide-cd,bus=ide.0,unit=1,drive=cd0"],
      [
        "-drive",
        "if=none,id=cd1,file=/2.iso,format=raw,media=cdrom,readonly=on",
        "-device",
        "ide-cd,bus=ide.1,unit=0,drive=cd1,bootindex=0",
      ],
      ["-drive", "if=none,id=cd2,file=/3.iso,format=raw,media=cdrom,readonly=on", "-device", "usb-storage,bus=usb.0,drive=cd2"],
    ].flat(),
  );
});

test("qemuArgv() gives each network card its own network", () => {
  const machine: MachineSpec = {
    ...PC,
    nics: [
      {
        model: "virtio-net-pci",
        mac: "52:54:00:00:00:01",
        bootIndex: 0,
        romfile: "",
        network: { kind: "user", tftp: "/t", bootfile: "pxelinux.0", restrict: true, hostForward: [{ hostPort: 2222, guestPort: 22 }] },
      },
      { model: "usb-net", network: { kind: "user" } },
      { model: "e1000", network: { kind: "none" } },
      { model: "e1000", network: { kind: "tap", name: "tap0" } },
      { model: "e1000", network: { kind: "user", subnet: "192.168.0.0/24", host: "192.168.0.10" } },
    ],
  };
  assert.deepEqual(
    devicesOf(machine),
    [
      ["-device", "qemu-xhci,id=usb"],
      ["-netdev", "user,id=net0,restrict=on,tftp=/t,bootfile=pxelinux.0,hostfwd=tcp:127.0.0.1:2222-:22"],
      ["-device", "virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01,bootindex=0,romfile="],
      ["-netdev", "user,id=net1,net=10.21.0.0/24", "-device", "usb-net,netdev=net1,bus=usb.0"],
      ["-device", "e1000"],
      ["-netdev", "tap,id=net3,ifname=tap0,script=no,downscript=no", "-device", "e1000,netdev=net3"],
      ["-netdev", "user,id=net4,net=192.168.0.0/24,host=192.168.0.10", "-device", "e1000,netdev=net4"],
    ].flat(),
  );
});

test("qemuArgv() asks for the firmware files of a UEFI machine", () => {
  const machine: MachineSpec = { ...Q35, firmware: { kind: "uefi", secureBoot: false } };
  assert.throws(() => qemuArgv(machine), /^LifeboatError: Cannot start a UEFI machine as it needs firmware files: none were given$/);
});
