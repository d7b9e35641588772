import assert from "node:assert/strict";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { run } from "#os/exec";
import { FAT_BOOT_SECTOR_BYTES, parseFat } from "./parse-fat.ts";

const directory = await mkdtemp(join(tmpdir(), "lifeboat-fat-"));
after(() => rm(directory, { recursive: true }));

async function makeFat(name: string, sizeBytes: number, ...words: readonly string[]): Promise<Uint8Array> {
  const image = join(directory, name);
  await writeFile(image, "");
  await truncate(image, sizeBytes);
  await run(["mkfs.vfat", ...words, image]);
  await using file = await open(image);
  const sector = new Uint8Array(FAT_BOOT_SECTOR_BYTES);
  await file.read(sector, 0, FAT_BOOT_SECTOR_BYTES, 0);
  return sector;
}

const MIB = 1 << 20;
const CASES: readonly (readonly [
  name: string,
  sizeMiB: number,
  words: readonly string[],
  bits: number,
  sector: number,
  cluster: number,
])[] = [
  ["FAT12", 4, ["-F", "12", "-s", "4"], 12, 512, 4],
  ["FAT16", 40, ["-F", "16", "-s", "4"], 16, 512, 4],
  ["FAT32", 300, ["-F", "32", "-s", "8"], 32, 512, 8],
  ["FAT32 on sectors of 4096 bytes", 300, ["-F", "32", "-S", "4096", "-s", "1"], 32, 4096, 1],
  // As installers make small EFI system partitions.
  ["FAT32 of fewer clusters than the specification wants", 33, ["-F", "32", "-s", "2"], 32, 512, 2],
];

for (const [name, sizeMiB, words, fatBits, sectorBytes, clusterSectors] of CASES) {
  test(`parseFat() reads ${name} as mkfs.vfat makes it`, async () => {
    const sector = await makeFat(name, sizeMiB * MIB, ...words);
    assert.deepEqual(parseFat(sector), { kind: "vfat", fatBits, sectorBytes, clusterSectors });
  });
}

/** A boot sector by hand: FAT16's layout with as many clusters as asked for, one sector each. */
function sectorWith(clusters: number): Uint8Array {
  const sector = new Uint8Array(512);
  const view = new DataView(sector.buffer);
  const fatSectors = Math.ceil(((clusters + 2) * 2) / 512);
  view.setUint16(11, 512, true); // BPB_BytsPerSec
  view.setUint8(13, 1); // BPB_SecPerClus
  view.setUint16(14, 1, true); // BPB_RsvdSecCnt
  view.setUint8(16, 2); // BPB_NumFATs
  view.setUint16(17, 512, true); // BPB_RootEntCnt: 32 sectors
  view.setUint16(22, fatSectors, true); // BPB_FATSz16
  view.setUint32(32, 1 + 2 * fatSectors + 32 + clusters, true); // BPB_TotSec32
  sector.set([0x55, 0xaa], 510);
  return sector;
}

test("parseFat() parts FAT12 from FAT16 at 4085 clusters, and takes no more than 65524 of them", () => {
  const bits = (clusters: number) => {
    const found = parseFat(sectorWith(clusters));
    return found?.kind === "vfat" ? found.fatBits : undefined;
  };
  assert.deepEqual([4084, 4085, 65524, 65525].map(bits), [12, 16, 16, undefined]);
});

test("parseFat() never throws, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 520 }), fc.boolean(), (bytes, sign) => {
      if (sign && bytes.length >= 512) bytes.set([0x55, 0xaa], 510);
      const found = parseFat(bytes);
      assert.ok(found === undefined || found.kind === "vfat");
    }),
  );
  assert.equal(parseFat(new Uint8Array(512)), undefined);
});
