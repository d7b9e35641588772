import assert from "node:assert/strict";
import { mkdtempSync, openSync, readSync, rmSync, writeFileSync, closeSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { run, type Command } from "#os/exec";
import { createDiskImage } from "../qemu/disks.ts";
import { identifySuperblock, SUPERBLOCK_BYTES } from "./superblock.ts";

const directory = mkdtempSync(join(tmpdir(), "lifeboat-superblock-"));
after(() => rmSync(directory, { recursive: true }));

function head(path: string): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_BYTES);
  const file = openSync(path, "r");
  const length = readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  return bytes.subarray(0, length);
}

const MIB = 2 ** 20;
const UUID = "0f0e0d0c-0b0a-4908-8706-050403020100";

interface RealCase {
  readonly name: string;
  readonly sizeBytes: number;
  readonly make: (file: string) => Command;
  /** What we call it, where blkid has another word. */
  readonly type: string;
}

const REAL: readonly RealCase[] = [
  { name: "ext2", sizeBytes: 4 * MIB, make: (file) => ["mkfs.ext2", "-q", "-F", "-L", "backup", "-U", UUID, file], type: "ext" },
  { name: "ext4", sizeBytes: 8 * MIB, make: (file) => ["mkfs.ext4", "-q", "-F", "-L", "root disk", file], type: "ext" },
  { name: "xfs", sizeBytes: 320 * MIB, make: (file) => ["mkfs.xfs", "-q", "-f", "-L", "data", file], type: "xfs" },
  { name: "btrfs", sizeBytes: 128 * MIB, make: (file) => ["mkfs.btrfs", "-q", "-f", "-L", "pool", file], type: "btrfs" },
  { name: "fat32", sizeBytes: 64 * MIB, make: (file) => ["mkfs.vfat", "-F", "32", "-n", "STICK", file], type: "vfat" },
  { name: "fat16", sizeBytes: 16 * MIB, make: (file) => ["mkfs.vfat", "-F", "16", "-n", "ESP", file], type: "vfat" },
  { name: "fat12", sizeBytes: 2 * MIB, make: (file) => ["mkfs.vfat", "-F", "12", file], type: "vfat" },
  { name: "swap", sizeBytes: MIB, make: (file) => ["mkswap", "-q", "-L", "swap1", file], type: "swap" },
  {
    name: "luks",
    sizeBytes: 32 * MIB,
    make: (file) => [
      "cryptsetup",
      "luksFormat",
      "-q",
      "--pbkdf",
      "pbkdf2",
      "--pbkdf-force-iterations",
      "1000",
      "--key-file",
      "/etc/passwd",
      file,
    ],
    type: "luks",
  },
];

for (const { name, sizeBytes, make, type } of REAL) {
  test(`identifySuperblock() agrees with blkid on ${name}`, async () => {
    const file = join(directory, name);
    await createDiskImage(file, sizeBytes);
    await run(make(file));
    const { stdout } = await run(["blkid", "-p", "-o", "export", file]);
    const tag = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(stdout)?.[1]?.replace(/\\ /g, " ");
    assert.deepEqual(identifySuperblock(head(file)), { type, label: tag("LABEL"), uuid: tag("UUID") });
  });
}

test("identifySuperblock() knows an ISO 9660 disc and a squashfs that the real tools made", async () => {
  const tree = join(directory, "tree");
  mkdirSync(tree);
  writeFileSync(join(tree, "file"), "text");
  await run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "RESCUE", "-o", join(directory, "iso"), tree]);
  await run(["mksquashfs", tree, join(directory, "squashfs"), "-quiet", "-no-progress"]);
  assert.deepEqual(identifySuperblock(head(join(directory, "iso"))), { type: "iso9660", label: "RESCUE", uuid: undefined });
  assert.deepEqual(identifySuperblock(head(join(directory, "squashfs"))), { type: "squashfs", label: undefined, uuid: undefined });
});

/** `places` are offsets and what stands there. */
function bytesWith(...places: readonly (readonly [offset: number, content: string | readonly number[]])[]): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_BYTES);
  for (const [offset, content] of places) {
    bytes.set(typeof content === "string" ? Array.from(content, (character) => character.charCodeAt(0)) : content, offset);
  }
  return bytes;
}

const EXT_MAGIC = [0x438, [0x53, 0xef]] as const;
const MD_MAGIC = [0xfc, 0x4e, 0x2b, 0xa9];

const BY_HAND: readonly (readonly [says: string, bytes: Uint8Array, type: string | undefined])[] = [
  ["an LVM label in the fourth sector", bytesWith([3 * 512, "LABELONE"], [3 * 512 + 0x18, "LVM2 001"]), "lvm"],
  ["an md member of version 1.2, an old ext4 under it or not", bytesWith([0x1000, MD_MAGIC], EXT_MAGIC), "md"],
  ["an md member of version 1.1", bytesWith([0, MD_MAGIC]), "md"],
  ["a UDF disc without ISO 9660", bytesWith([0x8001, "BEA01"], [0x8801, "NSR02"]), "udf"],
  ["a disc with both, as ISO 9660", bytesWith([0x8001, "CD001"], [0x9001, "BEA01"]), "iso9660"],
  ["NTFS", bytesWith([3, "NTFS    "]), "ntfs"],
  ["exFAT", bytesWith([3, "EXFAT   "]), "exfat"],
  ["F2FS", bytesWith([0x400, [0x10, 0x20, 0xf5, 0xf2]]), "f2fs"],
  ["nothing on zeroes", bytesWith(), undefined],
];

for (const [says, bytes, type] of BY_HAND) {
  test(`identifySuperblock() sees ${says}`, () => assert.equal(identifySuperblock(bytes)?.type, type));
}

test("identifySuperblock() reads a label as UTF-8", () => {
  const bytes = bytesWith(EXT_MAGIC, [0x478, [0x47, 0x65, 0x72, 0xc3, 0xa4, 0x74]]);
  assert.deepEqual(identifySuperblock(bytes), { type: "ext", label: "Gerät", uuid: undefined });
});

test("identifySuperblock() takes any bytes of any length", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 2048 }), fc.nat(SUPERBLOCK_BYTES), (noise, length) => {
    const bytes = bytesWith([0x8001, "CD001"], EXT_MAGIC, [0x1000, MD_MAGIC]);
    bytes.set(noise, 0);
    identifySuperblock(bytes.subarray(0, length));
    assert.equal(identifySuperblock(new Uint8Array(length)), undefined);
  });
  fc.assert(property);
});
