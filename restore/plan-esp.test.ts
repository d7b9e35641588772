// EFI system partitions: mirrored ones, and copies on second disks.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import type { Disk, Layout, Machine } from "../machine/model.ts";
import { ARRAY } from "../machine/stack-for-tests.ts";
import type { StackedDevice } from "../machine/stacked-device.ts";
import { planRestore } from "./plan-restore.ts";
import { presentDisk } from "./present-disks-for-tests.ts";

const TOTALS = { paths: 1, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 };

function plan(machine: Machine) {
  const options = { map: new Map(), excluded: [], wipe: [] };
  return planRestore({ machine, manifest: { id: "web1", totals: TOTALS }, present: PRESENT, firmware: "uefi", options });
}

function changed(machine: Machine, layout: Partial<Layout>): Machine {
  return { ...machine, layout: { ...machine.layout, ...layout } };
}

const PRESENT = [
  presentDisk({ id: "sda", serial: "WX1", wwid: "naa.5000c500a1b2c3d4" }),
  presentDisk({ id: "sdb", serial: "B", wwid: "naa.b" }),
];

describe("planRestore() and EFI system partitions", () => {
  const { layout } = UEFI_MACHINE;
  const [disk] = layout.disks;
  const [efi] = layout.fileSystems;
  const partitions = disk!.table!.partitions.map((one) => ({
    ...one,
    id: one.id.replace("sda", "sdb"),
    uuid: one.uuid?.replace("00000000-", "bbbbbbbb-"),
  }));
  const second: Disk = {
    ...disk!,
    id: "sdb",
    identity: { ...disk!.identity, wwid: "naa.b", serial: "B" },
    table: { ...disk!.table!, partitions },
  };
  const bootSteps = (machine: Machine) =>
    plan(machine).steps.flatMap((step) => {
      if (step.kind === "copy-esp") return [`copy to ${step.device}`];
      return step.kind === "write-boot-entry"
        ? [`entry "${step.label}" on ${step.disk.path}${step.mountPoint === undefined ? "" : " and the removable path"}`]
        : [];
    });

  test("a twin that nothing mounts gets the files, and its entry when it had one, which is not the first", () => {
    const twin = { ...efi!, device: "sdb1", uuid: "EEEE-1234" };
    const machine = changed(UEFI_MACHINE, { disks: [disk!, second], fileSystems: [...layout.fileSystems, twin] });
    assert.deepEqual(bootSteps(machine), ['entry "debian" on /dev/sda and the removable path', "copy to /dev/sdb1"]);
    const entry = {
      number: "0007",
      label: "debian (second)",
      active: true,
      partitionUuid: partitions[0]!.uuid,
      loaderPath: "\\EFI\\debian\\shimx64.efi",
      devicePath: "",
    };
    assert.ok(machine.firmware.kind === "uefi");
    const firmware = { ...machine.firmware, entries: [...machine.firmware.entries, entry] };
    assert.deepEqual(bootSteps({ ...machine, firmware }), [
      'entry "debian (second)" on /dev/sdb',
      'entry "debian" on /dev/sda and the removable path',
      "copy to /dev/sdb1",
    ]);
    assert.ok(!plan(machine).warnings.some((line) => line.startsWith("sdb1")));
  });

  test("one that is mirrored has an entry for each of its disks", () => {
    const array: StackedDevice = { ...ARRAY, id: "md9", members: ["sda1", "sdb1"] };
    const onArray = <T extends { readonly device: string }>(one: T): T => (one.device === "sda1" ? { ...one, device: "md9" } : one);
    assert.ok(UEFI_MACHINE.bootLoader.kind === "grub");
    const machine: Machine = {
      ...changed(UEFI_MACHINE, {
        disks: [disk!, second],
        stack: [array],
        fileSystems: layout.fileSystems.map(onArray),
        mounts: layout.mounts.map(onArray),
      }),
      bootLoader: { ...UEFI_MACHINE.bootLoader, efi: { ...UEFI_MACHINE.bootLoader.efi!, device: "md9" } },
    };
    assert.deepEqual(bootSteps(machine), ['entry "debian" on /dev/sdb', 'entry "debian" on /dev/sda and the removable path']);
  });

  test("systemd-boot has its entry and its removable path as well", () => {
    const efiLoader = { mountPoint: "/boot/efi", device: "sda1", vendorDirectory: "systemd", files: ["EFI/systemd/systemd-bootx64.efi"] };
    const machine: Machine = { ...UEFI_MACHINE, bootLoader: { kind: "systemd-boot", efi: efiLoader } };
    // Another loader's entry for the same partition is not its own.
    const step = plan(machine).steps.find(({ kind }) => kind === "write-boot-entry");
    assert.ok(step?.kind === "write-boot-entry");
    assert.deepEqual([step.loaderPath, step.label, step.mountPoint], ["\\EFI\\systemd\\systemd-bootx64.efi", "systemd", "/boot/efi"]);
  });
});
