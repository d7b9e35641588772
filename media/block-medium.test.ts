import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { digestFile } from "#os/digest";
import { run } from "#os/exec";
import { startWorkerShell } from "#os/worker-shell";
import { createDiskImage } from "../qemu/disks.ts";
import { openBlockMedium } from "./block-medium.ts";

const root = mkdtempSync(join(tmpdir(), "lifeboat-block-"));
const shell = startWorkerShell();
after(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});
const skip = process.getuid?.() === 0 ? false : "mounting needs root";

const asked: string[] = [];
const open = (device: string) =>
  openBlockMedium({
    device,
    description: "disk",
    mountPoint: join(root, "mnt"),
    run: shell.run,
    needFileSystem: async (name) => void asked.push(name),
  });

test("openBlockMedium() reads a file system whose journal wants a replay, and leaves every byte as it was", { skip }, async () => {
  const image = join(root, "ext4.img");
  await createDiskImage(image, 16 * 2 ** 20);
  const content = join(root, "content");
  writeFileSync(content, "abc\n");
  await run(["mkfs.ext4", "-q", "-F", image]);
  await run(["debugfs", "-w", "-R", `write ${content} build-id`, image]);
  await run(["debugfs", "-w", "-R", "feature needs_recovery", image]);
  const before = await digestFile(image);
  const medium = await open(image);
  assert.ok(medium !== undefined);
  assert.deepEqual(asked, ["ext4"]);
  assert.equal(await medium.readSmall("build-id"), "abc\n");
  assert.equal(await medium.readSmall("missing"), undefined);
  await medium.close();
  assert.equal(await digestFile(image), before);
});

test("openBlockMedium() says nothing of a device without a file system, or one that is not there", async () => {
  const image = join(root, "empty.img");
  await createDiskImage(image, 2 ** 20);
  assert.equal(await open(image), undefined);
  await run(["mkswap", "-q", image]);
  assert.equal(await open(image), undefined);
  assert.equal(await open(join(root, "missing")), undefined);
});

test("openBlockMedium() names the device and the file system when the mount fails", { skip }, async () => {
  const image = join(root, "broken.img");
  const bytes = new Uint8Array(2 ** 20);
  bytes.set([0x53, 0xef], 0x438);
  writeFileSync(image, bytes);
  await assert.rejects(open(image), /^LifeboatError: Cannot mount ".*broken\.img" as a ext4 file system: /);
});
