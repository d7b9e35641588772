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

test("moduleEntries() writes what modprobe reads, of the modules in the image: dependencies, names that are no device's, options", async () => {
  const texts = {
    "modules.dep":
      "kernel/drivers/md/raid456.ko.xz: kernel/drivers/md/md-mod.ko.xz\nkernel/drivers/md/md-mod.ko.xz:\nkernel/fs/nls/nls_utf8.ko.xz:\nkernel/drivers/nvme/host/nvme.ko.xz:\n",
    "modules.alias": "alias md-level-5 raid456\nalias md-level-1 raid1\nalias pci:v*d*sv*sd*bc01sc08i02* nvme\nalias nls_utf8 nls_utf8\n",
  };
  const config = [{ name: "md.conf", directory: "/etc/modprobe.d", text: "options md_mod start_ro=1\nalias eight nls_utf8\n" }];
  const tree = parseModuleTree(texts, config);
  const files = [...tree.modules].map(([name, { path }]) => [name, { path, hostPath: `/host/${name}`, sizeBytes: 1 }] as const);
  const moduleFiles = { tree, files: new Map(files), firmware: new Map<string, readonly string[]>() };
  const firmware: FirmwareFiles = { found: [], missing: [], entries: [] };
  const { entries } = moduleEntries({ release: "6.1", files: moduleFiles, firmware }, { forceModules: [], denyModules: ["nls_utf8"] });
  const text = (path: string) => {
    const entry = entries.find((other) => other.path === path);
    return entry?.type === "file" && "bytes" in entry.content ? [entry.layer, new TextDecoder().decode(entry.content.bytes)] : undefined;
  };
  const dep =
    "kernel/drivers/md/raid456.ko: kernel/drivers/md/md-mod.ko\nkernel/drivers/md/md-mod.ko:\nkernel/drivers/nvme/host/nvme.ko:\n";
  const [layer, written = ""] = text("usr/lib/modules/6.1/modules.dep") ?? [];
  assert.deepEqual([layer, written.split("\n").sort()], ["tools", dep.split("\n").sort()]);
  assert.deepEqual(text("usr/lib/modules/6.1/modules.alias"), ["tools", "alias md-level-5 raid456\n"]);
  assert.deepEqual(text("etc/modprobe.d/lifeboat.conf"), ["tools", "options md_mod start_ro=1\n"]);
});
