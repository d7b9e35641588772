// From a machine as data to QEMU's command line; pure, so that every machine can be read and compared as a list.
import { LifeboatError } from "#os/error";
import { argumentOf } from "./argument.ts";
import { storageArguments } from "./argv-storage.ts";
import { checkMachine } from "./check-machine.ts";
import type { MachineSpec, NicSpec, Wiring } from "./machine-spec.ts";

/**
 * The command line of `machine`, program first. Throws LifeboatError when QEMU or the guest's drivers are known to refuse
 * the combination.
 */
export function qemuArgv(machine: MachineSpec, wiring: Wiring = {}): readonly [program: string, ...args: string[]] {
  checkMachine(machine);
  return [
    `qemu-system-${machine.architecture ?? "x86_64"}`,
    "-no-user-config",
    "-nodefaults",
    ...(machine.allowReboot === true ? [] : ["-no-reboot"]),
    ...boardArguments(machine),
    ...firmwareArguments(machine, wiring),
    ...consoleArguments(machine, wiring),
    ...usbArguments(machine),
    ...storageArguments(machine),
    ...(machine.nics ?? []).flatMap(nicArguments),
    ...kernelArguments(machine),
    ...(machine.watchdog === undefined ? [] : ["-device", "i6300esb", "-action", `watchdog=${machine.watchdog}`]),
    ...(machine.extraArguments ?? []),
  ];
}

function boardArguments(machine: MachineSpec): string[] {
  const secure = machine.firmware.kind === "uefi" && machine.firmware.secureBoot;
  return [
    ["-machine", argumentOf(machine.machineType, { smm: secure ? "on" : undefined })],
    ["-accel", machine.accelerator === "kvm" ? "kvm" : "tcg,thread=multi"],
    ["-cpu", "max"],
    ["-smp", String(machine.cpus ?? 2)],
    ["-m", String(machine.memoryMb)],
  ].flat();
}

function firmwareArguments({ firmware }: MachineSpec, { firmwareFiles }: Wiring): string[] {
  if (firmware.kind === "bios") return [];
  if (firmwareFiles === undefined) {
    throw new LifeboatError("Cannot start a UEFI machine as it needs firmware files: none were given", {
      hint: "Take them from prepareFirmware()",
    });
  }
  // OVMF keeps its keys safe only when flash writes need SMM, and S3 resume would let a guest around that.
  const guards = ["-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1"];
  return [
    firmware.secureBoot ? guards : [],
    ["-drive", argumentOf(undefined, { if: "pflash", unit: 0, format: "raw", readonly: "on", file: firmwareFiles.code })],
    ["-drive", argumentOf(undefined, { if: "pflash", unit: 1, format: "raw", file: firmwareFiles.variables })],
  ].flat();
}

/** The first serial port is QEMU's standard input and output. */
function consoleArguments(machine: MachineSpec, wiring: Wiring): string[] {
  const chardev = argumentOf("stdio", { id: "console", signal: "off" });
  return [
    ["-display", "none"],
    machine.display === "vga" ? ["-device", "VGA"] : [],
    machine.serial === "none" ? ["-serial", "none"] : ["-chardev", chardev, "-serial", "chardev:console"],
    wiring.qmpSocket === undefined ? [] : ["-qmp", argumentOf(`unix:${wiring.qmpSocket}`, { server: "on", wait: "off" })],
  ].flat();
}

function usbArguments(machine: MachineSpec): string[] {
  const controller = machine.usbController ?? (needsUsb(machine) ? "qemu-xhci" : undefined);
  return [
    controller === undefined ? [] : ["-device", argumentOf(controller, { id: "usb" })],
    machine.usbKeyboard === true ? ["-device", argumentOf("usb-kbd", { bus: "usb.0" })] : [],
  ].flat();
}

function needsUsb(machine: MachineSpec): boolean {
  return (
    machine.usbKeyboard === true ||
    (machine.disks ?? []).some((disk) => disk.bus === "usb-storage" || disk.bus === "usb-uas") ||
    (machine.cds ?? []).some((cd) => cd.bus === "usb") ||
    (machine.nics ?? []).some((nic) => nic.model === "usb-net")
  );
}

function nicArguments(nic: NicSpec, index: number): string[] {
  const id = `net${index}`;
  const device = argumentOf(nic.model, {
    netdev: nic.network.kind === "none" ? undefined : id,
    mac: nic.mac,
    bootindex: nic.bootIndex,
    romfile: nic.romfile,
    bus: nic.model === "usb-net" ? "usb.0" : undefined,
  });
  return [...netdevArguments(nic, id, index), "-device", device];
}

function netdevArguments({ network }: NicSpec, id: string, index: number): string[] {
  if (network.kind === "none") return [];
  if (network.kind === "tap") return ["-netdev", argumentOf("tap", { id, ifname: network.name, script: "no", downscript: "no" })];
  const netdev = argumentOf("user", {
    id,
    // Cards on one subnet would give the guest two routes to the same place.
    net: network.subnet ?? (index === 0 ? undefined : `10.${20 + index}.0.0/24`),
    host: network.host,
    restrict: network.restrict === true ? "on" : undefined,
    tftp: network.tftp,
    bootfile: network.bootfile,
  });
  const forwards = (network.hostForward ?? []).map(({ hostPort, guestPort }) => `,hostfwd=tcp:127.0.0.1:${hostPort}-:${guestPort}`);
  return ["-netdev", netdev + forwards.join("")];
}

function kernelArguments({ kernel }: MachineSpec): string[] {
  if (kernel === undefined) return [];
  return [
    ["-kernel", kernel.image],
    kernel.initrd === undefined ? [] : ["-initrd", kernel.initrd],
    kernel.append === undefined ? [] : ["-append", kernel.append],
  ].flat();
}
