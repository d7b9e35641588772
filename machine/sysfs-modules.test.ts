import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { readHardwareModules } from "./sysfs-modules.ts";

const root = mkdtempSync(join(tmpdir(), "lifeboat-sysfs-"));
after(() => rmSync(root, { recursive: true }));

/** One device as the kernel lays it out: a directory below devices/, linked from its bus, with a link to its driver. */
function addDevice(
  bus: string,
  id: string,
  options: { readonly modalias?: string; readonly driver?: string; readonly module?: string },
): void {
  const device = join(root, "devices", bus, id);
  mkdirSync(device, { recursive: true });
  mkdirSync(join(root, "bus", bus, "devices"), { recursive: true });
  symlinkSync(`../../../devices/${bus}/${id}`, join(root, "bus", bus, "devices", id));
  if (options.modalias !== undefined) writeFileSync(join(device, "modalias"), `${options.modalias}\n`);
  if (options.driver === undefined) return;
  const driver = join(root, "bus", bus, "drivers", options.driver);
  mkdirSync(driver, { recursive: true });
  symlinkSync(`../../../bus/${bus}/drivers/${options.driver}`, join(device, "driver"));
  if (options.module !== undefined) symlinkSync(`../../../../module/${options.module}`, join(driver, "module"));
}

test("readHardwareModules() tells devices, drivers with their modules, loaded modules and what no driver serves", () => {
  addDevice("pci", "0000:00:03.0", { modalias: "pci:v00008086d0000100E", driver: "e1000", module: "e1000" });
  addDevice("pci", "0000:00:04.0", { modalias: "pci:v00001AF4d00001001" });
  addDevice("pci", "0000:00:05.0", { modalias: "pci:v00008086d0000100E", driver: "e1000" });
  addDevice("scsi", "0:0:0:0", { driver: "sd" });
  mkdirSync(join(root, "module", "e1000"), { recursive: true });
  writeFileSync(join(root, "module", "e1000", "initstate"), "live\n");
  mkdirSync(join(root, "module", "printk", "parameters"), { recursive: true });

  const unserved = { bus: "pci", id: "0000:00:04.0", modalias: "pci:v00001AF4d00001001", driver: undefined };
  assert.deepEqual(readHardwareModules(root), {
    devices: [
      { bus: "pci", id: "0000:00:03.0", modalias: "pci:v00008086d0000100E", driver: "e1000" },
      unserved,
      { bus: "pci", id: "0000:00:05.0", modalias: "pci:v00008086d0000100E", driver: "e1000" },
    ],
    modaliases: ["pci:v00001AF4d00001001", "pci:v00008086d0000100E"],
    drivers: [
      { bus: "pci", name: "e1000", module: "e1000" },
      { bus: "scsi", name: "sd", module: undefined },
    ],
    loadedModules: ["e1000"],
    missing: [unserved],
  });
});

test("readHardwareModules() finds nothing where there is no sysfs", () => {
  const nothing = { devices: [], modaliases: [], drivers: [], loadedModules: [], missing: [] };
  assert.deepEqual(readHardwareModules(join(root, "not-there")), nothing);
});

test("readHardwareModules() agrees with find and /proc/modules on this machine", async () => {
  const hardware = readHardwareModules();
  const found = await run(["sh", "-c", "cat /sys/bus/*/devices/*/modalias 2>/dev/null | grep -c ."], { okCodes: [0, 1] });
  assert.equal(hardware.devices.length, Number(found.stdout));
  const loaded = await run(["sh", "-c", "cut -d' ' -f1 /proc/modules 2>/dev/null | LC_ALL=C sort"]);
  assert.deepEqual(
    hardware.loadedModules,
    loaded.stdout.split("\n").filter((name) => name !== ""),
  );
});
