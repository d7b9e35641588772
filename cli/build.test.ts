// Whole builds around a kernel made by hand, with a shell script as the agent.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lifeboat, makeCheckout, makeKernel, makeScratch } from "./command-line-for-tests.ts";

const AGENT = "#!/bin/sh\necho 0.1.0\n";
const noBuild = existsSync("/bin/busybox") && existsSync("/usr/bin/mksquashfs") ? false : "needs a static /bin/busybox and mksquashfs";

test(
  "a kernel whose configuration nobody knows is built around with gzip, unless another way is asked for",
  { skip: noBuild },
  async () => {
    await using scratch = await makeScratch();
    const root = scratch.path;
    const checkout = await makeCheckout(root, AGENT);
    const image = await makeKernel(root, { modules: { "modules.dep": "" } });
    // The budget is looked at when the pieces are made.
    const words = [
      "build",
      "-k",
      image,
      "--cache",
      join(root, "cache"),
      "--firmware",
      "none",
      "--budget",
      "0",
      "-o",
      join(root, "rescue.iso"),
    ];
    const asked = await lifeboat([...words, "--compression", "zstd"], { checkout });
    assert.match(asked.stderr, /^lifeboat: Cannot compress the image with zstd as kernel .* both its layers: it knows gzip, none\n/);
    const built = await lifeboat(words, { checkout });
    assert.match(built.stderr, /^lifeboat: Cannot make the initramfs as it may have at most 0\.0 MiB: it has /);
  },
);

test("an image whose agent does not run is refused", { skip: noBuild }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const checkout = await makeCheckout(root, "#!/bin/sh\necho broken\nexit 9\n");
  const image = await makeKernel(root, { modules: { "modules.dep": "" } });
  const words = ["build", "-k", image, "--cache", join(root, "cache"), "--firmware", "none", "-o", join(root, "rescue.iso")];
  const built = await lifeboat(words, { checkout });
  const message = /^lifeboat: Cannot make the image as every program must run in it: \/usr\/bin\/lifeboat: exit code 9: broken\n/;
  assert.match(built.stderr, message);
  assert.equal(built.exitCode, 3);
});

test("a kernel whose configuration lacks what a rescue system needs is refused, with all that it lacks", { skip: noBuild }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const checkout = await makeCheckout(root, AGENT);
  const config = "CONFIG_BLK_DEV_INITRD=y\n# CONFIG_DEVTMPFS is not set\nCONFIG_SQUASHFS=m\n";
  const image = await makeKernel(root, { modules: { "modules.dep": "", config } });
  const words = ["build", "-k", image, "--cache", join(root, "cache"), "--firmware", "none", "-o", join(root, "rescue.iso")];
  const { exitCode, stderr } = await lifeboat(words, { checkout });
  const [message = "", hint] = stderr.split("\n");
  assert.match(
    message,
    /^lifeboat: Cannot build around kernel \S+ as it must support a rescue system: it lacks CONFIG_BINFMT_ELF \(no program runs\); /,
  );
  assert.match(message, /; CONFIG_DEVTMPFS \(no device nodes appear in \/dev\); /);
  assert.match(message, /; CONFIG_SQUASHFS \(the tools layer cannot be mounted: its module "squashfs" is not in the module tree\); /);
  assert.deepEqual([exitCode, hint, /CONFIG_BLK_DEV_INITRD/.test(message)], [3, "  Build with another kernel: --kernel failsafe", false]);
  assert.equal(existsSync(join(root, "rescue.iso")), false);
});
