// Partition tables through the real sfdisk, on files, and back through our own reader: nothing may be lost on the way.
import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { run } from "#os/exec";
import type { Disk, Partition, PartitionTable } from "../machine/model.ts";
import { parseSfdisk } from "../machine/parse-sfdisk.ts";
import { neededDiskBytes } from "./needed-room.ts";
import { partitionScript } from "./partition-script.ts";
import { testDisk } from "./present-disks-for-tests.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-script-"));
after(() => rm(scratch, { recursive: true }));

/** sfdisk sleeps for a quarter of a second each time. */
const concurrency = 8;
const SIZE_BYTES = 64 * 2 ** 20;
let files = 0;

/** What sfdisk makes of it, as `lifeboat inspect` would read it; devices are called as in the table that was wanted. */
async function roundTrip(table: PartitionTable, sizeBytes = SIZE_BYTES): Promise<PartitionTable | undefined> {
  const path = join(scratch, `sdx${(files += 1)}_`);
  await writeFile(path, "");
  await truncate(path, sizeBytes);
  const disk = {
    name: "sdx",
    path,
    wwid: undefined,
    serial: undefined,
    model: undefined,
    driver: undefined,
    drivers: [],
    sizeBytes,
    logicalSectorBytes: 512,
  };
  await run(["sfdisk", "--quiet", "--wipe", "always", "--wipe-partitions", "always", path], { input: partitionScript(disk, table) });
  const read = parseSfdisk((await run(["sfdisk", "--json", path])).stdout);
  await rm(path);
  return read && { ...read, partitions: read.partitions.map((partition) => ({ ...partition, id: `sdx${partition.number}` })) };
}

const LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4";

function gptPartition(number: number, startSector: number, rest: Partial<Partition> = {}): Partition {
  return {
    id: `sdx${number}`,
    number,
    startSector,
    sizeSectors: 2048,
    role: "primary",
    type: LINUX,
    uuid: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    label: undefined,
    attributes: "",
    active: false,
    ...rest,
  };
}

function gpt(partitions: readonly Partition[], rest: Partial<PartitionTable> = {}): PartitionTable {
  const id = "11111111-2222-4333-8444-555555555555";
  return { kind: "gpt", id, entryCount: 128, firstSector: 34, lastSector: SIZE_BYTES / 512 - 34, partitions, ...rest };
}

function mbr(partitions: readonly Partition[], id = "0x1a2b3c4d"): PartitionTable {
  return { kind: "mbr", id, entryCount: undefined, firstSector: undefined, lastSector: undefined, partitions };
}

function mbrPartition(number: number, startSector: number, rest: Partial<Partition> = {}): Partition {
  const uuid = `1a2b3c4d-${number.toString(16).padStart(2, "0")}`;
  const role = number > 4 ? "logical" : "primary";
  return { ...gptPartition(number, startSector), type: "83", uuid, role, ...rest };
}

