import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModuleTree } from "./module-tree.ts";
import { selectModules, type Selection } from "./select.ts";

const TREE = parseModuleTree(
  {
    "modules.dep": [
      "kernel/drivers/nvme/host/nvme-core.ko: kernel/lib/crc.ko",
      "kernel/drivers/nvme/host/nvme.ko: kernel/drivers/nvme/host/nvme-core.ko kernel/lib/crc.ko",
      "kernel/lib/crc.ko:",
      "kernel/drivers/md/raid1.ko: kernel/lib/crc.ko",
      "kernel/drivers/gpu/drm/i915/i915.ko:",
      "kernel/sound/snd.ko:",
      "kernel/drivers/net/ethernet/e1000e.ko:",
      "kernel/drivers/net/wireless/iwl.ko:",
      "kernel/drivers/usb/host/xhci-pci.ko:",
    ].join("\n"),
    "modules.alias": "alias pci:v8086* e1000e\nalias pci:v8087* iwl\nalias pci:v1* nvme\n",
    "modules.builtin": "kernel/ext4.ko\n",
  },
  [{ name: "a.conf", directory: "/etc/modprobe.d", text: "blacklist snd\n" }],
);
const HOST = { modaliases: ["pci:v8086x", "pci:unknown"], loadedModules: ["iwl", "zfs"], driverNames: ["nvme", "ext4"] };

function shown(selection: Selection): readonly string[] {
  return selection.modules.map((module) => `${module.name} ${module.layer} <- ${module.because.join(" <- ")}`);
}

test("all takes every module; what reaches a medium is in the initramfs with all that it needs", () => {
  const every = "every module of the kernel is taken";
  assert.deepEqual(shown(selectModules(TREE)), [
    "nvme_core initramfs <- class nvme",
    "nvme initramfs <- class nvme",
    "crc initramfs <- nvme_core needs crc <- class nvme",
    `raid1 tools <- class md <- ${every}`,
    `i915 tools <- ${every}`,
    `snd tools <- ${every}`,
    "e1000e initramfs <- class network",
    `iwl tools <- class network <- ${every}`,
    "xhci_pci initramfs <- class usb",
  ]);
});

test("host takes what the machine uses and what every rescue needs, each with its reason", () => {
  const selection = selectModules(TREE, { host: HOST });
  assert.deepEqual(shown(selection), [
    "nvme_core initramfs <- nvme needs nvme_core <- driver nvme is in use on this machine",
    "nvme initramfs <- driver nvme is in use on this machine",
    "crc initramfs <- nvme_core needs crc <- nvme needs nvme_core <- driver nvme is in use on this machine",
    "raid1 tools <- class md is taken for every machine",
    "e1000e initramfs <- device pci:v8086x",
    "iwl tools <- iwl is loaded on this machine",
    "xhci_pci initramfs <- class usb is taken for every machine",
  ]);
  assert.deepEqual(selection.builtins, [{ name: "ext4", because: ["driver ext4 is in use on this machine"] }]);
});

test("forced modules go to the initramfs, by alias too, also when the host does not need them", () => {
  const selection = selectModules(TREE, { host: HOST, forceModules: ["snd", "pci:v8087x"] });
  assert.deepEqual(
    shown(selection).filter((line) => / (?:forced by option)/.test(line)),
    ["snd initramfs <- snd forced by option", "iwl initramfs <- pci:v8087x forced by option"],
  );
});

test("denied modules are left out with those that cannot work without them, and listed", () => {
  const selection = selectModules(TREE, { denyModules: ["nvme-core", "pci:v8087x"] });
  assert.deepEqual(
    selection.modules.filter((module) => /^(?:nvme|iwl)/.test(module.name)),
    [],
  );
  assert.deepEqual(selection.denied, [
    { name: "nvme_core", because: ["denied by option"] },
    { name: "iwl", because: ["denied by option"] },
    { name: "nvme", because: ["nvme needs nvme_core", "denied by option"] },
  ]);
});

test("denying what is no module of this kernel is an error", () => {
  const cases = [
    ["nosuch", 'Cannot leave out module "nosuch" as it must be one of this kernel\'s: no module, alias or built-in has that name'],
    ["nvme,iwl", 'Cannot leave out module "nvme,iwl" as it must be one of this kernel\'s: of several, each takes an option of its own'],
    ["ext4", 'Cannot leave out module "ext4" as only a module can be left out: "ext4" is built into the kernel'],
  ] as const;
  for (const [name, message] of cases)
    assert.throws(() => selectModules(TREE, { denyModules: [name] }), { name: "KmodParseError", message });
});

test("forcing what needs a denied module is an error, as is forcing what does not exist", () => {
  assert.throws(() => selectModules(TREE, { forceModules: ["nvme"], denyModules: ["crc"] }), {
    name: "KmodParseError",
    message: 'Cannot take module "nvme" as nothing that it needs may be denied: nvme needs crc; denied by option',
  });
  assert.throws(() => selectModules(TREE, { forceModules: ["nwme"] }), {
    message: `Cannot take module "nwme" as it must be one of this kernel's: no module, alias or built-in has that name`,
  });
  assert.doesNotThrow(() => selectModules(TREE, { forceModules: ["ext4"] }));
});

test("display drivers and what modprobe.d does not want are there, but no device loads them", () => {
  const held = selectModules(TREE).modules.flatMap((module) => (module.coldplug ? [] : [[module.name, module.heldBecause]]));
  assert.deepEqual(held, [
    ["i915", "a display driver: the rescue system stays on the firmware's console"],
    ["snd", 'modprobe.d has "blacklist snd"'],
  ]);
});
