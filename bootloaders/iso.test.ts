import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { run } from "#os/exec";
import { fileInfo, listDirectory, makeDirectory, readBytes, readText, writeFile } from "#os/files";
import { readElTorito } from "../formats/el-torito.ts";
import { GUID_BASIC_DATA, GUID_ESP, readGpt } from "../formats/gpt.ts";
import { findOnIso, readIsoFile, readIsoVolume } from "../formats/iso9660.ts";
import { readMbr } from "../formats/mbr.ts";
import { EPOCH, ISO_TOOLS, MENU, type Workshop, makeWorkshop, missingTools } from "./fixtures-for-tests.ts";
import { assembleDataIso, measureDataIso } from "./data-iso.ts";
import { assembleIso, measureIso } from "./iso.ts";
import { idGuid, volumeDate } from "./medium-ids.ts";
import { grubMenu } from "./menu-grub.ts";
import { isolinuxMenu } from "./menu-isolinux.ts";
import { bootPage } from "./menu-page.ts";

const SECTOR = 512;
const skip = (await missingTools(...ISO_TOOLS, "sfdisk", "mdir")) ?? false;
let workshop: Workshop;
let isoPath = "";
let iso: Uint8Array = new Uint8Array();

before(async () => {
  workshop = await makeWorkshop();
  if (skip !== false) return;
  isoPath = `${workshop.path}/rescue.iso`;
  const made = await assembleIso(workshop.files, MENU, { outputPath: isoPath, sourceDateEpoch: EPOCH, secureBoot: "unsigned" });
  iso = await readBytes(isoPath);
  assert.deepEqual(made, { outputPath: isoPath, sizeBytes: iso.length, signed: false });
});
after(() => workshop[Symbol.asyncDispose]());

test("measureIso() says how large it will be, with further files too, and writes nothing", { skip }, async () => {
  const options = { sourceDateEpoch: EPOCH, secureBoot: "unsigned" } as const;
  assert.equal(await measureIso(workshop.files, MENU, options), iso.length);
  const extraFiles = [{ path: "set/data", source: workshop.files.kernelPath }];
  const outputPath = `${workshop.path}/measured.iso`;
  const measured = await measureIso(workshop.files, MENU, { ...options, extraFiles });
  assert.equal(await fileInfo(outputPath), undefined);
  assert.equal((await assembleIso(workshop.files, MENU, { ...options, extraFiles, outputPath })).sizeBytes, measured);
});

test("an ISO of files alone has them, its label and an id of its own, and is as large as it was measured", { skip }, async () => {
  const outputPath = `${workshop.path}/data.iso`;
  const files = [{ path: "set/data", source: workshop.files.kernelPath }];
  const options = { outputPath, volumeId: "LIFEBOAT_2", sourceDateEpoch: EPOCH, seed: "set 2", files };
  const measured = await measureDataIso(options);
  assert.equal(await assembleDataIso(options), measured);
  const data = await readBytes(outputPath);
  assert.equal(data.length, measured);
  assert.equal(readIsoVolume(data).volumeId.trim(), "LIFEBOAT_2");
  assert.equal(readIsoVolume(data).modificationDate, volumeDate(EPOCH, "set 2"));
  assert.deepEqual(readIsoFile(data, findOnIso(data, "set/data")!), await readBytes(workshop.files.kernelPath));
  await assert.rejects(assembleDataIso(options), { exitCode: 3, message: /as existing files are kept/ });
});

test("the ISO has boot code, a protective MBR with an active entry, and a GPT without faults", { skip }, async () => {
  const mbr = readMbr(iso);
  assert.deepEqual([mbr.hasSignature, mbr.hasBootCode], [true, true]);
  const [protective, active] = mbr.partitions;
  assert.deepEqual(protective, { active: false, type: 0xee, startLba: 1, sectorCount: iso.length / SECTOR - 1 });
  assert.deepEqual(active, { active: true, type: 0, startLba: 0, sectorCount: 1 });
  const gpt = readGpt(iso);
  assert.deepEqual(gpt?.problems, []);
  assert.deepEqual(
    gpt?.primary.partitions.slice(0, 2).map(({ name, typeGuid, firstLba }) => ({ name, typeGuid, isFirst: firstLba === 64 })),
    [
      { name: "ISO9660", typeGuid: GUID_BASIC_DATA, isFirst: true },
      { name: "Appended2", typeGuid: GUID_ESP, isFirst: false },
    ],
  );
  assert.match((await run(["sfdisk", "--verify", isoPath])).stdout, /No errors detected/);
});

