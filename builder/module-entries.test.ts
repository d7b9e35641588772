import assert from "node:assert/strict";
import { test } from "node:test";
import { listFirmware } from "kmod-parse/firmware";
import { parseModuleTree } from "kmod-parse/module-tree";
import type { FirmwareFiles } from "./firmware-files.ts";
import { moduleEntries } from "./module-entries.ts";

test("moduleEntries() puts firmware into the layer of those who ask for it, built-in drivers among them", () => {
  const tree = parseModuleTree({
    "modules.dep": "kernel/drivers/nvme/host/nvme.ko:\nkernel/sound/snd.ko:\n",
    "modules.builtin.modinfo": "early.firmware=e.bin\0early.firmware=both.bin\0",
  });
  const file = (name: string) => [name, { path: tree.modules.get(name)!.path, hostPath: `/host/${name}`, sizeBytes: 1 }] as const;
  const asked = new Map([
    ["nvme", ["n.bin"]],
    ["snd", ["s.bin", "both.bin"]],
  ]);
  const moduleFiles = { tree, files: new Map(["nvme", "snd"].map(file)), firmware: new Map([...listFirmware(tree.builtins), ...asked]) };
  const names = ["both.bin", "e.bin", "n.bin", "s.bin"];
  const firmware: FirmwareFiles = {
    found: names.map((name) => ({ name, paths: [`lib/firmware/${name}`] })),
    missing: [],
    entries: names.map((name) => {
      return { type: "file", path: `lib/firmware/${name}`, hostPath: `/lib/firmware/${name}`, sizeBytes: 1, compression: "none" };
    }),
  };
  const { entries } = moduleEntries({ release: "6.1", files: moduleFiles, firmware }, { forceModules: [], denyModules: [] });
  assert.deepEqual(
    entries
      .filter(({ group }) => group === "firmware")
      .map(({ path, layer, because }) => [path.slice("usr/lib/firmware/".length), layer, ...because]),
    [
      ["both.bin", "initramfs", "early, which is built in, asks for both.bin"],
      ["e.bin", "initramfs", "early, which is built in, asks for e.bin"],
      ["n.bin", "initramfs", "nvme asks for n.bin"],
      ["s.bin", "tools", "snd asks for s.bin"],
    ],
  );
});
