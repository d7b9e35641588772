// Boot code for BIOS goes back where it starts the machine; on UEFI only where it can, and a note says where not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE, UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import type { GrubTools, Machine, PartitionTable } from "../machine/model.ts";
import { BIOS_BOOT_TYPE } from "./partition-types.ts";
import { biosBoot } from "./plan-bios-boot.ts";

type Grub = Extract<Machine["bootLoader"], { kind: "grub" }>;
const { biosTools } = BIOS_MACHINE.bootLoader as Grub;
const GPT = UEFI_MACHINE.layout.disks[0]!.table!;
const MBR = BIOS_MACHINE.layout.disks[0]!.table!;

/** A machine that starts by UEFI, with GRUB's boot code on its disk too. */
function uefi(table: PartitionTable | undefined, tools: GrubTools = biosTools): Machine {
  const disks = UEFI_MACHINE.layout.disks.map((disk) => ({ ...disk, table }));
  const bootLoader: Grub = { ...(UEFI_MACHINE.bootLoader as Grub), biosDisks: ["sda"], biosTools: tools };
  return { ...UEFI_MACHINE, bootLoader, layout: { ...UEFI_MACHINE.layout, disks } };
}

const withPartition = (table: PartitionTable, change: Partial<PartitionTable["partitions"][number]>): PartitionTable => {
  return { ...table, partitions: [{ ...table.partitions[0]!, ...change }, ...table.partitions.slice(1)] };
};

test("on BIOS it is every disk that has it, whatever is missing for it: the gate refuses then", () => {
  const bare: Machine = {
    ...BIOS_MACHINE,
    bootLoader: { ...(BIOS_MACHINE.bootLoader as Grub), biosTools: { installer: undefined, modules: undefined } },
  };
  for (const machine of [BIOS_MACHINE, bare]) assert.deepEqual(biosBoot(machine), { disks: ["sda"], notes: [] });
  assert.deepEqual(biosBoot({ ...BIOS_MACHINE, bootLoader: { kind: "unknown", detail: "" } }), { disks: [], notes: [] });
});

const CASES: readonly (readonly [what: string, machine: Machine, problem: string | undefined])[] = [
  ["a GPT with a BIOS boot partition", uefi(withPartition(GPT, { type: BIOS_BOOT_TYPE })), undefined],
  ["an MBR with room before its first partition", uefi(MBR), undefined],
  ["an MBR whose first partition begins at sector 63", uefi(withPartition(MBR, { startSector: 63 })), undefined],
  ["an MBR without room", uefi(withPartition(MBR, { startSector: 62 })), "there is no room for it before the first partition"],
  ["a GPT without a BIOS boot partition", uefi(GPT), "its GPT has no BIOS boot partition"],
  ["no partition table", uefi(undefined), "the disk has no partition table"],
  ["no installer", uefi(MBR, { ...biosTools, installer: undefined }), "what installs it is not on it"],
  ["no parts of GRUB for BIOS", uefi(MBR, { ...biosTools, modules: undefined }), "what installs it is not on it"],
];

for (const [what, machine, problem] of CASES) {
  test(`on UEFI with ${what} it is ${problem === undefined ? "put back" : "left away"}`, () => {
    const note = `"sda" has GRUB's boot code for BIOS too, which is not put back, as the machine starts by UEFI and ${problem}`;
    assert.deepEqual(biosBoot(machine), problem === undefined ? { disks: ["sda"], notes: [] } : { disks: [], notes: [note] });
  });
}
