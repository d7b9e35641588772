import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileSystemDevices, makeLayout, mountsBelow, ownMounts } from "./layout.ts";
import { layoutDevices, ownDevices } from "./layout-devices.ts";
import type { FileSystemParameters } from "./file-system-parameters.ts";
import type { Disk, Layout } from "./model.ts";
import { parseFindmnt, type Mount } from "./parse-findmnt.ts";
import { flattenDevices, parseLsblk } from "./parse-lsblk.ts";
import { parseSwaps } from "./parse-swaps.ts";

function fixture(file: string): string {
  return readFileSync(join(import.meta.dirname, "fixtures/mounts/guest-with-udev", file), "utf8");
}

const tree = parseLsblk(fixture("lsblk.json"));
const mountTable = parseFindmnt(fixture("findmnt.json"));
const devices = ownDevices(layoutDevices(tree), mountTable, []);
const XFS: FileSystemParameters = { kind: "xfs", blockBytes: 4096, sectorBytes: 512, inodeBytes: 512, features: {}, naming: "version 2" };

function guest(): Layout {
  const { identity, ...facts } = {
    identity: { wwid: undefined, serial: undefined, model: undefined, driver: "virtio_blk", drivers: ["virtio_blk"] },
    removable: false,
  };
  const disk = (id: string): Disk => {
    return { ...facts, id, identity, sizeBytes: 1, logicalSectorBytes: 512, physicalSectorBytes: 512, rotational: true, table: undefined };
  };
  return makeLayout({
    disks: ["nvme0n1", "sda", "sdz", "vda"].map(disk),
    devices,
    mounts: ownMounts(mountTable, devices, flattenDevices(tree)),
    fileSystems: new Map([["vg0/home", { parameters: XFS, usedBytes: 7, usedInodes: 3 }]]),
    stack: { arrays: new Map(), luks: new Map(), lvm: undefined },
    mountTable,
    swapsInUse: parseSwaps(fixture("swaps")),
    swapFiles: [],
    fstab: [],
  });
}

test("makeLayout() lists a real guest's file systems by device, mounted or not, and no optical disc", () => {
  const { fileSystems, disks } = guest();
  assert.deepEqual(
    fileSystems.map(({ device, type, label }) => [device, type, label]),
    [
      ["md0", "ext4", "boot"],
      ["vda2", "vfat", "ESP"],
      ["vda3", "ext4", "root disk"],
      ["vdb5", "ext4", undefined],
      ["vdd", "btrfs", "pool"],
      // What lsblk did not know of, told by the mount table.
      ["vg0/home", "xfs", "home"],
      ["safe", "ext4", "vault"],
    ],
  );
  assert.deepEqual(fileSystems.find(({ device }) => device === "vg0/home")?.parameters, XFS);
  // A disk that lsblk does not have is not the machine's.
  assert.deepEqual(
    disks.map(({ id }) => id),
    ["nvme0n1", "sda", "vda"],
  );
});

test("makeLayout() keeps mounts in their order, a subvolume's and a bind mount's part of the file system with them", () => {
  assert.deepEqual(
    guest().mounts.map(({ path, device, type, fsRoot }) => [path, device, type, fsRoot]),
    [
      ["/", "vda3", "ext4", "/"],
      ["/boot", "md0", "ext4", "/"],
      ["/boot/efi", "vda2", "vfat", "/"],
      ["/home", "vg0/home", "xfs", "/"],
      ["/vault", "safe", "ext4", "/"],
      ["/data", "vdd", "btrfs", "/"],
      ["/srv", "vdd", "btrfs", "/@www"],
      ["/opt", "vg0/home", "xfs", "/"],
    ],
  );
});

test("makeLayout() gives stacked storage the model's shapes", () => {
  const { stack, swaps } = guest();
  assert.deepEqual(
    stack.map(({ kind, id }) => [kind, id]),
    [
      ["array", "md0"],
      ["luks", "safe"],
      ["volume-group", "vg0"],
      ["logical-volume", "vg0/home"],
      ["logical-volume", "vg0/swap-2"],
    ],
  );
  const [array, luks, group, volume] = stack;
  assert.deepEqual(array?.kind === "array" && [array.level, [...array.members].sort()], ["raid1", ["nvme0n1p1", "sda1"]]);
  assert.match((array?.kind === "array" && array.uuid) || "", /^[0-9a-f-]{36}$/);
  assert.deepEqual(luks?.kind === "luks" && [luks.device, luks.uuid], ["vdb6", "a652cb0d-66a5-4a0e-a09a-b106fdf49af7"]);
  assert.deepEqual(group?.kind === "volume-group" && group.physicalVolumes.map(({ device: id }) => id), ["vdc"]);
  assert.deepEqual(volume?.kind === "logical-volume" && volume.volumeGroup, "vg0");
  // The volume's content was unknown to lsblk, but it is in use.
  assert.deepEqual(
    swaps.map(({ kind, place }) => [kind, place]),
    [
      ["partition", "vdb1"],
      ["partition", "vg0/swap-2"],
    ],
  );
});

