import assert from "node:assert/strict";
import { test } from "node:test";
import { forest, mapped, part, type Tree } from "../machine/lsblk-for-tests.ts";
import { lookAtStick, parseStickUrl, requireStick, stateOf, useOf } from "./stick.ts";

test("parseStickUrl() takes any name of a disk below /dev, and leaves other media alone", () => {
  assert.equal(parseStickUrl("usb:/dev/sdb"), "/dev/sdb");
  assert.equal(parseStickUrl("usb:/dev/disk/by-id/usb-X_1-0:0"), "/dev/disk/by-id/usb-X_1-0:0");
  assert.equal(parseStickUrl("/mnt/backup"), undefined);
  for (const text of ["usb:", "usb:sdb", "usb:/mnt", "usb:/dev/"]) {
    assert.throws(() => parseStickUrl(text), {
      exitCode: 2,
      message: `Cannot use "${text}" as a stick is named by its disk: it is no usb:/dev/sdX`,
    });
  }
});

const device = (columns: Readonly<Record<string, unknown>>, ...children: readonly Tree[]) =>
  forest({ name: "sdb", type: "disk", children, ...columns })[0]!;
const labelled = (tree: Tree, label: string): Tree => ({ ...tree, label });

const BOOT = labelled(part("sdb1", "vfat"), "LIFEBOAT");
const STORE = labelled(part("sdb2", "ext4"), "LIFEBOAT-SETS");

test("stateOf() knows a stick of ours by what is on both of its partitions", () => {
  const on = (...children: readonly Tree[]) => stateOf(device({ pttype: "dos" }, ...children));
  assert.deepEqual(on(BOOT, STORE), { kind: "ready", stick: { disk: "/dev/sdb", boot: "/dev/sdb1", store: "/dev/sdb2" } });
  assert.deepEqual(on(BOOT), { kind: "foreign", holds: "vfat LIFEBOAT" });
  assert.deepEqual(on(STORE, BOOT), { kind: "foreign", holds: "ext4 LIFEBOAT-SETS, vfat LIFEBOAT" });
  assert.deepEqual(on(BOOT, STORE, { name: "sdb3", type: "part" }), {
    kind: "foreign",
    holds: "vfat LIFEBOAT, ext4 LIFEBOAT-SETS, unknown data",
  });
});

test("stateOf() takes for blank only what has neither table nor file system", () => {
  assert.deepEqual(stateOf(device({})), { kind: "blank" });
  assert.deepEqual(stateOf(device({ fstype: "iso9660", label: "Debian" })), { kind: "foreign", holds: "iso9660 Debian" });
  assert.deepEqual(stateOf(device({ pttype: "gpt" })), { kind: "foreign", holds: "a gpt partition table" });
});

test("useOf() finds what is mounted, swapped to, or active, however deep", () => {
  const mountedAt = (place: string) => ({ mountpoints: [place] });
  assert.equal(useOf(device({}, BOOT, STORE)), undefined);
  assert.equal(useOf(device(mountedAt("/mnt"))), "/dev/sdb is mounted at /mnt");
  assert.equal(useOf(device({}, { ...STORE, ...mountedAt("[SWAP]") })), "/dev/sdb2 is swap");
  assert.equal(
    useOf(device({}, part("sdb1", "crypto_LUKS", mapped("safe", ["dm-0", "crypt"])))),
    "/dev/mapper/safe (crypt) is active on it",
  );
});

test("requireStick() refuses to read from what has no store", () => {
  const found = { node: "/dev/sdb", sizeBytes: 1, description: "" };
  assert.throws(() => requireStick({ ...found, state: { kind: "blank" } }), { exitCode: 2, message: /it is blank$/ });
  assert.throws(() => requireStick({ ...found, state: { kind: "foreign", holds: "ntfs" } }), { exitCode: 2, message: /it holds ntfs$/ });
});

test("lookAtStick() refuses what is no disk", async () => {
  await assert.rejects(lookAtStick("/dev/no-such-disk"), { exitCode: 3, message: /: it is not there$/ });
  await assert.rejects(lookAtStick("/dev/null"), { exitCode: 3, message: /: it is no disk but a part of one, or something else$/ });
});
