// What goes wrong while a device is read into a set: nothing of the set is left.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { isRoot } from "#os/user";
import { withImages, type DeviceImage } from "../machine/device-image.ts";
import { BIOS_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import { writeSet } from "./archive-set.ts";
import type { ImagedDevice } from "./choose-images.ts";
import { setOptionsFor, TEST_SET_ID } from "./set-for-tests.ts";
import { QUIET } from "./discs-for-tests.ts";
import { makePlace } from "./set-place.ts";

const MIB = 2 ** 20;
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-write-images-"));
after(() => rm(scratch, { recursive: true }));
const tree = join(scratch, "tree");
await mkdir(tree);
await writeFile(join(tree, "file"), "content");

/** A file stands for the device. */
async function deviceWith(content: Uint8Array, change: Partial<DeviceImage> = {}): Promise<ImagedDevice> {
  const path = join(scratch, "device");
  await writeFile(path, content);
  return { path, image: { device: "sda5", method: "raw", tool: "dd", sizeBytes: content.length, file: "images/sda5", ...change } };
}

/** As `archive` does it, into a store. */
async function archive(store: string, device: ImagedDevice): Promise<void> {
  await using cleanUp = new AsyncDisposableStack();
  const { directory } = await makePlace({ kind: "directory", path: store }, { store, id: TEST_SET_ID, cleanUp, ...QUIET });
  const machine = withLayout(BIOS_MACHINE, withImages(BIOS_MACHINE.layout, [device.image]));
  await writeSet({ ...setOptionsFor(tree, directory), machine, images: [device] });
}

test("a full disk leaves no set behind", { skip: isRoot() ? false : "only root can mount" }, async () => {
  const store = join(scratch, "small");
  await mkdir(store);
  await run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", store]);
  try {
    await assert.rejects(archive(store, await deviceWith(randomBytes(20 * MIB))), {
      name: "LifeboatError",
      message: /images\/sda5-0001\.raw\.zst/,
    });
    assert.deepEqual(await readdir(store), []);
  } finally {
    await run(["umount", store]);
  }
});

test("an NTFS that Windows has not left clean is refused, with what is to be done", async () => {
  const store = join(scratch, "clean");
  await mkdir(store);
  const device = await deviceWith(new Uint8Array(16 * MIB), { method: "ntfsclone" });
  await run(["mkntfs", "--force", "--quick", "--quiet", device.path]);
  await archive(store, device);
  await makeDirty(device.path);
  await assert.rejects(archive(store, device), {
    exitCode: 4,
    message: /scheduled for a check or it was shutdown/,
    hint: /^Windows must have/,
  });
});

/** The flag in $VOLUME_INFORMATION of MFT record 3, and of its mirror (NTFS on-disk format: linux, fs/ntfs3/ntfs.h). */
async function makeDirty(path: string): Promise<void> {
  const bytes = await readFile(path);
  const clusterBytes = bytes.readUInt16LE(11) * bytes.readUInt8(13);
  for (const field of [0x30, 0x38]) {
    const record = Number(bytes.readBigUInt64LE(field)) * clusterBytes + 3 * 1024;
    let attribute = record + bytes.readUInt16LE(record + 0x14);
    while (bytes.readUInt32LE(attribute) !== 0x70) attribute += bytes.readUInt32LE(attribute + 4);
    bytes.writeUInt16LE(1, attribute + bytes.readUInt16LE(attribute + 0x14) + 10);
  }
  await writeFile(path, bytes);
}

for (const [what, change, message] of [
  ["a device that ends early", { sizeBytes: 3 * MIB }, /as it must have 3145728 bytes: 2097152 were read$/],
  ["what is no NTFS", { method: "ntfsclone" }, /as ntfsclone must read all of it: .*/],
] as const) {
  test(`${what} leaves no set behind, and it is said why`, async () => {
    const store = join(scratch, "store");
    await mkdir(store, { recursive: true });
    await assert.rejects(archive(store, await deviceWith(new Uint8Array(2 * MIB), change)), { exitCode: 4, message });
    assert.deepEqual(await readdir(store), []);
  });
}
