import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseEfibootmgr } from "./parse-efibootmgr.ts";

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "fixtures/tools", name), "utf8");
const facts = (name: string) => {
  const { entries, order, current } = parseEfibootmgr(fixture(name));
  return {
    order,
    current,
    entries: entries.map((entry) => [entry.number, entry.label, entry.active, entry.partitionUuid, entry.loaderPath]),
  };
};

test("parseEfibootmgr() reads efibootmgr 12 to 17", () => {
  assert.deepEqual(facts("efibootmgr-v17"), {
    order: ["0002", "0004", "0001", "0000"],
    current: "0002",
    entries: [
      ["0000", "Windows Boot Manager", true, undefined, undefined],
      ["0001", "debian", true, "77ed79e1-ae0b-4979-827f-ad7b119d688b", "\\EFI\\DEBIAN\\shimx64.efi"],
      ["0002", "debian", true, "fe906d3a-ed18-4d9a-a6cd-41b14322b3ad", "\\EFI\\debian\\shimx64.efi"],
      ["0004", "UEFI : Built-in EFI Shell", true, undefined, undefined],
    ],
  });
});

test("parseEfibootmgr() reads efibootmgr 18: no File(), the optional data glued to the path", () => {
  const esp = "4f397bab-a928-4586-b33f-22866340cf69";
  const gentoo = "Gentoo Linux 6.17.1-gentoo-dist (UKI) on EFI system partition";
  assert.deepEqual(facts("efibootmgr-v18"), {
    order: ["0002", "0000", "0004"],
    current: "0002",
    entries: [
      ["0000", "Windows Boot Manager", true, esp, "\\EFI\\Microsoft\\Boot\\bootmgfw.efi"],
      ["0001", "UEFI Shell", false, undefined, undefined],
      ["0002", gentoo, true, esp, "\\EFI\\Linux\\af06cf44681c41b4a835b1826d936b6e-6.17.1-gentoo-dist.efi"],
      ["0004", "UEFI OS", true, esp, "\\EFI\\BOOT\\BOOTX64.EFI"],
    ],
  });
});

test("parseEfibootmgr() reads efibootmgr 11", () => {
  assert.deepEqual(facts("efibootmgr-v11"), {
    order: ["0000"],
    current: "0000",
    entries: [["0000", "steamos", true, "b1a1b6ea-3938-4d00-be43-50f768c6f589", "\\EFI\\steamos\\grubx64.efi"]],
  });
});

test("parseEfibootmgr() reads entries whose tab became blanks, and those on an MBR, which has no partition UUID", () => {
  const line = "Boot000A* My (own) HD  HD(1,MBR,0x1a2b3c4d,0x800,0x1000)/File(\\EFI\\BOOT\\BOOTX64.EFI)";
  assert.deepEqual(parseEfibootmgr(line).entries, [
    {
      number: "000A",
      label: "My (own) HD",
      active: true,
      partitionUuid: undefined,
      loaderPath: "\\EFI\\BOOT\\BOOTX64.EFI",
      devicePath: "HD(1,MBR,0x1a2b3c4d,0x800,0x1000)/File(\\EFI\\BOOT\\BOOTX64.EFI)",
    },
  ]);
});

test("parseEfibootmgr() finds nothing in other texts", () => {
  assert.deepEqual(parseEfibootmgr("EFI variables are not supported on this system.\n"), { entries: [], order: [], current: undefined });
});