const MOUNT: Mount = {
  target: "/",
  source: "/dev/sda1",
  fsType: "ext4",
  options: ["rw"],
  label: undefined,
  uuid: undefined,
  fsRoot: "/",
  majorMinor: "8:1",
  sizeBytes: 1,
  usedBytes: 1,
};

test("ownMounts() leaves out pseudo, network and loop mounts and what is mounted over, and keeps what is on no known device", () => {
  const forest = parseLsblk(`{"blockdevices": [
    {"name": "sda", "type": "disk", "maj:min": "8:0", "children": [{"name": "sda1", "type": "part", "maj:min": "8:1", "fstype": "ext4"}]},
    {"name": "loop3", "type": "loop", "maj:min": "7:3", "fstype": "squashfs"}]}`);
  const own = layoutDevices(forest);
  const mounts: readonly Mount[] = [
    MOUNT,
    { ...MOUNT, target: "/snap/core", source: "/dev/loop3", fsType: "squashfs", majorMinor: "7:3" },
    { ...MOUNT, target: "/gone/image", source: "/dev/loop9", fsType: "ext4", majorMinor: "7:9" },
    { ...MOUNT, target: "/mnt/nfs", source: "host:/share", fsType: "nfs4", majorMinor: "0:50" },
    { ...MOUNT, target: "/run", source: "tmpfs", fsType: "tmpfs", majorMinor: "0:22" },
    { ...MOUNT, target: "/auto", source: "systemd-1", fsType: "autofs", majorMinor: "0:30" },
    { ...MOUNT, target: "/auto", fsRoot: "/sub" },
    { ...MOUNT, target: "/over" },
    { ...MOUNT, target: "/over", source: "tmpfs", fsType: "tmpfs", majorMinor: "0:60" },
    { ...MOUNT, target: "/raid", source: "/dev/mapper/mpathb", fsType: "xfs", majorMinor: "253:9" },
    { ...MOUNT, target: "/tank", source: "tank/data", fsType: "zfs", majorMinor: "0:70" },
  ];
  assert.deepEqual(
    ownMounts(mounts, own, flattenDevices(forest)).map(({ path, device, fsRoot }) => [path, device, fsRoot]),
    [
      ["/", "sda1", "/"],
      ["/auto", "sda1", "/sub"],
      ["/raid", "mpathb", "/"],
      ["/tank", "tank/data", "/"],
    ],
  );
});

test("fileSystemDevices() takes no disk for a file system that is divided, nor a part of a stack, but what is closed", () => {
  const forest = parseLsblk(`{"blockdevices": [
    {"name": "sda", "type": "disk", "fstype": "iso9660", "children": [{"name": "sda1", "type": "part", "fstype": "vfat"}]},
    {"name": "sdb", "type": "disk", "fstype": "ext4"},
    {"name": "sdc", "type": "disk", "fstype": "zfs_member"},
    {"name": "sdd", "type": "disk", "fstype": "crypto_LUKS"},
    {"name": "sde", "type": "disk", "fstype": "LVM2_member"},
    {"name": "sdf", "type": "disk", "fstype": "crypto_LUKS", "children": [{"name": "safe", "type": "crypt", "fstype": "xfs"}]}]}`);
  assert.deepEqual(
    fileSystemDevices(layoutDevices(forest)).map(({ id }) => id),
    ["sda1", "sdb", "sdc", "sdd", "safe"],
  );
});

test("makeLayout() gives what is closed no UUID: nothing makes it again", () => {
  const forest = parseLsblk(`{"blockdevices": [{"name": "sda", "type": "disk", "fstype": "crypto_LUKS", "uuid": "x", "label": "mine"}]}`);
  const facts = { disks: [], mounts: [], fileSystems: new Map(), mountTable: [], swapsInUse: [], swapFiles: [], fstab: [] };
  const stack = { arrays: new Map(), luks: new Map(), lvm: undefined };
  const { fileSystems } = makeLayout({ ...facts, devices: layoutDevices(forest), stack });
  assert.deepEqual(
    fileSystems.map(({ device, type, uuid, label }) => [device, type, uuid, label]),
    [["sda", "crypto_LUKS", undefined, "mine"]],
  );
});

test("mountsBelow() shows a machine as its own root sees it", () => {
  const mounts = ["/", "/mnt/local", "/mnt/local/boot", "/mnt/localother"].map((target) => ({ ...MOUNT, target }));
  assert.deepEqual(
    mountsBelow(mounts, "/mnt/local").map(({ target }) => target),
    ["/", "/boot"],
  );
});
