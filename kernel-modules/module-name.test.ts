import assert from "node:assert/strict";
import { test } from "node:test";
import { hasModuleExtension, moduleNameOf, normalizeModuleName } from "./module-name.ts";

test("a module's name ends at the first dot and has no dashes", () => {
  const names = ["kernel/sound/snd-pcm.ko", "snd-pcm.ko.xz", "/abs/a.b.ko", "crc32c-intel"].map(moduleNameOf);
  assert.deepEqual(names, ["snd_pcm", "snd_pcm", "a", "crc32c_intel"]);
  assert.equal(normalizeModuleName("usb-storage.quirks"), "usb_storage");
});

test("kmod's four extensions make a module, nothing else does", () => {
  const names = ["a.ko", "d/a.ko.gz", "a.ko.xz", "a.ko.zst", "a.ko.lz4", ".ko", "d/.ko", "a.ko.debug", "ako"];
  assert.deepEqual(names.map(hasModuleExtension), [true, true, true, true, false, false, false, false, false]);
});
