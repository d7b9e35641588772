import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "#os/exec";
import { makeTemporaryDirectory, writeFile } from "#os/files";
import * as fc from "fast-check";
import { EPOCH, missingTools } from "./fixtures-for-tests.ts";
import { fatBytes, makeFatImage } from "./fat-image.ts";
import { directoriesOf } from "./medium-files.ts";

test("fatBytes() is room enough for any files, and makeFatImage() dates them all alike", async (context) => {
  const missing = await missingTools("mkfs.vfat", "mcopy", "mdir");
  if (missing !== undefined) return context.skip(missing);
  const name = fc.string({ unit: fc.constantFrom("a", "b", "x", "0", "9"), minLength: 1, maxLength: 30 });
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `d/${names.join("/")}.f`);
  const files = fc.uniqueArray(fc.tuple(path, fc.nat(2_000_000)), { minLength: 4, maxLength: 12, selector: ([path]) => path });
  await fc.assert(
    fc.asyncProperty(files, async (entries) => {
      await using directory = await makeTemporaryDirectory();
      const mediumFiles = entries.map(([path], index) => ({ path, source: `${directory.path}/${index}` }));
      for (const [index, [, size]] of entries.entries()) await writeFile(`${directory.path}/${index}`, new Uint8Array(size));
      const sizes = entries.map(([, size]) => size);
      const bytes = Math.max(4 * 2 ** 20, Math.ceil(fatBytes(sizes, 1, directoriesOf(mediumFiles).length) / 1024) * 1024);
      const image = `${directory.path}/fat.img`;
      await run(["truncate", "-s", String(bytes), image]);
      const format = { startSector: 0, fatBits: 16, clusterSectors: 1, label: "TEST", volumeNumber: 1, sourceDateEpoch: EPOCH } as const;
      await makeFatImage({ path: image, sizeSectors: bytes / 512, ...format }, mediumFiles);
      await run(["fsck.vfat", "-n", image]);
      const listing = (await run(["mdir", "-/", "-i", image, "::"])).stdout;
      const dates = new Set(listing.match(/\d{4}-\d\d-\d\d +\d+:\d\d/g));
      assert.deepEqual(dates, new Set(["2026-11-21  19:45"]));
    }),
    { numRuns: 4, endOnFailure: true },
  );
});
