import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { run } from "#os/exec";
import { optionState, parseKernelConfig } from "./parse-kernel-config.ts";

const SAMPLE = `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 6.1.192 Kernel Configuration
#
CONFIG_CC_VERSION_TEXT="gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0"
CONFIG_SQUASHFS=m
CONFIG_DEVTMPFS=y
# CONFIG_DEVTMPFS_SAFE is not set
CONFIG_LOG_BUF_SHIFT=17
CONFIG_PHYSICAL_START=0x1000000
CONFIG_QUOTED="say \\"hi\\" and \\\\"
CONFIG_LETTER="y"
rubbish
`;

test("parseKernelConfig() tells built in, module, off, strings and numbers apart", () => {
  const config = parseKernelConfig(SAMPLE);
  assert.deepEqual(
    [...config.states],
    [
      ["CONFIG_SQUASHFS", "m"],
      ["CONFIG_DEVTMPFS", "y"],
      ["CONFIG_DEVTMPFS_SAFE", "n"],
    ],
  );
  assert.deepEqual(
    [...config.values],
    [
      ["CONFIG_CC_VERSION_TEXT", "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0"],
      ["CONFIG_LOG_BUF_SHIFT", "17"],
      ["CONFIG_PHYSICAL_START", "0x1000000"],
      ["CONFIG_QUOTED", 'say "hi" and \\'],
      ["CONFIG_LETTER", "y"],
    ],
  );
  assert.equal(optionState(config, "CONFIG_NOT_THERE"), "n");
});

test("parseKernelConfig() reads files with carriage returns, empty files and later lines that win", () => {
  assert.equal(optionState(parseKernelConfig("CONFIG_A=y\r\nCONFIG_B=m\r\n"), "CONFIG_A"), "y");
  assert.equal(parseKernelConfig("").states.size, 0);
  assert.equal(optionState(parseKernelConfig("CONFIG_A=y\n# CONFIG_A is not set\n"), "CONFIG_A"), "n");
});

test(
  "parseKernelConfig() finds in the running kernel's config exactly what grep finds",
  { skip: existsSync("/proc/config.gz") ? false : "this kernel has no /proc/config.gz" },
  async () => {
    const config = parseKernelConfig(gunzipSync(readFileSync("/proc/config.gz")).toString());
    const built = await run(["sh", "-c", "zcat /proc/config.gz | grep -c '^CONFIG_[A-Za-z0-9_]*=y$'"]);
    assert.equal([...config.states.values()].filter((state) => state === "y").length, Number(built.stdout));
    const off = await run(["sh", "-c", "zcat /proc/config.gz | grep -c '^# CONFIG.* is not set$'"]);
    assert.equal([...config.states.values()].filter((state) => state === "n").length, Number(off.stdout));
  },
);
