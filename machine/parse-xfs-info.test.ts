import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { parseXfsInfo } from "./parse-xfs-info.ts";

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "fixtures/tools", name), "utf8");
const directory = await mkdtemp(join(tmpdir(), "lifeboat-xfs-"));
after(() => rm(directory, { recursive: true }));

test("parseXfsInfo() reads a mounted file system", () => {
  assert.deepEqual(parseXfsInfo(fixture("xfs_info-mounted")), {
    kind: "xfs",
    blockBytes: 4096,
    sectorBytes: 512,
    inodeBytes: 512,
    features: {
      projid32bit: true,
      crc: true,
      finobt: true,
      sparse: true,
      rmapbt: false,
      reflink: true,
      bigtime: true,
      inobtcount: true,
      nrext64: false,
      "ascii-ci": false,
      ftype: true,
      "lazy-count": true,
    },
    naming: "version 2",
  });
});

test("parseXfsInfo() reads the old format without checksums", () => {
  const found = parseXfsInfo(fixture("xfs_info-v4"));
  if (found?.kind !== "xfs") assert.fail("not read");
  const { crc, reflink, ftype } = found.features;
  assert.deepEqual([found.inodeBytes, crc, reflink, ftype, found.features["ascii-ci"]], [256, false, false, true, true]);
});

test("parseXfsInfo() reads back what mkfs.xfs was told, whatever the length of the device's name", async () => {
  const image = join(directory, "an image with a long name, and a size=1 in it");
  await writeFile(image, "");
  await truncate(image, 320 << 20);
  await run(["mkfs.xfs", "-q", "-s", "size=4096", "-i", "size=1024,sparse=0", "-b", "size=4096", "-m", "rmapbt=1,reflink=0", image]);
  // xfs_info is a shell script that passes such a name on.
  const found = parseXfsInfo((await run(["xfs_db", "-r", "-c", "info", image])).stdout);
  if (found?.kind !== "xfs") assert.fail("not read");
  const { sparse, rmapbt, reflink } = found.features;
  assert.deepEqual([found.sectorBytes, found.inodeBytes, sparse, rmapbt, reflink], [4096, 1024, false, true, false]);
});

test("parseXfsInfo() knows nothing of a log or realtime section on another device, nor of other texts", () => {
  const text = fixture("xfs_info-mounted");
  for (const changed of [
    text.replace("log      =internal log ", "log      =/dev/sdb1    "),
    text.replace("realtime =none     ", "realtime =/dev/sdc1"),
    "",
    "xfs_info: /mnt is not a mounted XFS filesystem\n",
  ]) {
    assert.equal(parseXfsInfo(changed), undefined);
  }
});
