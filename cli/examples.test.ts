// The examples of the help are commands that work.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lifeboat, makeKernel, makeModule, makeScratch } from "./command-line-for-tests.ts";
import { COMMANDS } from "./commands.ts";

const skip = existsSync("/usr/bin/as") && existsSync("/bin/busybox") ? false : "needs as and a static /bin/busybox";

/** These look at a kernel, and are given one made by hand. */
const ON_A_KERNEL = ["explain", "findkernel", "inspect --modules"];
const ALONE = ["mountlist", "inspect"];

test("every example of the commands that only look does what it says", { skip }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const ko = await makeModule(root, "license=GPL");
  const paths = ["nvme/host/nvme.ko", "net/wireless/iwlwifi.ko", "virtio/virtio_pci.ko"].map((path) => `kernel/drivers/${path}`);
  const files = Object.fromEntries(paths.map((path) => [path, ko]));
  const aliases = "alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\n";
  const dep = paths.map((path) => `${path}:\n`).join("");
  const image = await makeKernel(root, { modules: { ...files, "modules.dep": dep, "modules.alias": aliases } });
  const examples = COMMANDS.flatMap((command) => command.examples).map(({ command }) => command);
  let tried = 0;
  for (const example of examples) {
    const isOf = (name: string) => `${example} `.startsWith(`lifeboat ${name} `);
    const kernel = ON_A_KERNEL.some(isOf) ? ["-k", image] : [];
    if (kernel.length === 0 && !ALONE.some(isOf)) continue;
    const cache = ["--cache", join(root, "cache")];
    const plan = isOf("findkernel") || kernel.length === 0 ? [] : ["--firmware", "none"];
    const words = example
      .replace(/\/tmp\//, `${root}/`)
      .split(" ")
      .slice(1);
    const { exitCode, stderr } = await lifeboat([...words, ...kernel, ...(kernel.length === 0 ? [] : cache), ...plan], { cwd: root });
    assert.equal(exitCode, 0, `${example}\n${stderr}`);
    tried += 1;
  }
  assert.ok(tried >= 12, `${tried} examples`);
});

test("the examples of build are understood to the last word", async () => {
  await using scratch = await makeScratch();
  const examples = COMMANDS.flatMap(({ name, examples: all }) => (name === "build" ? all : []));
  assert.ok(examples.length >= 4);
  for (const { command } of examples) {
    const words = command.split(" ").slice(1);
    const place = words.includes("-o") ? words.with(words.indexOf("-o") + 1, join(scratch.path, "out")) : words;
    const { exitCode, stderr } = await lifeboat([...place, "-k", join(scratch.path, "gone")], { cwd: scratch.path });
    assert.deepEqual(
      [exitCode, stderr.split("\n")[0]?.replace(/".*"/, "X")],
      [3, "lifeboat: Cannot use X as it must be a Linux kernel: there is no such file"],
    );
  }
});
