import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { makeTemporaryDirectory, readText, writeFile } from "#os/files";
import { prepareFirmware } from "./firmware.ts";

async function vendorWith(...names: string[]) {
  const directory = await makeTemporaryDirectory();
  for (const name of names) await writeFile(join(directory.path, name), `content of ${name}`);
  return directory;
}

test("prepareFirmware() needs nothing for BIOS", async () => {
  assert.equal(await prepareFirmware({ kind: "bios" }, { workDirectory: "/nowhere" }), undefined);
});

test("prepareFirmware() copies fresh variables each time when the spec names no file", async () => {
  await using vendor = await vendorWith("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd", "OVMF_CODE_4M.ms.fd", "OVMF_VARS_4M.ms.fd");
  await using work = await makeTemporaryDirectory();
  const options = { workDirectory: work.path, vendorDirectory: vendor.path };
  const plain = await prepareFirmware({ kind: "uefi", secureBoot: false }, options);
  assert.deepEqual(plain, { code: join(vendor.path, "OVMF_CODE_4M.fd"), variables: join(work.path, "uefi-variables.fd") });
  const secure = await prepareFirmware({ kind: "uefi", secureBoot: true }, options);
  assert.equal(secure?.code, join(vendor.path, "OVMF_CODE_4M.ms.fd"));
  assert.equal(await readText(secure.variables), "content of OVMF_VARS_4M.ms.fd");
});

test("prepareFirmware() keeps the variables of a machine that names its file", async () => {
  await using vendor = await vendorWith("OVMF_CODE.fd", "OVMF_VARS.fd");
  await using work = await makeTemporaryDirectory();
  const variablesFile = join(work.path, "machine/vars.fd");
  const prepare = () =>
    prepareFirmware({ kind: "uefi", secureBoot: false, variablesFile }, { workDirectory: work.path, vendorDirectory: vendor.path });
  assert.equal((await prepare())?.variables, variablesFile);
  assert.equal(await readText(variablesFile), "content of OVMF_VARS.fd");
  await writeFile(variablesFile, "boot entries");
  await prepare();
  assert.equal(await readText(variablesFile), "boot entries");
});

test("prepareFirmware() names the package when the firmware is missing", async () => {
  await using vendor = await vendorWith("OVMF_CODE_4M.ms.fd");
  await assert.rejects(prepareFirmware({ kind: "uefi", secureBoot: true }, { workDirectory: "/nowhere", vendorDirectory: vendor.path }), {
    message: `Cannot start a UEFI machine as it needs OVMF: no "OVMF_CODE_4M.ms.fd" with its variables in "${vendor.path}"`,
    hint: 'Install the package "ovmf"',
  });
});
