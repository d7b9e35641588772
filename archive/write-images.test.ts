// What goes wrong while a device is read into a set: nothing of the set is left.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
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
  const { directory } = await makePlace({ kind: "directory", path: store }, { store, id: TEST_SET_ID, cleanUp });
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
