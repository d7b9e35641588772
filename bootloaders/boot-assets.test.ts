import assert from "node:assert/strict";
import { test } from "node:test";
import { makeDirectory, makeTemporaryDirectory, writeFile } from "#os/files";
import { findAsset, findAssets } from "./boot-assets.ts";

test("findAssets() looks through the roots in order and knows the places of several distributions", async () => {
  await using one = await makeTemporaryDirectory();
  await using two = await makeTemporaryDirectory();
  await makeDirectory(`${one.path}/usr/share/syslinux`);
  await makeDirectory(`${two.path}/usr/lib/ISOLINUX`);
  await writeFile(`${one.path}/usr/share/syslinux/ldlinux.c32`, "");
  await writeFile(`${two.path}/usr/lib/ISOLINUX/isolinux.bin`, "");
  assert.deepEqual(await findAssets(["isolinux", "ldlinux"], [`${one.path}/`, two.path]), {
    isolinux: `${two.path}/usr/lib/ISOLINUX/isolinux.bin`,
    ldlinux: `${one.path}/usr/share/syslinux/ldlinux.c32`,
  });
  assert.equal(await findAsset("shim", [one.path, two.path]), undefined);
});

test("findAssets() names every missing file and its package once", async () => {
  await using empty = await makeTemporaryDirectory();
  await assert.rejects(findAssets(["isolinux", "isohybridMbr", "shim"], [empty.path]), {
    name: "LifeboatError",
    message: `Cannot make boot media as their boot loaders must be installed: no isolinux.bin, isohdpfx.bin, shimx64.efi.signed below "${empty.path}"`,
    hint: "Install isolinux shim-signed (Debian's package names)",
    exitCode: 3,
  });
});
