import assert from "node:assert/strict";
import { test } from "node:test";
import { areOnOneDisk } from "./luks-key.ts";

const part = (name: string) => ({ name, number: 1, startBytes: 0, sizeBytes: 1 });
const DISKS = [
  { name: "sda", partitions: [part("sda1"), part("sda2")] },
  { name: "nvme0n1", partitions: [part("nvme0n1p1")] },
  { name: "sr0", partitions: [] },
];

const cases: readonly (readonly [name: string, other: string, isOne: boolean])[] = [
  ["sda1", "sda1", true],
  ["sda1", "sda2", true],
  ["sda1", "sda", true],
  ["sda", "sda2", true],
  ["sda1", "nvme0n1p1", false],
  ["sda1", "sr0", false],
  ["nvme0n1p1", "nvme0n1", true],
  ["loop0", "loop0", true],
  ["loop0", "sda", false],
];
for (const [name, other, isOne] of cases) {
  test(`areOnOneDisk() of ${name} and ${other}: ${isOne}`, () => assert.equal(areOnOneDisk(DISKS, name, other), isOne));
}
