import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { flattenDevices, parseLsblk } from "./parse-lsblk.ts";

const guest = readFileSync(join(import.meta.dirname, "fixtures/mounts/guest-with-udev/lsblk.json"), "utf8");

test("parseLsblk() reads a real tree of disks, partitions, arrays and volumes", () => {
  const devices = parseLsblk(guest);
  assert.deepEqual(
    flattenDevices(devices).map(({ path, type, fsType }) => [path, type, fsType].join(" ").trim()),
    [
      "/dev/sda disk",
      "/dev/sda1 part linux_raid_member",
      "/dev/md0 raid1 ext4",
      "/dev/sr0 rom iso9660",
      "/dev/vda disk",
      "/dev/vda1 part",
      "/dev/vda2 part vfat",
      "/dev/vda3 part ext4",
      "/dev/vdb disk",
      "/dev/vdb1 part swap",
      "/dev/vdb2 part",
      "/dev/vdb5 part ext4",
      "/dev/vdb6 part crypto_LUKS",
      "/dev/mapper/safe crypt",
      "/dev/vdc disk LVM2_member",
      "/dev/mapper/vg0-home lvm",
      "/dev/mapper/vg0-swap--2 lvm",
      "/dev/vdd disk btrfs",
      "/dev/vde disk",
      "/dev/nvme0n1 disk",
      "/dev/nvme0n1p1 part linux_raid_member",
    ],
  );
});

test("parseLsblk() gives every property of a device", () => {
  const vda = parseLsblk(guest).find((device) => device.path === "/dev/vda");
  assert.deepEqual([vda?.serial, vda?.tableType, vda?.sizeBytes, vda?.logicalSectorBytes], ["DISK-a", "gpt", 256 << 20, 512]);
  const { partitionUuid, ...esp } = vda?.children[1] ?? assert.fail("vda2 is missing");
  assert.match(partitionUuid ?? "", /^[0-9a-f-]{36}$/);
  assert.match(esp.uuid ?? "", /^[0-9A-F]{4}-[0-9A-F]{4}$/);
  assert.deepEqual(
    { ...esp, uuid: "" },
    {
      kernelName: "vda2",
      path: "/dev/vda2",
      type: "part",
      majorMinor: "254:2",
      sizeBytes: 32 << 20,
      readOnly: false,
      removable: false,
      rotational: true,
      logicalSectorBytes: 512,
      fsType: "vfat",
      label: "ESP",
      uuid: "",
      partitionType: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
      partitionLabel: "EFI System",
      tableType: "gpt",
      transport: undefined,
      model: undefined,
      serial: undefined,
      wwn: undefined,
      mountpoints: ["/boot/efi"],
      children: [],
    },
  );
});

test("parseLsblk() reads the texts that util-linux before 2.33 gave for numbers, flags and one mountpoint", () => {
  const old = `{"blockdevices": [{"name": "sda", "kname": "sda", "maj:min": "8:0  ", "rm": "0", "size": "10737418240", "ro": "1", "type": "disk",
    "mountpoint": null, "serial": " WD-1 ", "children": [{"name": "vg-root", "kname": "dm-0", "type": "lvm", "size": "4096", "mountpoint": "/"}]}]}`;
  const [sda] = parseLsblk(old);
  assert.deepEqual(
    [sda?.majorMinor, sda?.sizeBytes, sda?.readOnly, sda?.removable, sda?.serial, sda?.path, sda?.mountpoints],
    ["8:0", 10737418240, true, false, "WD-1", "/dev/sda", []],
  );
  const [root] = sda?.children ?? [];
  assert.deepEqual([root?.kernelName, root?.path, root?.sizeBytes, root?.mountpoints], ["dm-0", "/dev/mapper/vg-root", 4096, ["/"]]);
});

test("flattenDevices() names an array once although each of its members has it", () => {
  const paths = flattenDevices(parseLsblk(guest)).map((device) => device.path);
  assert.equal(guest.split('"path": "/dev/md0"').length - 1, 2);
  assert.equal(paths.filter((path) => path === "/dev/md0").length, 1);
});

test("parseLsblk() says what is wrong with output that it cannot read", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /^Cannot read lsblk's output as a JSON tree of block devices: /],
    ["{}", /block devices: blockdevices: /],
    ['{"blockdevices": [{"name": "sda"}]}', /block devices: blockdevices\.0\.type: /],
    ['{"blockdevices": [{"name": "sda", "type": "disk", "size": "10G"}]}', /block devices: blockdevices\.0\.size: /],
    [
      '{"blockdevices": [{"name": "a", "type": "disk", "children": [{"name": 1, "type": "part"}]}]}',
      /blockdevices\.0\.children\.0\.name: /,
    ],
  ];
  for (const [json, message] of cases) assert.throws(() => parseLsblk(json), { name: "LifeboatError", message });
});

test("parseLsblk() throws nothing but LifeboatError, however the output is cut or bent", () => {
  fc.assert(
    fc.property(fc.nat(guest.length), fc.constantFrom("", "null", '"', "}", "-1", "[]"), (at, put) => {
      try {
        parseLsblk(guest.slice(0, at) + put + (put === "" ? "" : guest.slice(at + put.length)));
      } catch (error) {
        assert.ok(error instanceof LifeboatError, String(error));
      }
    }),
    { numRuns: 200 },
  );
});
