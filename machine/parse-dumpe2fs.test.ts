import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { parseDumpe2fs } from "./parse-dumpe2fs.ts";

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "fixtures/tools", name), "utf8");
const directory = await mkdtemp(join(tmpdir(), "lifeboat-dumpe2fs-"));
after(() => rm(directory, { recursive: true }));

const FEATURES =
  "has_journal ext_attr resize_inode dir_index filetype extent 64bit flex_bg sparse_super large_file huge_file dir_nlink extra_isize metadata_csum";

test("parseDumpe2fs() reads a mounted ext4, without the features that only say that it is mounted", () => {
  assert.deepEqual(parseDumpe2fs(fixture("dumpe2fs-ext4")), {
    kind: "ext",
    blockBytes: 1024,
    clusterBytes: undefined,
    inodeBytes: 256,
    inodeCount: 10240,
    features: FEATURES.split(" "),
    reservedBlocks: 409,
    maximumMountCount: 30,
    checkIntervalSeconds: 15_552_000,
    defaultMountOptions: ["journal_data_ordered", "user_xattr", "acl"],
    onErrors: "remount-ro",
  });
});

test("parseDumpe2fs() reads an ext2 without mount options and checks", () => {
  assert.deepEqual(parseDumpe2fs(fixture("dumpe2fs-ext2")), {
    kind: "ext",
    blockBytes: 1024,
    clusterBytes: undefined,
    inodeBytes: 256,
    inodeCount: 2048,
    features: ["ext_attr", "resize_inode", "dir_index", "filetype", "sparse_super", "large_file"],
    reservedBlocks: 409,
    maximumMountCount: -1,
    checkIntervalSeconds: 0,
    defaultMountOptions: [],
    onErrors: "continue",
  });
});

test("parseDumpe2fs() knows nothing of a file system with its journal elsewhere, nor of other texts", () => {
  for (const text of [fixture("dumpe2fs-external-journal"), "", "dumpe2fs: Bad magic number in super-block\n"]) {
    assert.equal(parseDumpe2fs(text), undefined);
  }
});

test("parseDumpe2fs() reads back what mkfs.ext4 and tune2fs were told", async () => {
  const image = join(directory, "image");
  await writeFile(image, "");
  await truncate(image, 32 << 20);
  await run(["mkfs.ext4", "-q", "-b", "4096", "-I", "512", "-N", "4096", "-O", "^has_journal,quota", "-e", "panic", image]);
  await run(["tune2fs", "-r", "77", "-c", "5", image]);
  const found = parseDumpe2fs((await run(["dumpe2fs", "-h", image])).stdout);
  if (found?.kind !== "ext") assert.fail("not read");
  const { blockBytes, inodeBytes, inodeCount, reservedBlocks, maximumMountCount, onErrors, features } = found;
  assert.deepEqual([blockBytes, inodeBytes, inodeCount, reservedBlocks, maximumMountCount, onErrors], [4096, 512, 4096, 77, 5, "panic"]);
  assert.deepEqual([features.includes("quota"), features.includes("has_journal")], [true, false]);
});

test("parseDumpe2fs() reads the size of clusters, which only bigalloc has", async () => {
  const clusters = async (features: string): Promise<number | undefined> => {
    const image = join(directory, features);
    await writeFile(image, "");
    await truncate(image, 64 << 20);
    await run(["mkfs.ext4", "-q", "-b", "1024", "-O", features, ...(features === "bigalloc" ? ["-C", "32768"] : []), image]);
    const found = parseDumpe2fs((await run(["dumpe2fs", "-h", image])).stdout);
    return found?.kind === "ext" ? found.clusterBytes : assert.fail("not read");
  };
  assert.deepEqual([await clusters("bigalloc"), await clusters("^bigalloc")], [32768, undefined]);
});
