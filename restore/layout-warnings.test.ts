// layoutWarnings(), a machine for each: what would be lost, and that no reason against a restore comes of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE, UEFI_MACHINE, withDisk, withLayout, withSrv, withTable } from "../machine/machine-for-tests.ts";
import type { Machine } from "../machine/model.ts";
import type { RaidArray } from "../machine/stacked-device.ts";
import { ARRAY, GROUP, VOLUME } from "../machine/stack-for-tests.ts";
import { layoutWarnings } from "./layout-warnings.ts";
import { restorableReasons } from "./restorable.ts";

test("names boot code for BIOS that a machine which starts by UEFI has no need of, and no reason comes of it", () => {
  const { bootLoader } = UEFI_MACHINE;
  assert.ok(bootLoader.kind === "grub");
  const machine: Machine = { ...UEFI_MACHINE, bootLoader: { ...bootLoader, biosDisks: ["sda"] } };
  assert.deepEqual(layoutWarnings(machine), [
    `"sda" has GRUB's boot code for BIOS too, which is not put back, as the machine starts by UEFI and what installs it is not on it`,
  ]);
  assert.deepEqual(restorableReasons(machine), []);
});

test("names what of an array is not made again", () => {
  const array: RaidArray = { ...ARRAY, members: ["sda5", "sda6"], writeMostly: ["sda5"], unkept: ["its journal on sdd1"] };
  const machine = withLayout(BIOS_MACHINE, { stack: [array] });
  assert.deepEqual(
    layoutWarnings(machine).filter((line) => line.includes("array")),
    ['array "md0" is made again without this: its journal on sdd1', 'array "md0" is made again without this: that sda5 is write-mostly'],
  );
});

test("names kernels that hold their initramfs", () => {
  const { bootLoader } = UEFI_MACHINE;
  assert.ok(bootLoader.kind === "grub" && bootLoader.efi !== undefined);
  const efi = { ...bootLoader.efi, unifiedKernels: ["EFI/Linux/debian-6.1.efi"] };
  const [warning, ...others] = layoutWarnings({ ...UEFI_MACHINE, bootLoader: { ...bootLoader, efi } });
  assert.match(warning ?? "", /^"\/boot\/efi\/EFI\/Linux\/debian-6\.1\.efi" is a kernel with its initramfs in one program/);
  assert.deepEqual(others, []);
});

test("has nothing to say of machines that come back whole", () => {
  assert.deepEqual([BIOS_MACHINE, UEFI_MACHINE].map(layoutWarnings), [[], []]);
});

test("names what is not mounted and would not be archived, and no reason comes of it", () => {
  const unmounted = withLayout(BIOS_MACHINE, {
    mounts: BIOS_MACHINE.layout.mounts.filter(({ path }) => path !== "/srv"),
    fileSystems: BIOS_MACHINE.layout.fileSystems.map((fileSystem) =>
      fileSystem.device === "sda3" ? { ...fileSystem, type: "ntfs", label: "Windows" } : fileSystem,
    ),
  });
  assert.deepEqual(restorableReasons(unmounted), []);
  assert.deepEqual(layoutWarnings(unmounted), [
    '"sda3" holds ntfs "Windows", which is not mounted: what is in it is not archived; archive --images /dev/sda3 takes an image of it',
    '"/srv" stands in /etc/fstab (UUID=b4946635-dd96-462a-a002-414401064400) and is not mounted: what is in it is not archived',
  ]);
});

test("names a ZFS pool that is not mounted, and says of one that is what becomes of its files", () => {
  const pool = { ...BIOS_MACHINE.layout.fileSystems[0]!, device: "sdb", type: "zfs_member", uuid: undefined, label: "tank" };
  const machine = withLayout(BIOS_MACHINE, { fileSystems: [...BIOS_MACHINE.layout.fileSystems, pool] });
  assert.deepEqual(layoutWarnings(machine), [
    '"sdb" holds zfs_member "tank", which is not mounted: what is in it is not archived; archive --images /dev/sdb takes an image of it',
  ]);
  const mounts = [...BIOS_MACHINE.layout.mounts, { path: "/tank", device: "tank", type: "zfs", options: [], fsRoot: "/" }];
  const fileSystems = [...machine.layout.fileSystems, { ...pool, device: "tank", type: "zfs" }];
  assert.deepEqual(layoutWarnings(withLayout(machine, { mounts, fileSystems })), [
    '"/tank" is not made again, as it is zfs: its files are in the set, and restore --only "/tank" --to DIR brings them back',
  ]);
});

