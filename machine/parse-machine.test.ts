// machine.json is read back as it was written, with more than this version knows, and a lie in it is named by its field.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE, UEFI_MACHINE } from "./machine-for-tests.ts";
import type { Machine } from "./model.ts";
import { parseMachine } from "./parse-machine.ts";
import { ARRAY, GROUP, LUKS, OTHER, VOLUME } from "./stack-for-tests.ts";
import type { StackedDevice } from "./stacked-device.ts";

/** What a set holds of it. */
const written = (machine: Machine): unknown => JSON.parse(JSON.stringify(machine));
const parse = (json: unknown) => parseMachine(json, '"machine.json" of "SET"');

/** One of each kind that the model has a word for. */
const STACK: readonly StackedDevice[] = [
  ARRAY,
  { ...ARRAY, id: "md1", uuid: undefined, shape: undefined },
  GROUP,
  VOLUME,
  { ...VOLUME, form: { type: "raid", level: "raid10", dataStripes: 2, copies: 2, stripeBytes: 65536, regionBytes: 4096, on: ["md0"] } },
  { ...VOLUME, form: { type: "thin-pool", chunkBytes: 65536, metadataBytes: 4096, zero: true, discards: "passdown", on: ["md0"] } },
  { ...VOLUME, uuid: undefined, form: { type: "thin", pool: "vg0/pool", origin: undefined } },
  { ...VOLUME, form: { type: "other", word: "snapshot" } },
  LUKS,
  { ...LUKS, uuid: undefined, header: undefined, problem: "its header is cut off" },
  OTHER,
];

/** All that BIOS_MACHINE and UEFI_MACHINE have not. */
const ODD_MACHINE: Machine = {
  ...BIOS_MACHINE,
  machineId: undefined,
  layout: {
    ...BIOS_MACHINE.layout,
    stack: STACK,
    disks: BIOS_MACHINE.layout.disks.map((disk) => ({ ...disk, table: undefined })),
    fileSystems: BIOS_MACHINE.layout.fileSystems.map((one) => ({
      ...one,
      uuid: undefined,
      label: "a\nb",
      parameters: { kind: "unknown" },
    })),
    swaps: [{ kind: "file", place: "/swap file", uuid: undefined, label: undefined, sizeBytes: 4096 }],
  },
  bootLoader: { kind: "unknown", detail: "none" },
  lvm: {
    devicesFile: "/etc/lvm/devices/system.devices",
    usesDevicesFile: true,
    filters: [{ key: "filter", file: "/etc/lvm/lvm.conf", line: 7, patterns: ["r|/dev/sdb|"] }],
  },
};

type Key = string | number;
type Json = Record<Key, unknown>;

function copyWith(json: unknown, path: readonly Key[], change: (parent: Json, key: Key) => void): unknown {
  const copy = structuredClone(json);
  const parent = path.slice(0, -1).reduce((value, key) => value[key] as Json, copy as Json);
  change(parent, path.at(-1)!);
  return copy;
}

/** Of every key of every object. */
function keyPaths(value: unknown, path: readonly Key[] = []): readonly (readonly Key[])[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.entries(value).flatMap(([key, one]) => keyPaths(one, [...path, key]));
  return Array.isArray(value) ? inside : [...Object.keys(value).map((key) => [...path, key]), ...inside];
}

/** The switches of an XFS: the one place where a key is data. */
const isSwitch = (path: readonly Key[]) => path.at(-2) === "features";

describe("parseMachine() reads back", () => {
  for (const [what, machine] of Object.entries({
    "a BIOS machine": BIOS_MACHINE,
    "a UEFI machine": UEFI_MACHINE,
    "an odd one": ODD_MACHINE,
  })) {
    test(what, () => assert.deepEqual(written(parse(written(machine))), written(machine)));
  }

  test("how an ext file system is tuned", () => {
    const tuning = { strideBlocks: 16, stripeBlocks: 0, reservedUid: 5, reservedGid: 0 };
    const tuned = copyWith(
      written(BIOS_MACHINE),
      ["layout", "fileSystems", 0, "parameters", "tuning"],
      (parent) => void (parent["tuning"] = tuning),
    );
    assert.deepEqual(written(parse(tuned)), tuned);
  });

  test("what a newer version has added anywhere, by leaving it out", () => {
    for (const path of keyPaths(written(UEFI_MACHINE)).filter((one) => !isSwitch(one))) {
      const more = copyWith(written(UEFI_MACHINE), path, (parent) => void (parent["newer"] = { a: 1 }));
      assert.deepEqual(written(parse(more)), written(UEFI_MACHINE), path.join("."));
    }
  });
});

