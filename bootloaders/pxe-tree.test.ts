import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "#os/exec";
import { fileInfo, listDirectory, makeDirectory, readBytes, readText, walk, writeFile } from "#os/files";
import { MENU, makeWorkshop, missingTools } from "./fixtures-for-tests.ts";
import { grubNetworkMenu } from "./menu-grub.ts";
import { ipxeMenu } from "./menu-ipxe.ts";
import { pxelinuxMenu } from "./menu-pxelinux.ts";
import { pxeReadme } from "./pxe-readme.ts";
import { assemblePxeTree } from "./pxe-tree.ts";

const skip = (await missingTools("grub-mkimage", "/usr/lib/PXELINUX/pxelinux.0", "/usr/lib/grub/x86_64-efi")) ?? false;
const COMMON_FILES = [
  "README.txt",
  "boot.ipxe",
  "grub/grub.cfg",
  "grubx64.efi",
  "ldlinux.c32",
  "lifeboat/build-id",
  "lifeboat/id-20261121-0a1b2c",
  "lifeboat/initramfs.img",
  "lifeboat/tools.squashfs",
  "lifeboat/vmlinuz",
  "pxelinux.0",
  "pxelinux.cfg/boot.msg",
  "pxelinux.cfg/default",
];

test("assemblePxeTree() fills a directory that a TFTP server can read, with a menu for each loader", { skip }, async () => {
  await using workshop = await makeWorkshop();
  const outputDirectory = `${workshop.path}/new/tree`;
  const mediumUrl = "http://10.0.0.1/lifeboat";
  const made = await assemblePxeTree(workshop.files, MENU, { outputDirectory, secureBoot: "unsigned", mediumUrl });
  const files = (await walk(outputDirectory)).filter(({ type }) => type === "file").map(({ path }) => path);
  assert.deepEqual(files, COMMON_FILES);
  const infos = await Promise.all(files.map((path) => fileInfo(`${outputDirectory}/${path}`)));
  assert.deepEqual(new Set(infos.map((info) => info?.mode)), new Set([0o644]));
  const sizeBytes = infos.reduce((sum, info) => sum + (info?.sizeBytes ?? 0), 0);
  assert.deepEqual(made, { outputPath: outputDirectory, sizeBytes, signed: false });
  assert.equal(await readText(`${outputDirectory}/pxelinux.cfg/default`), pxelinuxMenu(MENU, mediumUrl));
  assert.equal(await readText(`${outputDirectory}/grub/grub.cfg`), grubNetworkMenu(MENU, workshop.files.buildId, { mediumUrl }));
  assert.equal(await readText(`${outputDirectory}/boot.ipxe`), ipxeMenu(MENU, mediumUrl));
  assert.deepEqual(await readBytes(`${outputDirectory}/lifeboat/initramfs.img`), await readBytes(workshop.files.initramfsPath));
  assert.deepEqual(await listDirectory(`${workshop.path}/new`), ["tree"]);
});

test("assemblePxeTree() opens the directories that it makes, whatever the umask, and leaves others as they are", { skip }, async () => {
  await using workshop = await makeWorkshop();
  const options = { secureBoot: "unsigned", force: true } as const;
  const theirs = `${workshop.path}/theirs`;
  await makeDirectory(theirs, 0o750);
  const before = process.umask(0o077);
  try {
    await assemblePxeTree(workshop.files, MENU, { ...options, outputDirectory: `${theirs}/new/tree` });
  } finally {
    process.umask(before);
  }
  const directories = (await walk(theirs)).filter(({ type }) => type === "directory");
  assert.ok(directories.length > 4);
  for (const { path } of directories) assert.equal((await fileInfo(`${theirs}/${path}`))?.mode, 0o755, path);
  assert.equal((await fileInfo(theirs))?.mode, 0o750);
});

const noRoot = process.getuid?.() === 0 ? skip : "needs root to mount a tmpfs";

test("assemblePxeTree() makes no directory where there is no room for what it holds", { skip: noRoot }, async () => {
  await using workshop = await makeWorkshop();
  const full = `${workshop.path}/full`;
  await makeDirectory(full);
  await run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", full]);
  try {
    const options = { outputDirectory: `${full}/new/tree`, secureBoot: "unsigned" } as const;
    await assert.rejects(assemblePxeTree(workshop.files, MENU, options), /as the output needs \d+ MiB/);
    assert.deepEqual(await listDirectory(full), []);
  } finally {
    await run(["umount", full]);
  }
});