describe("a GPT comes back equal", { concurrency }, () => {
  const cases: Readonly<Record<string, PartitionTable>> = {
    "without partitions": gpt([]),
    "with types, names and attributes": gpt([
      gptPartition(1, 2048, { type: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", label: "EFI System", attributes: "RequiredPartition" }),
      gptPartition(2, 4096, { type: "21686148-6449-6e6f-744e-656564454649", attributes: "LegacyBIOSBootable" }),
      gptPartition(3, 6144, { label: "root", attributes: "RequiredPartition NoBlockIOProtocol LegacyBIOSBootable GUID:48,63" }),
    ]),
    "with gaps in numbers and places, and numbers out of the order on disk": gpt([
      gptPartition(2, 90_000),
      gptPartition(7, 2048),
      gptPartition(128, 50_000),
    ]),
    "with a partition from the first usable sector on, and one to the last": gpt([
      gptPartition(1, 34, { sizeSectors: 2014 }),
      gptPartition(2, SIZE_BYTES / 512 - 2081, { sizeSectors: 2048 }),
    ]),
    "with a first usable sector of its own": gpt([gptPartition(1, 4096)], { firstSector: 2048 }),
    "with 256 entries": gpt([gptPartition(200, 4096)], { entryCount: 256, firstSector: 66, lastSector: SIZE_BYTES / 512 - 66 }),
  };
  for (const [what, table] of Object.entries(cases)) {
    test(what, async () => assert.deepEqual(await roundTrip(table), table));
  }

  const names = [
    'say "hello"',
    "a, b = c; #d",
    " blanks around ",
    "back\\slash \\x41 \\n",
    "$HOME `id` 'quoted'",
    "größe Ж € 日本",
    "new\nline",
    "tab\tbell\u0007",
    "x".repeat(36),
    '"',
    "\\",
  ];
  test("with every odd name", async () => {
    const table = gpt(names.map((label, index) => gptPartition(index + 1, 2048 * (index + 1), { label })));
    assert.deepEqual(await roundTrip(table), table);
  });

  test("with any name of 36 UTF-16 units", async () => {
    const characters = fc.constantFrom(...Array.from("abc \"\\\n\t\u0001\u007fäЖ€日,=:#$`'{}[]"), "x41");
    const label = fc.string({ unit: characters, minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(label, { minLength: 20, maxLength: 20 }), async (labels) => {
        const table = gpt(labels.map((one, index) => gptPartition(index + 1, 2048 * (index + 1), { label: one })));
        assert.deepEqual(await roundTrip(table), table);
      }),
      { numRuns: 5 },
    );
  });

  test("on a disk that is larger, but for the last usable sector", async () => {
    const table = gpt([gptPartition(1, 2048)]);
    assert.deepEqual(await roundTrip(table, 2 * SIZE_BYTES), { ...table, lastSector: (2 * SIZE_BYTES) / 512 - 34 });
  });
});

describe("an MBR comes back equal", { concurrency }, () => {
  const extended = mbrPartition(4, 20_480, { type: "5", role: "extended", sizeSectors: 60_000 });
  const cases: Readonly<Record<string, PartitionTable>> = {
    "without partitions": mbr([]),
    "with four primary ones, one of them active, out of order": mbr([
      mbrPartition(1, 8192, { active: true }),
      mbrPartition(2, 2048, { type: "82" }),
      mbrPartition(3, 16_384, { type: "c" }),
      mbrPartition(4, 12_288, { type: "7" }),
    ]),
    "with two active ones": mbr([mbrPartition(1, 2048, { active: true }), mbrPartition(2, 4096, { active: true })]),
    "with gaps in the numbers": mbr([mbrPartition(2, 2048), mbrPartition(4, 8192)]),
    "with logical ones after a MiB each": mbr([
      mbrPartition(1, 2048, { active: true }),
      extended,
      mbrPartition(5, 22_528),
      mbrPartition(6, 26_624, { type: "82" }),
      mbrPartition(7, 30_720, { active: true }),
    ]),
    "with logical ones one sector behind their table, and after 63 sectors": mbr([
      { ...extended, number: 2, id: "sdx2", uuid: "1a2b3c4d-02", type: "f" },
      mbrPartition(5, 20_481),
      mbrPartition(6, 22_592),
    ]),
    "with an extended one of Linux, and none in it": mbr([{ ...extended, type: "85" }]),
    "with a signature of its own": mbr([mbrPartition(1, 2048, { uuid: "deadbeef-01" })], "0xdeadbeef"),
  };
  for (const [what, table] of Object.entries(cases)) {
    test(what, async () => assert.deepEqual(await roundTrip(table), table));
  }

  test("without a signature, which leaves its partitions without a PARTUUID", async () => {
    const table = mbr([mbrPartition(1, 2048, { uuid: undefined })], "0x00000000");
    assert.deepEqual(await roundTrip(table), table);
  });

  test("with every type that a partition can have", async () => {
    const types = Array.from({ length: 255 }, (_, index) => (index + 1).toString(16)).filter((type) => !["5", "f", "85"].includes(type));
    const chunks = Array.from({ length: Math.ceil(types.length / 30) }, (_, index) => types.slice(30 * index, 30 * index + 30));
    await Promise.all(
      chunks.map(async (chunk) => {
        const logical = chunk.map((type, index) => mbrPartition(index + 5, 22_528 + 2560 * index, { type, sizeSectors: 512 }));
        const primary = chunk.slice(0, 3).map((type, index) => mbrPartition(index + 1, 2048 * (index + 1), { type }));
        const table = mbr([...primary, { ...extended, sizeSectors: 100_000 }, ...logical]);
        assert.deepEqual(await roundTrip(table), table);
      }),
    );
  });
});

describe("neededDiskBytes() is what sfdisk needs, and one sector less is too little", { concurrency }, () => {
  const cases: Readonly<Record<string, PartitionTable>> = {
    GPT: gpt([gptPartition(1, 2048)]),
    "GPT with 256 entries": gpt([gptPartition(1, 2048)], { entryCount: 256, firstSector: 66 }),
    MBR: mbr([mbrPartition(1, 2048)]),
    "MBR with logical partitions": mbr([mbrPartition(1, 2048, { type: "5", role: "extended", sizeSectors: 8192 }), mbrPartition(5, 4096)]),
  };
  for (const [what, table] of Object.entries(cases)) {
    test(what, async () => {
      const disk: Disk = { ...testDisk({ sizeBytes: SIZE_BYTES }), table };
      const bytes = neededDiskBytes(disk);
      assert.deepEqual((await roundTrip(table, bytes))?.partitions, table.partitions);
      await assert.rejects(roundTrip(table, bytes - 512), { name: "LifeboatError", message: /^Cannot run "sfdisk"/ });
    });
  }
});
