import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeDirectory, writeFile } from "#os/files";
import { nameOfSet, newestNamed } from "./named-set.ts";

const share = mkdtempSync(join(tmpdir(), "lifeboat-named-"));
after(() => rmSync(share, { recursive: true }));

/** Finished as far as a list tells: what stands in the manifest is damaged. */
async function finished(directory: string): Promise<void> {
  await makeDirectory(join(share, directory));
  await writeFile(join(share, directory, "set.json"), "{}");
}

test("newestNamed() takes the newest finished set of that very name, whatever else is newer", async () => {
  await writeFile(join(share, ".lifeboat-store"), "");
  for (const time of ["20260101T000000Z", "20260301T000000Z"]) await finished(`m1-${time}`);
  await finished("m1-web-20260401T000000Z");
  await finished("m11-20260401T000000Z");
  await makeDirectory(join(share, "m1-20260501T000000Z/boot"));
  assert.equal((await newestNamed(share, { name: "m1", path: undefined }))?.path, join(share, "m1-20260301T000000Z"));
  assert.equal((await newestNamed(share, { name: "m1-web", path: undefined }))?.id, "m1-web-20260401T000000Z");
  assert.equal(await newestNamed(share, { name: "m2", path: undefined }), undefined);
});

test("newestNamed() looks in stores one level below, and where the image says that its store was", async () => {
  await makeDirectory(join(share, "below/deep"));
  for (const directory of ["below", "below/deep"]) await writeFile(join(share, directory, ".lifeboat-store"), "");
  await finished("below/deep/m3-20260101T000000Z");
  assert.equal(await newestNamed(share, { name: "m3", path: "/missing" }), undefined);
  assert.equal((await newestNamed(share, { name: "m3", path: "/below/deep" }))?.id, "m3-20260101T000000Z");
});

test("nameOfSet() takes the time away, and nothing of a name that looks like one", () => {
  assert.equal(nameOfSet("web-20260101T000000Z-20261121T194500Z"), "web-20260101T000000Z");
});
