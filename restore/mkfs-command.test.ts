// File systems made by the real tools as a plan asks for, and read back by the real tools: what inspect saw must be there again.
import assert from "node:assert/strict";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "#os/exec";
import type { FileSystemParameters } from "../machine/file-system-parameters.ts";
import type { FileSystem } from "../machine/model.ts";
import { parseBlkid } from "../machine/parse-blkid.ts";
import { parseDumpe2fs } from "../machine/parse-dumpe2fs.ts";
import { F2FS_HEAD_BYTES, parseF2fs } from "../machine/parse-f2fs.ts";
import { FAT_BOOT_SECTOR_BYTES, parseFat } from "../machine/parse-fat.ts";
import { parseXfsInfo } from "../machine/parse-xfs-info.ts";
import { isSmallXfs, mkfsCommands, mkswapCommand, type MkfsCommand } from "./mkfs-command.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-mkfs-"));
after(() => rm(scratch, { recursive: true }));
const concurrency = 4;
const MIB = 2 ** 20;
let files = 0;

async function blankImage(sizeMiB: number): Promise<string> {
  const path = join(scratch, `image${(files += 1)}`);
  await writeFile(path, "");
  await truncate(path, sizeMiB * MIB);
  return path;
}

/** What a file system on an image is, by the tools that `lifeboat inspect` asks. */
async function look(path: string, sizeMiB: number): Promise<FileSystem> {
  const [entry] = parseBlkid((await run(["blkid", "-p", "-o", "export", path])).stdout);
  const type = entry?.tags.get("TYPE") ?? "none";
  const base = { device: "sda1", type, uuid: entry?.tags.get("UUID"), label: entry?.tags.get("LABEL"), sizeBytes: sizeMiB * MIB };
  return { ...base, usedBytes: undefined, usedInodes: undefined, parameters: (await parametersOf(path, type)) ?? { kind: "unknown" } };
}

async function parametersOf(path: string, type: string): Promise<FileSystemParameters | undefined> {
  if (type.startsWith("ext")) return parseDumpe2fs((await run(["dumpe2fs", "-h", path])).stdout);
  if (type === "xfs") return parseXfsInfo((await run(["xfs_info", path])).stdout);
  if (type === "f2fs") return parseF2fs(await readHead(path, F2FS_HEAD_BYTES));
  return type === "vfat" ? parseFat(await readHead(path, FAT_BOOT_SECTOR_BYTES)) : undefined;
}

async function readHead(path: string, bytes: number): Promise<Uint8Array> {
  await using file = await open(path);
  const head = new Uint8Array(bytes);
  await file.read(head, 0, head.length, 0);
  return head;
}

async function runAll(commands: readonly MkfsCommand[]): Promise<void> {
  for (const command of commands) await run(command);
}

/** The original by hand, what is like it by our commands. Both are looked at in the same way. */
async function remake(sizeMiB: number, commands: readonly MkfsCommand[]) {
  const path = await blankImage(sizeMiB);
  await runAll(commands.map(([program, ...args]): MkfsCommand => [program, ...args, path]));
  const original = await look(path, sizeMiB);
  await rm(path);
  const again = await blankImage(sizeMiB);
  await runAll(mkfsCommands([again], original, true));
  await runAll(mkfsCommands([again], original));
  const made = await look(again, sizeMiB);
  await rm(again);
  return { original, made };
}

const UUID = "7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c";

