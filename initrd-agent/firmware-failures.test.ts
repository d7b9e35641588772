import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFirmwareFailures } from "./firmware-failures.ts";

test("both kernels' words are read: the upstream message and Debian's", () => {
  const log = [
    "[    2.1] e100 0000:00:03.0: firmware: failed to load e100/d101s_ucode.bin (-2)",
    "[    2.1] e100 0000:00:03.0: Direct firmware load for e100/d101s_ucode.bin failed with error -2",
    "<4>[    3.4] r8169 0000:00:04.0: Direct firmware load for rtl_nic/rtl8168e-3.fw failed with error -2",
    "[    3.5] e100 0000:00:03.0 eth0: NIC Link is Up 100 Mbps Full Duplex",
  ].join("\n");
  assert.deepEqual(parseFirmwareFailures(log), [
    { device: "e100 0000:00:03.0", name: "e100/d101s_ucode.bin" },
    { device: "r8169 0000:00:04.0", name: "rtl_nic/rtl8168e-3.fw" },
  ]);
});

test("a device that was given a file afterwards lacks nothing", () => {
  const log = [
    "[    2.1] iwlwifi 0000:02:00.0: firmware: failed to load iwlwifi-9.ucode (-2)",
    "[    2.2] iwlwifi 0000:02:00.0: firmware: direct-loading firmware iwlwifi-8.ucode",
  ].join("\n");
  assert.deepEqual(parseFirmwareFailures(log), []);
});

test("a log without a word of firmware, and a damaged one, name nothing", () => {
  for (const log of ["", "\0\0\0", "[ 1.0] Linux version 6.1.0", "firmware: failed to load", "[    2.1]"]) {
    assert.deepEqual(parseFirmwareFailures(log), [], JSON.stringify(log));
  }
});
