import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import type { Partition } from "./model.ts";
import { parseSfdisk } from "./parse-sfdisk.ts";

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "fixtures/tools", name), "utf8");
const directory = await mkdtemp(join(tmpdir(), "lifeboat-sfdisk-"));
after(() => rm(directory, { recursive: true }));

const PLAIN = { role: "primary", label: undefined, attributes: "", active: false } as const;
const LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4";

test("parseSfdisk() reads a GPT: types, names, attributes and UUIDs in lower case", () => {
  const partitions: readonly Partition[] = [
    {
      ...PLAIN,
      id: "gpt.img1",
      number: 1,
      startSector: 2048,
      sizeSectors: 2048,
      type: "21686148-6449-6e6f-744e-656564454649",
      uuid: "c644c5ee-3e7b-e941-b645-32d57ce32892",
      label: "BIOS boot",
    },
    {
      ...PLAIN,
      id: "gpt.img2",
      number: 2,
      startSector: 4096,
      sizeSectors: 40960,
      type: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
      uuid: "0e3f6da9-dc10-224f-980f-3576c7d61b4d",
      label: "EFI System",
      attributes: "RequiredPartition LegacyBIOSBootable GUID:63",
    },
    {
      ...PLAIN,
      id: "gpt.img3",
      number: 3,
      startSector: 45056,
      sizeSectors: 61440,
      type: LINUX,
      uuid: "d0e8476e-dc13-b046-ad1c-2a35c5725401",
      label: 'root "a\\b" ü',
    },
    {
      ...PLAIN,
      id: "gpt.img4",
      number: 4,
      startSector: 106496,
      sizeSectors: 20480,
      type: "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f",
      uuid: "5281b272-c73e-f343-84e4-21184183c80b",
    },
  ];
  assert.deepEqual(parseSfdisk(fixture("sfdisk-gpt.json")), {
    kind: "gpt",
    id: LINUX,
    entryCount: 128,
    firstSector: 2048,
    lastSector: 204766,
    partitions,
  });
});

test("parseSfdisk() reads the number of a GPT's entries where it is not the usual one", () => {
  assert.equal(parseSfdisk(fixture("sfdisk-gpt-256.json"))?.entryCount, 256);
});

test("parseSfdisk() reads an MBR: active flag, extended and logical partitions, PARTUUIDs as the kernel makes them", () => {
  const table = parseSfdisk(fixture("sfdisk-mbr.json"));
  const { partitions, ...rest } = table ?? assert.fail("no table");
  assert.deepEqual(rest, { kind: "mbr", id: "0x1a2b3c4d", entryCount: undefined, firstSector: undefined, lastSector: undefined });
  assert.deepEqual(
    partitions.map(({ number, role, type, active, uuid }) => [number, role, type, active, uuid]),
    [
      [1, "primary", "83", true, "1a2b3c4d-01"],
      [2, "primary", "c", false, "1a2b3c4d-02"],
      [3, "extended", "5", false, "1a2b3c4d-03"],
      [5, "logical", "82", false, "1a2b3c4d-05"],
      [6, "logical", "83", false, "1a2b3c4d-06"],
    ],
  );
});

test("parseSfdisk() tells a partition's number from the names of SCSI, NVMe and RAID controllers' disks", () => {
  const numberIn = (device: string, node: string) => {
    const partitions = [{ node, start: 1, size: 1, type: "83" }];
    return parseSfdisk(JSON.stringify({ partitiontable: { label: "dos", device, partitions } }))?.partitions.map(({ id, number }) => [
      id,
      number,
    ]);
  };
  assert.deepEqual(numberIn("/dev/sda", "/dev/sda12"), [["sda12", 12]]);
  assert.deepEqual(numberIn("/dev/nvme0n1", "/dev/nvme0n1p3"), [["nvme0n1p3", 3]]);
  assert.deepEqual(numberIn("/dev/cciss/c0d0", "/dev/cciss/c0d0p2"), [["cciss/c0d0p2", 2]]);
});

test("parseSfdisk() agrees with blkid on the PARTUUIDs of a table that sfdisk writes here", async (context) => {
  const image = join(directory, "disk");
  await writeFile(image, "");
  await truncate(image, 64 << 20);
  const script = "label: dos\nlabel-id: 0x00c0ffee\n,8M,83\n,,5\n,8M,83\n,8M,82\n";
  await run(["sfdisk", "-q", image], { input: script });
  const table = parseSfdisk((await run(["sfdisk", "--json", image])).stdout);
  const attached = await run(["losetup", "--find", "--show", image], { okCodes: [0, 1, 127] });
  assert.deepEqual(
    table?.partitions.map(({ number, role }) => [number, role]),
    [
      [1, "primary"],
      [2, "extended"],
      [5, "logical"],
      [6, "logical"],
    ],
  );
  if (attached.exitCode !== 0) return context.skip(`losetup cannot attach a file here: ${attached.stderr.trim()}`);
  try {
    const text = (await run(["blkid", "-p", "-o", "value", "-s", "PTUUID", attached.stdout.trim()])).stdout.trim();
    assert.equal(table.id, `0x${text}`);
    assert.equal(table.partitions[2]?.uuid, `${text}-05`);
  } finally {
    await run(["losetup", "--detach", attached.stdout.trim()]);
  }
});

test("parseSfdisk() knows no other tables", () => {
  assert.equal(parseSfdisk('{"partitiontable": {"label": "sun", "device": "/dev/sda"}}'), undefined);
});

test("parseSfdisk() says what is wrong with output that it cannot read", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /^Cannot read sfdisk's output as a JSON partition table: /],
    ["{}", /partition table: partitiontable: /],
    [
      '{"partitiontable": {"label": "gpt", "device": "a", "partitions": [{"node": "a1", "start": -1, "size": 1, "type": ""}]}}',
      /partitions\.0\.start: /,
    ],
    [
      '{"partitiontable": {"label": "gpt", "device": "a", "partitions": [{"node": "ab", "start": 1, "size": 1, "type": ""}]}}',
      /"ab" names no partition/,
    ],
  ];
  for (const [json, message] of cases) assert.throws(() => parseSfdisk(json), { name: "LifeboatError", message });
});

test("parseSfdisk() throws nothing but LifeboatError, however the output is cut or bent", () => {
  const text = fixture("sfdisk-gpt.json");
  fc.assert(
    fc.property(fc.nat(text.length), fc.constantFrom("", "null", '"', "}", "-1", "[]"), (at, put) => {
      try {
        parseSfdisk(text.slice(0, at) + put + (put === "" ? "" : text.slice(at + put.length)));
      } catch (error) {
        assert.ok(error instanceof LifeboatError, String(error));
      }
    }),
    { numRuns: 200 },
  );
});