test("assemblePxeTree() adds an unsigned loader for HTTP to the signed ones", { skip }, async () => {
  await using workshop = await makeWorkshop();
  const { path } = workshop;
  for (const name of ["shim", "grub"]) await writeFile(`${path}/${name}`, `${name} signed`);
  const outputDirectory = `${path}/tree`;
  const signedFiles = { shim: `${path}/shim`, grub: `${path}/grub` };
  await assemblePxeTree(workshop.files, MENU, { outputDirectory, secureBoot: "auto", signedFiles });
  const files = (await walk(outputDirectory)).filter(({ type }) => type === "file").map(({ path }) => path);
  assert.deepEqual(files, [...COMMON_FILES, "grub-http.efi", "shimx64.efi"].sort());
  assert.equal(await readText(`${outputDirectory}/grubx64.efi`), "grub signed");
  const readme = await readText(`${outputDirectory}/README.txt`);
  assert.match(readme, /^ {2}7 or 9 +UEFI, 64 bits +shimx64\.efi$/m);
  assert.match(readme, /http:\/\/SERVER\/grub-http\.efi$/m);
});

test("assemblePxeTree() keeps what is there: it needs force for a directory in use, and then adds to it", { skip }, async () => {
  await using workshop = await makeWorkshop();
  const outputDirectory = `${workshop.path}/tftp`;
  await makeDirectory(`${outputDirectory}/grub`);
  await writeFile(`${outputDirectory}/grub/other`, "theirs");
  const options = { outputDirectory, secureBoot: "unsigned" } as const;
  await assert.rejects(assemblePxeTree(workshop.files, MENU, options), /as existing files are kept: the directory is not empty/);
  assert.deepEqual(await listDirectory(outputDirectory), ["grub"]);
  await assemblePxeTree(workshop.files, MENU, { ...options, force: true });
  assert.equal(await readText(`${outputDirectory}/grub/other`), "theirs");
  assert.equal(await readText(`${outputDirectory}/grub/grub.cfg`), grubNetworkMenu(MENU, workshop.files.buildId));
});

test("assemblePxeTree() refuses what is no URL or no directory, and leaves nothing behind", { skip }, async () => {
  await using workshop = await makeWorkshop();
  const before = await listDirectory(workshop.path);
  const options = { outputDirectory: `${workshop.path}/tree`, secureBoot: "unsigned" } as const;
  for (const mediumUrl of ["10.0.0.1/x", "http://a b", "http://a' nuke", "ftp://a/", "http://a\nnuke", "http://${x}"]) {
    await assert.rejects(assemblePxeTree(workshop.files, MENU, { ...options, mediumUrl }), /Cannot name the medium as its URL/, mediumUrl);
  }
  const onFile = { ...options, outputDirectory: workshop.files.kernelPath, force: true };
  await assert.rejects(assemblePxeTree(workshop.files, MENU, onFile), /as it is a directory: a file is there/);
  const noTools = { ...workshop.files, toolsPath: `${workshop.path}/none` };
  await assert.rejects(assemblePxeTree(noTools, MENU, options), /there is none/);
  assert.deepEqual(await listDirectory(workshop.path), before);
});

test("pxeReadme() fits 80 columns, and its dnsmasq lines are ones that dnsmasq takes", async (context) => {
  const loaders = { signed: true, tftpLoader: "shimx64.efi", httpLoader: "grub-http.efi" };
  const medium = { buildId: "b1", url: undefined };
  const readme = pxeReadme(MENU, loaders, medium);
  assert.ok(readme.split("\n").every((line) => line.length < 80));
  assert.equal(pxeReadme(MENU, { ...loaders, httpLoader: undefined }, medium).includes("undefined"), false);
  const missing = await missingTools("dnsmasq");
  if (missing !== undefined) return context.skip(missing);
  const lines = readme.slice(readme.indexOf("dnsmasq, complete:")).split("\n").slice(1);
  await run(["dnsmasq", "--test", "--conf-file=-"], { input: lines.map((line) => `${line.trim()}\n`).join("") });
});