test("parseMachine() names each field that is not there, but for those that a machine need not have", () => {
  const optional = new Set<string>();
  for (const machine of [BIOS_MACHINE, UEFI_MACHINE, ODD_MACHINE].map(written)) {
    for (const path of keyPaths(machine)) {
      const less = copyWith(machine, path, (parent, key) => void delete parent[key]);
      try {
        parse(less);
        optional.add(isSwitch(path) ? "a switch" : `${path.at(-1)}`);
      } catch (error) {
        const { message, exitCode } = error as { message: string; exitCode: number };
        assert.equal(exitCode, 5);
        assert.ok(
          message.startsWith(`Cannot read "machine.json" of "SET" as it must describe a machine: ${path.join(".")}: Invalid`),
          message,
        );
      }
    }
  }
  const list =
    "a switch,devicesFile,driver,drivers,efi,entryCount,firstSector,gateway,header,images,installer,label,lastSector,loaderPath,lvm,mac,machineId,model,modules,name,partitionUuid,problem";
  const rest = "product,regionBytes,serial,shape,stripeBytes,table,usedBytes,usedInodes,uuid,vendor,versionId,wwid";
  assert.deepEqual([...optional].sort().join(), `${list},${rest}`);
});

describe("parseMachine() refuses a lie by the name of its field", () => {
  const cases: readonly (readonly [path: string, value: unknown, message: string])[] = [
    ["formatVersion", 2, "Invalid type: Expected 1 but received 2"],
    ["hostName", null, "Invalid type: Expected string but received null"],
    ["firmware.kind", "coreboot", 'Invalid type: Expected ("bios" | "uefi") but received "coreboot"'],
    ["firmware.entries.1.number", "2", 'Invalid format: Expected /^[0-9A-Fa-f]{4}$/ but received "2"'],
    ["firmware.entries.1.loaderPath", "\\EFI\\..\\..\\etc\\shadow", "it must be a path without .."],
    ["layout.disks", {}, "Invalid type: Expected Array but received Object"],
    ["layout.disks.0.sizeBytes", -1, "Invalid value: Expected >=0 but received -1"],
    ["layout.disks.0.sizeBytes", 1.5, "Invalid safe integer: Received 1.5"],
    ["layout.disks.0.sizeBytes", 1e300, "Invalid safe integer: Received 1e+300"],
    ["layout.disks.0.logicalSectorBytes", 0, "Invalid value: Expected >=1 but received 0"],
    ["layout.disks.0.table.partitions.2.number", 0, "Invalid value: Expected >=1 but received 0"],
    ["layout.disks.0.table.partitions.2.type", "83\n/dev/sdb1 : start=1", 'it must be text on one line, without "'],
    ["layout.disks.0.table.partitions.2.attributes", 'a", size="1', 'it must be text on one line, without "'],
    [
      "layout.fileSystems.1.parameters.kind",
      "zfs",
      'Invalid type: Expected ("ext" | "xfs" | "vfat" | "btrfs" | "f2fs" | "plain" | "unknown") but received "zfs"',
    ],
    ["layout.fileSystems.1.parameters.inodeCount", "many", 'Invalid type: Expected number but received "many"'],
    ["layout.fileSystems.1.uuid", "a\0b", "it must be text without zero bytes"],
    ["layout.fileSystems.2.parameters.features.crc", 1, "Invalid type: Expected boolean but received 1"],
    ["layout.mounts.1.path", "/srv/../../etc", "it must be an absolute path, without .."],
    ["layout.mounts.1.path", "srv", "it must be an absolute path, without .."],
    ["layout.swaps.0.kind", "zram", 'Invalid type: Expected ("partition" | "file") but received "zram"'],
    ["layout.swaps.0", { kind: "file", place: "/../swap", sizeBytes: 1 }, "it must be an absolute path, without .."],
    ["bootLoader.directory", "/boot/../..", "it must be an absolute path, without .."],
    ["lvm", { devicesFile: "/etc/../x", usesDevicesFile: true, filters: [] }, "it must be an absolute path, without .."],
    ["bootLoader.efi.files.0", "/EFI/debian/shimx64.efi", "it must be a relative path, without .."],
  ];
  for (const [name, value, message] of cases) {
    test(`${name} as ${JSON.stringify(value)}`, () => {
      const lie = copyWith(written(UEFI_MACHINE), name.split("."), (parent, key) => void (parent[key] = value));
      // A file's place is asked for only when all of the swap is there.
      const field = name === "layout.swaps.0" ? "layout.swaps.0.place" : name === "lvm" ? "lvm.devicesFile" : name;
      assert.throws(() => parse(lie), {
        name: "LifeboatError",
        exitCode: 5,
        message: `Cannot read "machine.json" of "SET" as it must describe a machine: ${field}: ${message}`,
      });
    });
  }

  test("what is no machine at all", () => {
    for (const json of [undefined, null, [], "machine", 1]) {
      assert.throws(() => parse(json), {
        exitCode: 5,
        message: /^Cannot read .* as it must describe a machine: (?:all of it|formatVersion): Invalid/,
      });
    }
  });
});