test("the ISO's two El Torito entries are ISOLINUX and the EFI system partition of the GPT", { skip }, () => {
  const entries = readElTorito(iso)?.entries ?? [];
  assert.deepEqual(
    entries.map(({ platform, bootable, media }) => ({ platform, bootable, media })),
    [
      { platform: "bios", bootable: true, media: "no-emulation" },
      { platform: "uefi", bootable: true, media: "no-emulation" },
    ],
  );
  const esp = readGpt(iso)?.primary.partitions.find(({ typeGuid }) => typeGuid === GUID_ESP);
  assert.equal((entries[1]?.loadLba ?? 0) * 4, esp?.firstLba);
  assert.equal(entries[1]?.sectorCount, (esp?.lastLba ?? 0) - (esp?.firstLba ?? 0) + 1);
});

test("the ISO holds the rescue image, its build id, and the menus of both loaders", { skip }, async () => {
  const { files } = workshop;
  const text = (path: string) => new TextDecoder().decode(bytesOf(path));
  assert.deepEqual(bytesOf("lifeboat/vmlinuz"), await readBytes(files.kernelPath));
  assert.deepEqual(bytesOf("lifeboat/initramfs.img"), await readBytes(files.initramfsPath));
  assert.deepEqual(bytesOf("lifeboat/tools.squashfs"), await readBytes(files.toolsPath));
  assert.equal(text("lifeboat/build-id"), "20261121-0a1b2c\n");
  assert.equal(text("lifeboat/id-20261121-0a1b2c"), "6.1.0-test\n");
  assert.equal(text("isolinux/isolinux.cfg"), isolinuxMenu(MENU));
  assert.equal(text("isolinux/boot.msg"), bootPage(MENU, files.buildId));
  assert.equal(text("boot/grub/grub.cfg"), grubMenu(MENU, files.buildId));
  assert.ok(bytesOf("isolinux/ldlinux.c32").length > 0);
  assert.equal(readIsoVolume(iso).volumeId.trim(), "LIFEBOAT");
});

test("the EFI system partition is a clean FAT that fits, with the same menu and the same loader as the ISO's tree", { skip }, async () => {
  const esp = readGpt(iso)?.primary.partitions.find(({ typeGuid }) => typeGuid === GUID_ESP);
  assert.ok(esp);
  const espPath = `${workshop.path}/esp.img`;
  await writeFile(espPath, iso.subarray(esp.firstLba * SECTOR, (esp.lastLba + 1) * SECTOR));
  await run(["fsck.vfat", "-n", espPath]);
  const listing = (await run(["mdir", "-/", "-b", "-i", espPath, "::"])).stdout;
  assert.deepEqual(listing.trim().split("\n").sort(), [
    "::/EFI/",
    "::/EFI/BOOT/",
    "::/EFI/BOOT/BOOTX64.EFI",
    "::/boot/",
    "::/boot/grub/",
    "::/boot/grub/grub.cfg",
  ]);
  for (const path of ["EFI/BOOT/BOOTX64.EFI", "boot/grub/grub.cfg"]) {
    await run(["mcopy", "-n", "-i", espPath, `::/${path}`, `${workshop.path}/copy`], { env: { MTOOLS_SKIP_CHECK: "1" } });
    assert.deepEqual(await readBytes(`${workshop.path}/copy`), bytesOf(path), path);
    await run(["rm", `${workshop.path}/copy`]);
  }
});

test("assembleIso() gives the same bytes from another copy of the files, two seconds later", { skip }, async () => {
  // FAT counts time in steps of two seconds.
  await run(["sleep", "2"]);
  await using other = await makeWorkshop();
  await run(["touch", "-d", "2001-02-03", other.files.kernelPath, other.files.toolsPath]);
  const outputPath = `${other.path}/again.iso`;
  await assembleIso(other.files, MENU, { outputPath, sourceDateEpoch: EPOCH, secureBoot: "unsigned" });
  assert.equal(Buffer.compare(await readBytes(outputPath), iso), 0);
});

