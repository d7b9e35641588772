// extlinux: its own installer, and boot code that leaves the partition table alone.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Chroot } from "./chroot.ts";
import { installExtlinux } from "./extlinux.ts";

const root = await mkdtemp(join(tmpdir(), "lifeboat-extlinux-"));
after(() => rm(root, { recursive: true }));

test("installExtlinux() writes 440 bytes to the disk, and tells which files the installer has made", async () => {
  await mkdir(join(root, "boot/extlinux"), { recursive: true });
  await mkdir(join(root, "usr/lib/EXTLINUX"), { recursive: true });
  await writeFile(join(root, "boot/extlinux/extlinux.conf"), "DEFAULT linux");
  await writeFile(join(root, "usr/lib/EXTLINUX/mbr.bin"), Buffer.alloc(512, "c"));
  const path = join(root, "disk");
  await writeFile(path, Buffer.alloc(2048, "d"));
  const calls: string[][] = [];
  const chroot: Chroot = {
    async run(command) {
      calls.push([...command]);
      await writeFile(join(root, "boot/extlinux/ldlinux.sys"), "stage");
      return { stdout: "", stderr: "", exitCode: 0 };
    },
    find: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const disk = {
    name: "vda",
    path,
    wwid: undefined,
    serial: "S",
    model: undefined,
    driver: "ahci",
    drivers: [],
    sizeBytes: 2048,
    logicalSectorBytes: 512,
  };
  const step = {
    kind: "install-extlinux",
    disk,
    directory: "/boot/extlinux",
    installer: "/usr/bin/extlinux",
    bootCode: "/usr/lib/EXTLINUX/mbr.bin",
  } as const;
  assert.deepEqual(await installExtlinux(step, chroot, root), ["/boot/extlinux/ldlinux.sys"]);
  assert.deepEqual(calls, [["/usr/bin/extlinux", "--install", "/boot/extlinux"]]);
  assert.deepEqual(await readFile(path), Buffer.concat([Buffer.alloc(440, "c"), Buffer.alloc(2048 - 440, "d")]));
});
