// What a restore will run is known from the machine alone, and what an image lacks of it is named with the reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE, UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import { neededPrograms, programProblems } from "./needed-programs.ts";

const namesFor = (machine: typeof BIOS_MACHINE) => neededPrograms(machine).map(({ name }) => name);

test("neededPrograms() has makers of the file systems that are there, and efibootmgr for UEFI alone", () => {
  const machines = [BIOS_MACHINE, UEFI_MACHINE, { ...BIOS_MACHINE, layout: { ...BIOS_MACHINE.layout, fileSystems: [], swaps: [] } }];
  const makers = ["mke2fs", "tune2fs", "mkfs.xfs", "mkfs.fat", "mkswap", "efibootmgr"];
  assert.deepEqual(
    machines.map((machine) => makers.filter((name) => namesFor(machine).includes(name))),
    [["mke2fs", "tune2fs", "mkfs.xfs", "mkswap"], makers, []],
  );
});

test("programProblems() names what is missing and needed, why, and what for", () => {
  const missing = new Map([
    ["mkfs.f2fs", "not installed (package f2fs-tools)"],
    ["mkfs.xfs", 'Cannot take "/usr/sbin/mkfs.xfs" as its libraries must be there: libinih.so.1 is not'],
    ["mke2fs", "not installed (package e2fsprogs)"],
    ["mkfs.fat", "not installed (package dosfstools)"],
  ]);
  assert.deepEqual(programProblems(BIOS_MACHINE, missing), [
    "mke2fs, which makes ext file systems: not installed (package e2fsprogs)",
    'mkfs.xfs, which makes XFS: Cannot take "/usr/sbin/mkfs.xfs" as its libraries must be there: libinih.so.1 is not',
  ]);
  assert.deepEqual(programProblems(BIOS_MACHINE, new Map()), []);
});
