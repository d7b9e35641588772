// Devices on the kernel's command line that are called otherwise after the restore.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE, UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import type { Machine } from "../machine/model.ts";
import { commandLineProblems, planCommandLine } from "./plan-command-line.ts";
import { planRestore } from "./plan-restore.ts";
import { devicePaths } from "./plan-stack.ts";
import type { Plan } from "./plan.ts";
import type { PresentDisk } from "./present-disk.ts";
import { ownDisk, presentDisk } from "./present-disks-for-tests.ts";
import { refuseUnattended } from "./unattended.ts";

const TOTALS = { paths: 1, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 };
const NEW = presentDisk({ id: "nvme0n1", serial: "N", driver: "nvme" });
const ROOT = "UUID=7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c";
const SRV = "UUID=b4946635-dd96-462a-a002-414401064400";
const SWAP = "UUID=249e68a9-c50c-45e4-9da8-d3d7d7f62d63";
const BY_ID = "/dev/disk/by-id/ata-QEMU_HARDDISK_WX1";

function started(words: string, machine: Machine = BIOS_MACHINE): Machine {
  return { ...machine, system: { ...machine.system, kernelCommandLine: `BOOT_IMAGE=/vmlinuz ${words} ro quiet` } };
}

function plan(machine: Machine, target: PresentDisk): Plan {
  const options = { map: new Map(), excluded: [], wipe: [] };
  return planRestore({ machine, manifest: { id: "set", totals: TOTALS }, present: [target], firmware: machine.firmware.kind, options });
}

function changes(machine: Machine, target: PresentDisk): readonly string[] {
  const { matches } = plan(machine, target);
  const steps = planCommandLine(machine, { devices: devicePaths(machine.layout, matches), matches, replaced: new Map() });
  return steps.flatMap((step) =>
    step.kind === "write-command-line"
      ? step.changes.map(({ from, now, to, withoutInitramfs }) => [from, now, to, withoutInitramfs].join(" "))
      : [],
  );
}

const MOVED = [
  `/dev/sda2 /dev/nvme0n1p2 ${ROOT} PARTUUID=1a2b3c4d-02`,
  `/dev/sda3 /dev/nvme0n1p3 ${SRV} PARTUUID=1a2b3c4d-03`,
  `/dev/sda4 /dev/nvme0n1p4 ${SWAP} PARTUUID=1a2b3c4d-04`,
];

describe("planCommandLine() puts other names in the place of", () => {
  test("all that have moved, as other entries of the boot loader may have them", () => {
    assert.deepEqual(changes(started(`root=${ROOT}`), NEW), MOVED);
    assert.deepEqual(changes(started("root=/dev/sda2 resume=/dev/sda4"), NEW), MOVED);
  });

  test("none, when all are called what they were called", () => {
    assert.deepEqual(changes(started("root=/dev/sda2 resume=/dev/sda4"), ownDisk(BIOS_MACHINE, "sda")), []);
  });

  test("links that are made of a disk's bus and serial, when it is another disk", () => {
    const path = "/dev/disk/by-path/pci-0000:00:05.0-ata-1-part4";
    assert.deepEqual(changes(started(`real_root=${BY_ID}-part2 resume=${path}`), NEW), [
      ...MOVED,
      `${BY_ID}-part2 /dev/nvme0n1p2 ${ROOT} PARTUUID=1a2b3c4d-02`,
      `${path} /dev/nvme0n1p4 ${SWAP} PARTUUID=1a2b3c4d-04`,
    ]);
  });

  test("no such link of the very same disk, though the kernel gives it another name", () => {
    const found = changes(started(`root=${BY_ID}-part2`), ownDisk(BIOS_MACHINE, "sdq"));
    assert.deepEqual(
      found.filter((line) => line.startsWith(BY_ID)),
      [],
    );
    assert.equal(found.length, 3);
  });

  test("a whole disk that has no number of a partition, by its UUID alone", () => {
    const [root] = BIOS_MACHINE.layout.fileSystems;
    const [mount] = BIOS_MACHINE.layout.mounts;
    const layout = {
      ...BIOS_MACHINE.layout,
      disks: [{ ...BIOS_MACHINE.layout.disks[0]!, table: undefined }],
      fileSystems: [{ ...root!, device: "sda" }],
      mounts: [{ ...mount!, device: "sda" }],
      swaps: [],
    };
    assert.deepEqual(changes(started("root=/dev/sda", { ...BIOS_MACHINE, layout }), NEW), [`/dev/sda /dev/nvme0n1 ${ROOT} /dev/nvme0n1`]);
  });

  test("what GRUB and the vendor's directory on the EFI system partition have", () => {
    const { steps } = plan(UEFI_MACHINE, NEW);
    const step = steps.find(({ kind }) => kind === "write-command-line");
    assert.ok(step?.kind === "write-command-line");
    assert.deepEqual(step.directories, ["/boot/grub", "/boot/efi/EFI/debian", "/boot/efi/EFI/BOOT"]);
  });
});

describe("a restore that nobody watches", () => {
  const foreign: Machine = { ...BIOS_MACHINE, bootLoader: { kind: "unknown", detail: "LILO" } };
  const [swap] = BIOS_MACHINE.layout.swaps;
  const layout = { ...BIOS_MACHINE.layout, swaps: [swap!, { ...swap!, place: "sda3" }] };
  const twoSwaps: Machine = { ...BIOS_MACHINE, layout };
  const refused: readonly (readonly [what: string, machine: Machine, problem: string])[] = [
    [
      "a boot loader that nothing here can change",
      started("root=/dev/sda2", foreign),
      "root=/dev/sda2, which is /dev/nvme0n1p2 now, and its boot loader is none that can be changed here",
    ],
    [
      "a link to the root, with such a boot loader",
      started(`root=${BY_ID}-part2`, foreign),
      `root=${BY_ID}-part2, which is /dev/nvme0n1p2 now, and its boot loader is none that can be changed here`,
    ],
    [
      "a link of which nothing tells where it led",
      started(`resume=${BY_ID}`, twoSwaps),
      `resume=${BY_ID}, which device that was is not known`,
    ],
  ];
  for (const [what, machine, problem] of refused) {
    test(`is refused for ${what}, and the plan warns of it`, () => {
      const line = `the kernel was started with ${problem}: change it in the boot loader by hand, or the machine may not start`;
      const made = plan(machine, NEW);
      assert.ok(made.warnings.includes(line), made.warnings.join("\n"));
      const message = `Cannot restore unattended as the machine must start by itself afterwards: ${line}`;
      assert.throws(() => refuseUnattended({ machine, plan: made }), { name: "LifeboatError", exitCode: 3, message });
    });
  }

  const allowed: readonly (readonly [what: string, machine: Machine, target: PresentDisk])[] = [
    ["what the boot loader's configuration can be changed to", started(`root=/dev/sda2 resume=${BY_ID}-part4`), NEW],
    ["names that hold, whatever the boot loader", started("root=/dev/sda2", foreign), ownDisk(BIOS_MACHINE, "sda")],
    ["names that the restore brings back", started("root=PARTUUID=1a2b3c4d-02 resume=/dev/disk/by-uuid/x", foreign), NEW],
    ["devices that are made of others", started("root=/dev/mapper/vg-root", foreign), NEW],
  ];
  for (const [what, machine, target] of allowed) {
    test(`is not refused for ${what}`, () => {
      const made = plan(machine, target);
      refuseUnattended({ machine, plan: made });
      assert.deepEqual(
        commandLineProblems(machine, { devices: devicePaths(machine.layout, made.matches), matches: made.matches, replaced: new Map() }),
        [],
      );
    });
  }
});
