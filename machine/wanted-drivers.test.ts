import assert from "node:assert/strict";
import { test } from "node:test";
import { wantsDriver } from "./wanted-drivers.ts";

test("wantsDriver() holds for storage, network and buses that lead there, and for nothing else", () => {
  const cases: readonly (readonly [modalias: string, wanted: boolean])[] = [
    ["pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02", true],
    ["pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i00", true],
    ["pci:v00001033d00000194sv00001AF4sd00001100bc0Csc03i30", true],
    ["pci:v00001234d00001111sv00001AF4sd00001100bc03sc00i00", false],
    ["pci:v00008086d00001237sv00001AF4sd00001100bc06sc00i00", false],
    ["virtio:d00000002v00001AF4", true],
    ["virtio:d00000012v00001AF4", false],
    ["acpi:PNP0303:", false],
    ["scsi:t-0x00", false],
  ];
  for (const [modalias, wanted] of cases) assert.equal(wantsDriver(modalias), wanted, modalias);
});