test("names partitions whose content nobody knows, but not those that have none by nature", () => {
  const machine = withTable(UEFI_MACHINE, ({ partitions }) => {
    const added = ["21686148-6449-6e6f-744e-656564454649", "0fc63daf-8483-4772-8e79-3d69d8477de4"].map((type, index) => ({
      type,
      number: 5 + index,
    }));
    return { partitions: [...partitions, ...added.map((part) => ({ ...partitions[0]!, ...part, id: `sda${part.number}` }))] };
  });
  assert.deepEqual(layoutWarnings(machine), [
    '"sda6" holds nothing that Lifeboat knows: the partition is made again, what is in it is not archived; archive --images /dev/sda6 takes an image of it',
  ]);
  const images = [{ device: "sda6", method: "raw", tool: "dd", sizeBytes: 64 * 2 ** 20, file: "images/sda6" } as const];
  assert.deepEqual(layoutWarnings(withLayout(machine, { images })), []);
});

test("names an XFS that xfsprogs of today would not make, and no reason comes of it", () => {
  const [small, large] = [300 * 2 ** 20 - 1, 300 * 2 ** 20].map((sizeBytes) => withSrv({ sizeBytes }));
  assert.deepEqual(layoutWarnings(small!), [
    '"sda3" holds an XFS below 300 MiB, a size that xfsprogs no longer supports: it is made again all the same',
  ]);
  assert.deepEqual([restorableReasons(small!), layoutWarnings(large!)], [[], []]);
});

test("names disks that a restore could take for one another, and firmware that told no boot entries", () => {
  const nameless = withDisk(BIOS_MACHINE, (disk) => ({ ...disk, identity: { ...disk.identity, wwid: undefined, serial: undefined } }));
  assert.deepEqual(layoutWarnings(nameless), ['disk "sda" has neither a wwid nor a serial number: a restore knows it by its size only']);
  const twins = withLayout(BIOS_MACHINE, {
    disks: [...BIOS_MACHINE.layout.disks, ...BIOS_MACHINE.layout.disks.map((disk) => ({ ...disk, id: "sdb", table: undefined }))],
  });
  assert.deepEqual(layoutWarnings(twins), [
    'disks "sda" and "sdb" both call themselves naa.5000c500a1b2c3d4: a restore knows them by size only',
  ]);
  const mute: Machine = { ...UEFI_MACHINE, firmware: { kind: "uefi", secureBoot: false, entries: [], order: [] } };
  assert.deepEqual(layoutWarnings(mute), ["no boot entries could be read from the firmware (efibootmgr tells them: package efibootmgr)"]);
});

test("names volumes that are not active: made again in a group that is used, left out with one that is not", () => {
  const { layout } = BIOS_MACHINE;
  const group = { ...GROUP, physicalVolumes: GROUP.physicalVolumes.map((one) => ({ ...one, device: "sda3" })) };
  const asleep = { ...VOLUME, id: "vg0/asleep" };
  const used = withSrv({ device: VOLUME.id }, { stack: [group, VOLUME, asleep] });
  assert.deepEqual(layoutWarnings(used), [
    '"vg0/asleep" holds nothing that Lifeboat knows, or is not active: it is made again, what is in it is not archived',
  ]);
  const unused = withLayout(BIOS_MACHINE, {
    mounts: layout.mounts.filter(({ path }) => path !== "/srv"),
    fstab: layout.fstab.filter(({ path }) => path !== "/srv"),
    fileSystems: layout.fileSystems.filter(({ device }) => device !== "sda3"),
    stack: [{ ...group, problem: "none of its volumes is active" }, asleep],
  });
  assert.deepEqual(layoutWarnings(unused), ['not made again, and not archived: LVM group "vg0": none of its volumes is active']);
  assert.deepEqual([restorableReasons(used), restorableReasons(unused)], [[], []]);
});
