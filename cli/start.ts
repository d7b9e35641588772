// `lifeboat start`, what `npm start` runs: makes the binary, lets it build a rescue ISO, and boots that once.

import { dirname, join } from "node:path";
import { run } from "#os/exec";
import { makeBinary } from "../builder/make-binary.ts";
import { chooseAccelerator } from "../qemu/accelerator.ts";
import { startMachine } from "../qemu/machine.ts";
import { chooseKernel } from "./image-options.ts";
import type { CommandSpec, Invocation } from "./command-spec.ts";

const BOOT_LIMIT_MS = 240_000;

export const startCommand: CommandSpec = {
  name: "start",
  summary: "Build out/rescue.iso for this machine and boot it once",
  description:
    "What npm start runs: makes the binary, builds a rescue ISO with it, boots the ISO in QEMU and waits for the agent's ready line.",
  args: [],
  options: [],
  examples: [{ command: "npm start", says: "builds out/rescue.iso and boots it" }],
  hidden: true,
  async run({ print, remark, options }) {
    const root = dirname(import.meta.dirname);
    const out = join(root, "out");
    const binary = await makeBinary(root, join(out, "lifeboat"));
    remark(`${binary.made ? "made" : "up to date:"} ${binary.path}`);
    const isoPath = join(out, "rescue.iso");
    const built = await run([binary.path, "build", "--output", isoPath, "--force"]);
    if (built.stderr !== "") remark(built.stderr.trimEnd());
    const { kernelPath } = await chooseKernel(options);
    const { accelerator, reason } = await chooseAccelerator({ kernelPath, cacheFile: join(out, "kvm.json") });
    remark(`booting ${isoPath} in QEMU (${accelerator}: ${reason.split("\n")[0]?.slice(0, 100)})`);
    await bootOnce(isoPath, accelerator, remark);
    print(built.stdout);
    return 0;
  },
};

async function bootOnce(isoPath: string, accelerator: "tcg" | "kvm", remark: Invocation["remark"]): Promise<void> {
  const startedMs = performance.now();
  await using machine = await startMachine(
    {
      machineType: "pc",
      firmware: { kind: "bios" },
      accelerator,
      memoryMb: 1024,
      cds: [{ file: isoPath, bus: "ide", bootIndex: 0 }],
    },
    { workDirectory: join(dirname(isoPath), "start"), timeLimitMs: BOOT_LIMIT_MS },
  );
  await machine.expect("boot:", { timeoutMs: 60_000 });
  machine.send("\r");
  for (;;) {
    const { text } = await machine.expect(/lifeboat: .*\n/, { timeoutMs: BOOT_LIMIT_MS });
    remark(`  ${text.trimEnd()}`);
    if (text.startsWith("lifeboat: ready ")) break;
  }
  remark(`ready ${Math.round((performance.now() - startedMs) / 1000)} s after power on`);
}