describe("an ext file system comes back as it was", { concurrency }, () => {
  const cases: Readonly<Record<string, readonly [sizeMiB: number, type: string, ...commands: MkfsCommand[]]>> = {
    "ext4 as it comes": [200, "ext4", ["mke2fs", "-q", "-t", "ext4", "-U", UUID, "-L", "root"]],
    "ext4 of 3 GiB": [3000, "ext4", ["mke2fs", "-q", "-t", "ext4"]],
    "ext4 of an odd size with an odd number of inodes": [333, "ext4", ["mke2fs", "-q", "-t", "ext4", "-N", "12345"]],
    "ext4 with a label of blanks and quotes": [64, "ext4", ["mke2fs", "-q", "-t", "ext4", "-L", ` a "b' $c -d`]],
    "ext4 with a label that begins with a dash": [64, "ext4", ["mke2fs", "-q", "-t", "ext4", "-L", "-F"]],
    ext3: [64, "ext3", ["mke2fs", "-q", "-t", "ext3", "-U", UUID]],
    ext2: [64, "ext2", ["mke2fs", "-q", "-t", "ext2", "-L", "boot"]],
    "ext2 with blocks of 1 KiB and inodes of 128 bytes": [20, "ext2", ["mke2fs", "-q", "-t", "ext2", "-b", "1024", "-I", "128"]],
    "ext4 with blocks of 2 KiB and inodes of 1 KiB": [64, "ext4", ["mke2fs", "-q", "-t", "ext4", "-b", "2048", "-I", "1024"]],
    "ext4 without a journal": [64, "ext4", ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal"]],
    "ext4 as of ten years ago": [64, "ext4", ["mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum,^64bit,uninit_bg"]],
    "ext4 with encryption, verity, case folding, quota and projects": [
      64,
      "ext4",
      ["mke2fs", "-q", "-t", "ext4", "-O", "encrypt,verity,casefold,quota,project"],
    ],
    "ext4 with inline data, large directories and attributes in inodes": [
      64,
      "ext4",
      ["mke2fs", "-q", "-t", "ext4", "-O", "inline_data,large_dir,ea_inode,metadata_csum_seed"],
    ],
    "ext4 with meta_bg": [64, "ext4", ["mke2fs", "-q", "-t", "ext4", "-O", "meta_bg,^resize_inode"]],
    "ext4 with sparse_super2": [200, "ext4", ["mke2fs", "-q", "-t", "ext4", "-O", "^sparse_super,sparse_super2,^resize_inode"]],
    "ext4 with clusters of 64 KiB": [200, "ext4", ["mke2fs", "-q", "-t", "ext4", "-O", "bigalloc", "-C", "65536"]],
    "ext4 with clusters of a size that mke2fs would not take by itself": [
      300,
      "ext4",
      ["mke2fs", "-q", "-t", "ext4", "-b", "1024", "-O", "bigalloc", "-C", "2048", "-N", "3000", "-m", "3"],
    ],
    "ext4 with an orphan file": [64, "ext4", ["mke2fs", "-q", "-t", "ext4", "-O", "orphan_file"]],
    "ext4 without reserved blocks": [64, "ext4", ["mke2fs", "-q", "-t", "ext4", "-m", "0"]],
    "ext4 with an odd number of reserved blocks, checks and errors=panic": [
      64,
      "ext4",
      ["mke2fs", "-q", "-t", "ext4"],
      ["tune2fs", "-r", "777", "-c", "23", "-i", "100d", "-e", "panic"],
    ],
    "ext4 that knows its stripes, with reserved blocks of a user": [
      64,
      "ext4",
      ["mke2fs", "-q", "-t", "ext4", "-E", "stride=16,stripe-width=64"],
      ["tune2fs", "-u", "5", "-g", "60"],
    ],
    "ext4 with a small journal, flexible groups of another size and mount options of its own": [
      300,
      "ext4",
      ["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-J", "size=7", "-G", "64"],
      ["tune2fs", "-E", "hash_alg=tea,mount_opts=noatime", "-E", "stride=8,stripe_width=16"],
    ],
    "ext4 with a large journal": [300, "ext4", ["mke2fs", "-q", "-t", "ext4", "-J", "size=64"]],
    "ext4 with quotas of users and projects, and names of another encoding": [
      64,
      "ext4",
      ["mke2fs", "-q", "-t", "ext4", "-O", "casefold,quota,project", "-E", "encoding=utf8,quotatype=usrquota:prjquota"],
    ],
    "ext4 without default mount options": [64, "ext4", ["mke2fs", "-q", "-t", "ext4"], ["tune2fs", "-o", "^acl,^user_xattr"]],
    "ext4 with other default mount options": [
      64,
      "ext4",
      ["mke2fs", "-q", "-t", "ext4"],
      ["tune2fs", "-o", "^acl,journal_data_writeback,nobarrier,discard,nodelalloc,bsdgroups", "-e", "remount-ro"],
    ],
  };
  for (const [what, [sizeMiB, type, ...commands]] of Object.entries(cases)) {
    test(what, async () => {
      const { original, made } = await remake(sizeMiB, commands);
      assert.deepEqual([original.type, original.parameters.kind], [type, "ext"]);
      assert.deepEqual(made, original);
    });
  }
});

describe("an XFS comes back as it was", { concurrency }, () => {
  const cases: Readonly<Record<string, MkfsCommand>> = {
    "as it comes": ["mkfs.xfs", "-q", "-L", "data", "-m", `uuid=${UUID}`],
    "without reflink, bigtime and counted inodes": ["mkfs.xfs", "-q", "-m", "reflink=0,bigtime=0,inobtcount=0"],
    "with reverse mapping": ["mkfs.xfs", "-q", "-m", "rmapbt=1"],
    "of the old format": ["mkfs.xfs", "-q", "-m", "crc=0"],
    "of the old format without types in directories": ["mkfs.xfs", "-q", "-m", "crc=0", "-n", "ftype=0"],
    "with blocks of 2 KiB and inodes of 1 KiB": ["mkfs.xfs", "-q", "-b", "size=2048", "-i", "size=1024"],
    "with sectors of 4 KiB and no sparse inodes": ["mkfs.xfs", "-q", "-s", "size=4096", "-i", "sparse=0"],
    "with 64-bit extent counts": ["mkfs.xfs", "-q", "-i", "nrext64=1"],
  };
  for (const [what, command] of Object.entries(cases)) {
    test(what, async () => {
      const { original, made } = await remake(320, [command]);
      assert.deepEqual([original.type, original.parameters.kind], ["xfs", "xfs"]);
      assert.deepEqual(made, original);
    });
  }

  for (const sizeMiB of [20, 299, 300]) {
    test(`of ${sizeMiB} MiB, whether xfsprogs supports that size or not`, async () => {
      const { original, made } = await remake(sizeMiB, [["env", "TEST_DIR=1", "TEST_DEV=1", "QA_CHECK_FS=1", "mkfs.xfs", "-q"]]);
      assert.deepEqual([original.type, original.parameters.kind], ["xfs", "xfs"]);
      assert.deepEqual(made, original);
      assert.deepEqual([isSmallXfs(made), mkfsCommands(["/dev/sdz1"], made)[0]![0]], sizeMiB < 300 ? [true, "env"] : [false, "mkfs.xfs"]);
    });
  }
});

describe("a FAT comes back as it was", { concurrency }, () => {
  const cases: Readonly<Record<string, readonly [sizeMiB: number, command: MkfsCommand, bits: number]>> = {
    "FAT32 as an EFI system partition": [64, ["mkfs.fat", "-F", "32", "-n", "ESP", "-i", "ABCD1234"], 32],
    "FAT32 of a size that could be FAT16": [40, ["mkfs.fat", "-F", "32", "-s", "1"], 32],
    "FAT32 with large clusters": [600, ["mkfs.fat", "-F", "32", "-s", "16"], 32],
    FAT16: [64, ["mkfs.fat", "-F", "16", "-n", "TWO WORDS"], 16],
    "FAT16 without a label": [100, ["mkfs.fat", "-F", "16", "-s", "8"], 16],
    FAT12: [4, ["mkfs.fat", "-F", "12", "-i", "00000001"], 12],
    "FAT with sectors of 4 KiB": [300, ["mkfs.fat", "-F", "32", "-S", "4096"], 32],
  };
  for (const [what, [sizeMiB, command, bits]] of Object.entries(cases)) {
    test(what, async () => {
      const { original, made } = await remake(sizeMiB, [command]);
      assert.equal(original.parameters.kind === "vfat" && original.parameters.fatBits, bits);
      assert.deepEqual(made, original);
    });
  }
});

describe("an F2FS comes back as it was", { concurrency }, () => {
  const cases: Readonly<Record<string, MkfsCommand>> = {
    "as it comes": ["mkfs.f2fs", "-q", "-U", UUID],
    "with a label": ["mkfs.f2fs", "-q", "-l", "two words"],
    "with all that says more of files": [
      "mkfs.f2fs",
      "-q",
      "-O",
      "extra_attr,inode_checksum,inode_crtime,flexible_inline_xattr,project_quota,quota,compression,sb_checksum",
    ],
    "with encryption, verity and a place for what is found": ["mkfs.f2fs", "-q", "-O", "encrypt,verity,lost_found"],
    "with names of an encoding": ["mkfs.f2fs", "-q", "-O", "casefold", "-C", "utf8"],
  };
  for (const [what, command] of Object.entries(cases)) {
    test(what, async () => {
      const { original, made } = await remake(200, [command]);
      assert.deepEqual([original.type, original.parameters.kind], ["f2fs", "f2fs"]);
      assert.deepEqual(made, original);
    });
  }
});

test("swap comes back with UUID and label, and with what mkswap chooses where it had none", async () => {
  const identities = [
    { uuid: "249e68a9-c50c-45e4-9da8-d3d7d7f62d63", label: "swap one" },
    { uuid: "249e68a9-c50c-45e4-9da8-d3d7d7f62d63", label: undefined },
    { uuid: undefined, label: undefined },
  ];
  for (const { uuid, label } of identities) {
    const path = await blankImage(4);
    await run(mkswapCommand(path, { uuid, label }));
    const made = await look(path, 4);
    assert.deepEqual([made.type, made.label, uuid === undefined ? undefined : made.uuid], ["swap", label, uuid]);
  }
});

test("mkfsCommands() refuses what it does not know how to make", () => {
  const fileSystem: FileSystem = {
    device: "sda1",
    type: "btrfs",
    uuid: undefined,
    label: undefined,
    sizeBytes: MIB,
    usedBytes: undefined,
    usedInodes: undefined,
    parameters: { kind: "unknown" },
  };
  const message = 'Cannot make the file system of "/dev/sdz1" as its parameters must be known: btrfs is not rebuilt yet';
  assert.throws(() => mkfsCommands(["/dev/sdz1"], fileSystem), { name: "LifeboatError", exitCode: 3, message });
});

test("a trial of mke2fs and mkfs.xfs writes nothing", async () => {
  for (const [sizeMiB, command] of [
    [64, ["mke2fs", "-q", "-t", "ext4"]],
    [320, ["mkfs.xfs", "-q"]],
  ] as const) {
    const path = await blankImage(sizeMiB);
    await run([...command, path]);
    const original = await look(path, sizeMiB);
    const trial = await blankImage(sizeMiB);
    await runAll(mkfsCommands([trial], original, true));
    await run(["cmp", "--bytes", `${MIB}`, trial, "/dev/zero"]);
  }
});
