import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { isExecutable, makeTemporaryDirectory, readText, writeFile } from "#os/files";
import { chooseAccelerator } from "./accelerator.ts";

const skip = (await isExecutable("/usr/bin/qemu-system-x86_64")) ? false : "qemu-system-x86_64 is not installed";

test("chooseAccelerator() takes emulation when there is no KVM device", async () => {
  const choice = await chooseAccelerator({ kernelPath: "/no/kernel", cacheFile: "/no/cache", kvmDevice: "/no/kvm" });
  assert.deepEqual(choice, { accelerator: "tcg", reason: "there is no /no/kvm" });
});

test("chooseAccelerator() wants a kernel that is there", async () => {
  await assert.rejects(chooseAccelerator({ kernelPath: "/no/kernel", cacheFile: "/no/cache", kvmDevice: "/dev/null" }), {
    message: 'Cannot probe KVM as it needs a kernel to boot: there is no "/no/kernel"',
  });
});

test(
  "chooseAccelerator() takes emulation when the probe fails, says why, and keeps the answer for that kernel file",
  { skip },
  async () => {
    await using directory = await makeTemporaryDirectory();
    const kernelPath = join(directory.path, "vmlinuz");
    const cacheFile = join(directory.path, "cache.json");
    await writeFile(kernelPath, "no kernel");
    await writeFile(cacheFile, "no JSON");
    const options = { kernelPath, cacheFile, kvmDevice: "/dev/null", timeLimitMs: 5_000 };
    const choice = await chooseAccelerator(options);
    assert.equal(choice.accelerator, "tcg");
    assert.match(choice.reason, /^no kernel boots under KVM here: QEMU failed: /);
    const cache = JSON.parse(await readText(cacheFile)) as { key: string };
    await writeFile(cacheFile, JSON.stringify({ key: cache.key, accelerator: "kvm", reason: "from the cache" }));
    assert.deepEqual(await chooseAccelerator(options), { accelerator: "kvm", reason: "from the cache" });
    await writeFile(kernelPath, "another kernel");
    assert.deepEqual(await chooseAccelerator(options), choice);
  },
);
