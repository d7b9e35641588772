import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startsGrub, startsLilo } from "./boot-sector.ts";

const grub = Uint8Array.from(readFileSync(join(import.meta.dirname, "fixtures/tools/grub-2.06-boot.img")));

/** As grub-install leaves a disk: its table kept, the drive check patched out, the place of the next stage filled in. */
function installed(): Uint8Array {
  const sector = Uint8Array.from(grub);
  sector.set([0x90, 0x90], 0x66); // GRUB_BOOT_MACHINE_DRIVE_CHECK
  sector.set([0x00, 0x08], 0x5c); // GRUB_BOOT_MACHINE_KERNEL_SECTOR
  sector.set([0x4d, 0x3c, 0x2b, 0x1a, 0, 0, 0x80, 1, 2, 3, 0x83], 0x1b8);
  return sector;
}

test("startsGrub() knows GRUB 2's boot.img, as it is packed and as it is installed", () => {
  assert.deepEqual([startsGrub(grub), startsGrub(installed())], [true, true]);
});

test("startsGrub() is false for an empty sector, one without a signature, GRUB legacy, and a piece", () => {
  const unsigned = installed();
  unsigned.set([0, 0], 510);
  // GRUB legacy's stage1 has the same messages and code at that offset.
  const legacy = installed();
  legacy.set([0xea, 0x5f], 0x5a);
  assert.deepEqual([new Uint8Array(512), unsigned, legacy, grub.subarray(0, 511), new Uint8Array()].map(startsGrub), [
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("startsLilo() knows its name where it puts it, and nothing of other sectors", () => {
  const sector = (offset: number) => {
    const bytes = new Uint8Array(512);
    bytes.set(new TextEncoder().encode("LILO"), offset);
    bytes.set([0x55, 0xaa], 510);
    return bytes;
  };
  assert.deepEqual(
    [6, 2, 7].map((offset) => startsLilo(sector(offset))),
    [true, true, false],
  );
  assert.deepEqual([installed(), new Uint8Array(512), sector(6).subarray(0, 511)].map(startsLilo), [false, false, false]);
});
