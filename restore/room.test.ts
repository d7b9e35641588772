// Whether files have room is said before anything is written, and never of files that were there before.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { VOLUME } from "../machine/stack-for-tests.ts";
import type { StackedDevice, VolumeForm } from "../machine/stacked-device.ts";
import type { FileSystem, Machine, Swap } from "../machine/model.ts";
import type { CatalogueEntry } from "../set/catalogue.ts";
import { entryOf } from "./entries-for-tests.ts";
import { roomCounter } from "./room.ts";

const MIB = 2 ** 20;
const [ROOT, DATA] = BIOS_MACHINE.layout.fileSystems;

/** `/` of 100 MiB with 1,011 inodes in 0.25 MiB, `/srv` of 50 MiB. */
function machineWith(root: Partial<FileSystem> = {}, swaps: readonly Swap[] = []): Machine {
  if (ROOT?.parameters.kind !== "ext") throw new Error("the machine for tests has another root");
  const small = { ...ROOT, sizeBytes: 100 * MIB, usedBytes: undefined, parameters: { ...ROOT.parameters, inodeCount: 1011 }, ...root };
  const fileSystems = [small, { ...DATA!, sizeBytes: 50 * MIB, usedBytes: undefined }];
  return { ...BIOS_MACHINE, layout: { ...BIOS_MACHINE.layout, fileSystems, swaps } };
}

function problems(entries: readonly CatalogueEntry[], machine = machineWith()): readonly string[] {
  const room = roomCounter(machine);
  for (const entry of entries) room.add(entry);
  return room.problems();
}

const file = (path: string, sizeBytes: number) => entryOf({ path, sizeBytes, streamBytes: sizeBytes + 1536 });
const files = (directory: string, count: number, sizeBytes = 0) =>
  Array.from({ length: count }, (_, index) => file(`${directory}/${index}`, sizeBytes));

/** 99 of 100 MiB without the inode tables of 1,011 * 256 bytes. */
const ROOT_ROOM = Math.floor(100 * MIB * 0.99) - 1011 * 256;

