import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockDevice } from "../machine/block-devices.ts";
import { candidates } from "./block-search.ts";

function disk(name: string, options: Partial<BlockDevice> = {}): BlockDevice {
  const base = { name, kind: "disk", sizeBytes: 1024, removable: false, readOnly: true, model: undefined } as const;
  return { ...base, serial: undefined, driver: "ahci", partitions: [], ...options };
}

const partition = (name: string, number: number) => ({ name, number, startBytes: 0, sizeBytes: 512 });

const DEVICES: readonly BlockDevice[] = [
  disk("fd0", { kind: "floppy", sizeBytes: 0, removable: true }),
  disk("sda", { partitions: [partition("sda1", 1), partition("sda2", 2)] }),
  disk("sdaa"),
  disk("sdb", { driver: "usb-storage", partitions: [partition("sdb1", 1)] }),
  disk("sdc", { removable: true }),
  disk("sr0", { kind: "optical", removable: true, model: "QEMU DVD-ROM" }),
];

const names = (only: string | undefined) => candidates(DEVICES, only).map(({ device }) => device.slice("/dev/".length));

test("candidates() asks optical drives first, then USB and removable disks; partitions before their disk; nothing empty", () => {
  assert.deepEqual(names(undefined), ["sr0", "sdb1", "sdb", "sdc", "sda1", "sda2", "sda", "sdaa"]);
});

test("candidates() keeps to one disk with its partitions, or to one partition", () => {
  assert.deepEqual(names("/dev/sda"), ["sda1", "sda2", "sda"]);
  assert.deepEqual(names("/dev/sda2"), ["sda2"]);
  assert.deepEqual(names("/dev/sdz"), []);
});

test("candidates() describes a device for people", () => {
  assert.equal(candidates(DEVICES, "/dev/sr0")[0]?.description, "CD /dev/sr0 (QEMU DVD-ROM)");
  assert.equal(candidates(DEVICES, "/dev/sda2")[0]?.description, "disk /dev/sda2");
});
