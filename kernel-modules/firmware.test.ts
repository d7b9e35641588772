import assert from "node:assert/strict";
import { test } from "node:test";
import { listFirmware } from "./firmware.ts";
import { parseModuleTree } from "./module-tree.ts";

const WIFI = [
  { key: "license", value: "GPL" },
  { key: "firmware", value: "a/b*.bin" },
];

test("listFirmware() gives each module's names once, patterns as they are", () => {
  const lists = listFirmware(
    new Map([
      ["wifi", [...WIFI, ...WIFI, { key: "firmware", value: "c.bin" }]],
      ["none", []],
    ]),
  );
  assert.deepEqual([...lists], [["wifi", ["a/b*.bin", "c.bin"]]]);
});

test("listFirmware() reads what built-in modules ask for", () => {
  const tree = parseModuleTree({ "modules.dep": "", "modules.builtin.modinfo": "early.license=GPL\0early.firmware=e.bin\0" });
  assert.deepEqual([...listFirmware(tree.builtins)], [["early", ["e.bin"]]]);
});