describe("roomCounter() says", () => {
  const noRoom = (path: string, size: string, room: number, need: number) =>
    `"${path}" (${size} bytes) has room for ${room} bytes, and its files need ${need}: ${need - room} are missing`;
  const lastBlocks = Math.floor(ROOT_ROOM / 4096) * 4096;
  const cases: readonly (readonly [what: string, entries: readonly CatalogueEntry[], expected: readonly string[]])[] = [
    ["nothing of what just fits", [file("/a", lastBlocks)], []],
    ["one byte that is too much", [file("/a", lastBlocks + 1)], [noRoom("/", "ext4, 104857600", ROOT_ROOM, lastBlocks + 4096)]],
    [
      "what many small files take in blocks",
      files("/srv", 13_000, 1),
      [noRoom("/srv", "xfs, 52428800", Math.floor(50 * MIB * 0.99), 13_000 * 4096)],
    ],
    ["nothing of names that only begin like a mount", [file("/srvx/a", 60 * MIB)], []],
    [
      "nothing of 1,000 inodes, with the top directory and lost+found",
      [entryOf({ path: "/", type: "directory" }), entryOf({ path: "/lost+found", type: "directory" }), ...files("/home", 1000)],
      [],
    ],
    ["one inode too many", files("/home", 1001), ['"/" (ext4) has 1000 inodes, and its files need 1001: 1 are missing']],
    [
      "that a mount point takes an inode of the file system that it is in",
      [...files("/home", 1000), entryOf({ path: "/srv", type: "directory" })],
      ['"/" (ext4) has 1000 inodes, and its files need 1001: 1 are missing'],
    ],
    ["nothing of hard links", [...files("/home", 1000), entryOf({ path: "/x", type: "hard-link", hardlinkOf: "/home/1" })], []],
    ["nothing of holes", [entryOf({ path: "/hole", sizeBytes: 2 ** 40, isSparse: true, streamBytes: 2048 })], []],
    ["nothing of inodes on XFS, which makes them as it goes", files("/srv", 12_000), []],
  ];
  for (const [what, entries, expected] of cases) test(what, () => assert.deepEqual(problems(entries), expected));

  test("that a swap file has to have room too", () => {
    const swap: Swap = { kind: "file", place: "/srv/swap", uuid: undefined, label: undefined, sizeBytes: 49 * MIB };
    const small = file("/srv/a", MIB);
    assert.deepEqual(problems([small], machineWith({}, [swap])), [noRoom("/srv", "xfs, 52428800", Math.floor(50 * MIB * 0.99), 50 * MIB)]);
    assert.deepEqual(problems([small], machineWith({}, [{ ...swap, sizeBytes: 40 * MIB }])), []);
    assert.deepEqual(problems([small], machineWith({}, [{ ...swap, kind: "partition", place: "sda4" }])), []);
  });

  test("what small files take in clusters", () => {
    if (ROOT?.parameters.kind !== "ext") throw new Error("the machine for tests has another root");
    const machine = machineWith({ parameters: { ...ROOT.parameters, inodeCount: 1011, clusterBytes: 256 * 1024 } });
    assert.deepEqual(problems(files("/home", 500, 1), machine), [noRoom("/", "ext4, 104857600", ROOT_ROOM, 500 * 256 * 1024)]);
    assert.deepEqual(problems(files("/home", 500, 1)), []);
  });

  test("that subvolumes share a btrfs, and nothing where it is compressed", () => {
    const { layout } = machineWith();
    const [root, srv] = layout.mounts;
    const parameters: FileSystem["parameters"] = {
      kind: "btrfs",
      devices: ["sda2", "sdb2"],
      nodeBytes: 16384,
      sectorBytes: 4096,
      checksum: "crc32c",
      isMixed: false,
      dataProfile: "raid1",
      metadataProfile: "raid1",
      subvolumes: ["@", "@srv"].map((path) => ({ path, isReadOnly: false, isSnapshot: false })),
      defaultSubvolume: "",
    };
    const machine = (options: readonly string[]): Machine => ({
      ...BIOS_MACHINE,
      layout: {
        ...layout,
        fileSystems: [{ ...layout.fileSystems[0]!, type: "btrfs", parameters }],
        mounts: [
          { ...root!, fsRoot: "/@", options },
          { ...srv!, device: "sda2", fsRoot: "/@srv", options },
        ],
      },
    });
    const entries = [file("/a", 60 * MIB), file("/srv/a", 60 * MIB)];
    assert.deepEqual(problems(entries, machine([])), [noRoom("/", "btrfs, 104857600", Math.floor(100 * MIB * 0.99), 120 * MIB)]);
    assert.deepEqual(problems(entries.slice(1), machine([])), []);
    assert.deepEqual(problems(entries, machine(["compress=zstd:1"])), []);
  });

  test("that a thin pool must hold what is written to its volumes, whatever they were promised", () => {
    const { layout } = machineWith();
    const volume = (id: string, sizeBytes: number, form: VolumeForm): StackedDevice => ({ ...VOLUME, id, sizeBytes, form });
    const pool = volume("vg0/pool", 80 * MIB, {
      type: "thin-pool",
      chunkBytes: 65536,
      metadataBytes: 4 * MIB,
      zero: true,
      discards: "passdown",
      on: [],
    });
    const thin: VolumeForm = { type: "thin", pool: "vg0/pool", origin: undefined };
    const machine: Machine = {
      ...BIOS_MACHINE,
      layout: {
        ...layout,
        stack: [pool, volume("sda2", 100 * MIB, thin), volume("sda3", 50 * MIB, thin)],
      },
    };
    assert.deepEqual(problems([file("/a", 60 * MIB), file("/srv/a", MIB)], machine), []);
    assert.deepEqual(problems([file("/a", 60 * MIB), file("/srv/a", 40 * MIB)], machine), [
      `thin pool "vg0/pool" has room for ${Math.floor(80 * MIB * 0.99)} bytes, and the files of its volumes need ${100 * MIB}: ${100 * MIB - Math.floor(80 * MIB * 0.99)} are missing`,
    ]);
  });

  test("nothing of what was there before, however full it was", () => {
    assert.deepEqual(problems([file("/a", 100 * MIB - 4096)], machineWith({ usedBytes: 100 * MIB - 4096 })), []);
  });
});
