import assert from "node:assert/strict";
import { test } from "node:test";
import { type FirmwareNeed, firmwareFileNames, listFirmware } from "./firmware.ts";

const WIFI = [
  { key: "license", value: "GPL" },
  { key: "firmware", value: "a/b*.bin" },
];

test("firmware is listed by module, patterns kept, built-in modules told apart", () => {
  const needs = listFirmware(new Map([["wifi", [...WIFI, ...WIFI]]]), new Map([["early", [{ key: "firmware", value: "e.bin" }]]]));
  const expected: readonly FirmwareNeed[] = [
    { module: "early", builtIn: true, file: "e.bin", isPattern: false },
    { module: "wifi", builtIn: false, file: "a/b*.bin", isPattern: true },
  ];
  assert.deepEqual(needs, expected);
  assert.deepEqual(firmwareFileNames("a.bin"), ["a.bin", "a.bin.zst", "a.bin.xz"]);
});
