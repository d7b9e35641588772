import assert from "node:assert/strict";
import { test } from "node:test";
import { makeModuleTable } from "kmod-parse/module-table";
import { parseModuleTree } from "kmod-parse/module-tree";
import { selectModules } from "kmod-parse/select";
import { missingLines, type MissingFacts } from "./missing-report.ts";

const STORAGE = "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01";
const OTHER = "pci:v00008086d00001234sv0sd0bc08sc80i00";
const DISPLAY = "pci:v00001234d00001111sv0sd0bc03sc00i00";

const TREE = parseModuleTree(
  {
    "modules.dep": [
      "kernel/drivers/ata/ahci.ko:",
      "kernel/drivers/ata/second.ko:",
      "kernel/drivers/net/wireless/wifi.ko:",
      "kernel/drivers/gpu/drm/gpu.ko:",
      "kernel/drivers/misc/denied.ko:",
    ].join("\n"),
    "modules.alias": [
      "alias pci:v00008086d00002922* ahci",
      "alias pci:v00008086d00002922* second",
      "alias pci:v00001234* gpu",
      "alias usb:wifi* wifi",
      "alias usb:denied* denied",
    ].join("\n"),
    "modules.softdep": "",
    "modules.builtin": "",
    "modules.devname": "",
  },
  [],
);
const MODULES = makeModuleTable({
  release: "6.1.0",
  tree: TREE,
  selection: selectModules(TREE, { forceModules: ["ahci"], denyModules: ["denied"] }),
  firmware: new Map(),
});

function lines(device: { modalias: string; driver?: string }, facts: Partial<MissingFacts> = {}): readonly string[] {
  const { modalias, driver } = device;
  return missingLines({
    devices: [{ bus: "pci", id: "0000:00:03.0", modalias, driver }],
    modules: MODULES,
    loaded: new Set(),
    declined: new Set(),
    failed: new Map(),
    toolsTakenIn: false,
    firmware: [],
    ...facts,
  });
}

const at = (state: string, modalias = STORAGE) => [`pci 0000:00:03.0 has no driver: ${state} (${modalias})`];

test("a device without a driver is named with the module that would serve it, and with what keeps that away", () => {
  assert.deepEqual(lines({ modalias: STORAGE }), at("module ahci was not loaded"));
  assert.deepEqual(
    lines({ modalias: STORAGE }, { failed: new Map([["ahci", "invalid module format"]]) }),
    at("module ahci did not load: invalid module format"),
  );
  assert.deepEqual(
    lines({ modalias: STORAGE }, { failed: new Map([["second", "unknown symbol"]]) }),
    at("module second did not load: unknown symbol"),
  );
  assert.deepEqual(lines({ modalias: "usb:denied1" }), at("module denied is not in the image", "usb:denied1"));
  assert.deepEqual(lines({ modalias: "usb:wifi1" }), at("module wifi is in the tools layer, which was not found", "usb:wifi1"));
  assert.deepEqual(lines({ modalias: "usb:wifi1" }, { toolsTakenIn: true }), at("module wifi was not loaded", "usb:wifi1"));
});

test("storage and network that the kernel has no module for are named, other devices are not", () => {
  const unknown = "pci:v0000FFFFd00000001sv0sd0bc02sc00i00";
  assert.deepEqual(lines({ modalias: unknown }), at("this kernel has no module for it", unknown));
  assert.deepEqual(lines({ modalias: OTHER }), []);
});

test("storage and network stand last, where the screen still shows them", () => {
  const device = (id: string, modalias: string) => ({ bus: "pci", id, modalias, driver: undefined });
  const shown = lines({ modalias: STORAGE }, { devices: [device("1", STORAGE), device("2", "usb:wifi1")] });
  assert.deepEqual(
    shown.map((line) => line.slice(0, 5)),
    ["pci 2", "pci 1"],
  );
});

test("a device is left out when it has a driver, when its module has declined it, and when it is a display", () => {
  assert.deepEqual(lines({ modalias: STORAGE, driver: "ahci" }), []);
  assert.deepEqual(lines({ modalias: STORAGE }, { loaded: new Set(["ahci"]) }), []);
  assert.deepEqual(lines({ modalias: STORAGE }, { declined: new Set(["second"]) }), []);
  assert.deepEqual(lines({ modalias: DISPLAY }), []);
});

test("a damaged module is named once, also when no device asked for it; one that found no hardware is not", () => {
  const failed = new Map([
    ["loop", "invalid module format"],
    ["i2c_thing", "Device or resource busy"],
  ]);
  assert.deepEqual(lines({ modalias: OTHER }, { failed }), ["module loop did not load: invalid module format"]);
  assert.equal(lines({ modalias: STORAGE }, { failed: new Map([["ahci", "invalid module format"]]) }).length, 1);
});

test("a device that lacks firmware is one line, however many names its driver has tried", () => {
  const device = "iwlwifi 0000:02:00.0";
  const firmware = ["iwlwifi-9.ucode", "iwlwifi-8.ucode", "iwlwifi-7.ucode"].map((name) => ({ device, name }));
  assert.deepEqual(lines({ modalias: OTHER }, { firmware: firmware.slice(0, 1) }), [
    "iwlwifi 0000:02:00.0 lacks firmware: iwlwifi-9.ucode is not in the image",
  ]);
  assert.deepEqual(lines({ modalias: OTHER }, { firmware }), [
    "iwlwifi 0000:02:00.0 lacks firmware: iwlwifi-9.ucode is not in the image, nor 2 other names it tried",
  ]);
});
