import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { isExecutable, makeTemporaryDirectory } from "#os/files";
import { createDiskImage } from "../../qemu/disks.ts";
import { DISKS, partitionScript, KINDS } from "./recipe.ts";

const skip = (await isExecutable("/usr/bin/qemu-img")) ? false : "qemu-img is not installed";

for (const kind of KINDS) {
  test(`sfdisk makes of the ${kind} guest's disk what the recipe says, with a gap`, { skip }, async () => {
    await using directory = await makeTemporaryDirectory();
    const image = join(directory.path, "disk.img");
    const disk = DISKS[kind];
    await createDiskImage(image, disk.sizeBytes);
    await run(["sfdisk", "--quiet", "--no-reread", image], { input: partitionScript(disk) });
    const { stdout } = await run(["sfdisk", "--dump", image]);
    const made = [...stdout.matchAll(/disk\.img(\d+) : start= *(\d+), size= *(\d+)/g)].map(([, ...numbers]) => numbers.map(Number));
    assert.deepEqual(
      made,
      disk.partitions.map(({ number, startSector, sizeSectors }) => [number, startSector, sizeSectors]),
    );
    const gaps = made.slice(1).filter(([, start = 0], index) => start > made[index]![1]! + made[index]![2]!);
    assert.ok(gaps.length > 0);
  });
}
