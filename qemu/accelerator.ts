// Whether KVM may be used: only when a kernel has booted under it, since the device node alone proves nothing.
import { LifeboatError } from "#os/error";
import { exists, fileInfo, makeTemporaryDirectory, readText, readTextIfThere, writeAtomic } from "#os/files";
import * as v from "valibot";
import { startMachine } from "./machine.ts";
import type { Accelerator } from "./machine-spec.ts";

export interface AcceleratorOptions {
  /** A Linux kernel to boot. */
  readonly kernelPath: string;
  /** Keeps the answer for this kernel file until the next boot of the host. */
  readonly cacheFile: string;
  /** For the probe; a kernel that works needs about 2 s. 15 s unless given. */
  readonly timeLimitMs?: number;
  readonly kvmDevice?: string;
}

export interface AcceleratorChoice {
  readonly accelerator: Accelerator;
  /** A sentence for the report. */
  readonly reason: string;
}

export async function chooseAccelerator(options: AcceleratorOptions): Promise<AcceleratorChoice> {
  const device = options.kvmDevice ?? "/dev/kvm";
  if (!(await exists(device))) return { accelerator: "tcg", reason: `there is no ${device}` };
  const key = await cacheKey(options.kernelPath);
  const cached = parseCache(await readTextIfThere(options.cacheFile));
  if (cached?.key === key) return { accelerator: cached.accelerator, reason: cached.reason };
  const choice = await probe(options.kernelPath, options.timeLimitMs ?? 15_000);
  await writeAtomic(options.cacheFile, `${JSON.stringify({ key, ...choice })}\n`);
  return choice;
}

/** Without a root file system a kernel that works panics; with `panic=-1` that ends the machine at once. */
async function probe(kernelPath: string, timeLimitMs: number): Promise<AcceleratorChoice> {
  await using directory = await makeTemporaryDirectory("lifeboat-kvm-");
  try {
    await using machine = await startMachine(
      {
        machineType: "pc",
        firmware: { kind: "bios" },
        memoryMb: 512,
        accelerator: "kvm",
        kernel: { image: kernelPath, append: "console=ttyS0 panic=-1" },
      },
      { workDirectory: directory.path, timeLimitMs },
    );
    await machine.expect(/Kernel panic - not syncing: (VFS|No working init)/);
    return { accelerator: "kvm", reason: "a kernel booted under KVM" };
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    const [firstLine = ""] = error.message.split("\n");
    return { accelerator: "tcg", reason: `no kernel boots under KVM here: ${firstLine.replace(/^.*?: /, "")}` };
  }
}

async function cacheKey(kernelPath: string): Promise<string> {
  const kernel = await fileInfo(kernelPath);
  if (kernel === undefined) {
    throw new LifeboatError(`Cannot probe KVM as it needs a kernel to boot: there is no "${kernelPath}"`, { exitCode: 2 });
  }
  const bootId = (await readText("/proc/sys/kernel/random/boot_id")).trim();
  return `${kernelPath} ${kernel.mtimeNs} ${bootId}`;
}

const Cache = v.object({ key: v.string(), accelerator: v.picklist(["tcg", "kvm"]), reason: v.string() });

/** A cache that cannot be read is no cache. */
function parseCache(text: string | undefined): v.InferOutput<typeof Cache> | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = v.safeParse(Cache, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