test("assembleIso() gives each build ids of its own, for the disk, its partitions and the file system", { skip }, async () => {
  const outputPath = `${workshop.path}/another.iso`;
  const options = { outputPath, sourceDateEpoch: EPOCH, secureBoot: "unsigned" } as const;
  await assembleIso({ ...workshop.files, buildId: "another" }, MENU, options);
  const other = await readBytes(outputPath);
  const ids = (bytes: Uint8Array) => {
    const gpt = readGpt(bytes)?.primary;
    return [gpt?.diskGuid, ...(gpt?.partitions ?? []).map(({ uniqueGuid }) => uniqueGuid), readIsoVolume(bytes).modificationDate];
  };
  const [own, others] = [ids(iso), ids(other)];
  assert.equal(new Set([...own, ...others]).size, own.length + others.length, `${own.join()} ${others.join()}`);
  assert.equal(readIsoVolume(iso).modificationDate, volumeDate(EPOCH, workshop.files.buildId));
  assert.equal(readGpt(iso)?.primary.diskGuid, idGuid(`disk ${workshop.files.buildId}`).toUpperCase());
  const { stdout } = await run(["blkid", "-p", "-o", "value", "-s", "UUID", isoPath]);
  assert.equal(stdout.trim().replace(/-/g, ""), volumeDate(EPOCH, workshop.files.buildId));
});

test("the isohybrid layout has plain MBR partitions, the second one the EFI system partition", { skip }, async () => {
  const outputPath = `${workshop.path}/isohybrid.iso`;
  const options = { outputPath, sourceDateEpoch: EPOCH, secureBoot: "unsigned", layout: "isohybrid" } as const;
  await assembleIso(workshop.files, MENU, options);
  const mbr = readMbr(await readBytes(outputPath));
  assert.deepEqual(
    mbr.partitions.map(({ active, type }) => ({ active, type })),
    [
      { active: true, type: 0 },
      { active: false, type: 0xef },
      { active: false, type: 0 },
      { active: false, type: 0 },
    ],
  );
});

test("assembleIso() lays out signed files as the shim wants them, and says that it did", { skip }, async () => {
  const { path } = workshop;
  for (const name of ["shim", "grub", "mok"]) await writeFile(`${path}/${name}`, `${name} signed`);
  const signedFiles = { shim: `${path}/shim`, grub: `${path}/grub`, mokManager: `${path}/mok` };
  const outputPath = `${path}/signed.iso`;
  const made = await assembleIso(workshop.files, MENU, { outputPath, sourceDateEpoch: EPOCH, secureBoot: "signed", signedFiles });
  assert.equal(made.signed, true);
  const signed = await readBytes(outputPath);
  for (const [place, name] of [
    ["BOOTX64.EFI", "shim"],
    ["grubx64.efi", "grub"],
    ["mmx64.efi", "mok"],
  ] as const) {
    const entry = findOnIso(signed, `EFI/BOOT/${place}`);
    assert.equal(new TextDecoder().decode(entry && readIsoFile(signed, entry)), `${name} signed`);
  }
});

test("assembleIso() refuses bad input before it writes anything", { skip }, async () => {
  const { files, path } = workshop;
  const options = { outputPath: `${path}/refused.iso`, sourceDateEpoch: EPOCH, secureBoot: "unsigned" } as const;
  await makeDirectory(`${path}/empty`);
  const cases = [
    [() => assembleIso(files, MENU, { ...options, outputPath: isoPath }), /as existing files are kept: it exists already/],
    [
      () => assembleIso({ ...files, toolsPath: `${path}/none` }, MENU, options),
      /Cannot put ".*\/none" on the medium as it must be a file: there is none/,
    ],
    [() => assembleIso({ ...files, kernelPath: path }, MENU, options), /as it must be a file: directory/],
    [() => assembleIso({ ...files, buildId: "a/b" }, MENU, options), /Cannot name the medium as a build id/],
    [() => assembleIso(files, { ...MENU, defaultMode: "nuke" }, options), /no consent was given/],
    [() => assembleIso(files, MENU, { ...options, volumeId: "lower case" }), /Cannot name the ISO/],
    [() => assembleIso(files, MENU, { ...options, sourceDateEpoch: 1 }), /Cannot date the medium/],
    [() => assembleIso(files, MENU, { ...options, assetRoots: [`${path}/empty`] }), /boot loaders must be installed: no isolinux\.bin/],
    [() => assembleIso(files, MENU, { ...options, outputPath: `${path}/no/such/dir/x.iso` }), /Cannot measure/],
  ] as const;
  for (const [attempt, message] of cases) await assert.rejects(attempt(), { name: "LifeboatError", message });
  assert.equal(await fileInfo(options.outputPath), undefined);
  assert.deepEqual(
    (await listDirectory(path)).filter((name) => name.includes(".part-")),
    [],
  );
  assert.equal((await readText(`${path}/initramfs`)).length, 200_000);
});

function bytesOf(path: string): Uint8Array {
  const entry = findOnIso(iso, path);
  assert.ok(entry, `"${path}" is not on the ISO`);
  return readIsoFile(iso, entry);
}
