// What there is to say about a kernel before anything is built around it.

import { join } from "node:path";
import { parseModulesDep } from "kmod-parse/modules-dep";
import { readText } from "#os/files";
import { checkKernelConfig, checkUnknownConfig, type KernelFinding } from "./check-kernel-config.ts";
import type { FoundKernel } from "./find-kernel.ts";
import { withPlace } from "./module-errors.ts";

export interface KernelReport extends Omit<FoundKernel, "config"> {
  /** What it lacks for a rescue system; whether a module is there counts. */
  readonly findings: readonly KernelFinding[];
  /** False when a finding is fatal: `lifeboat build` would refuse it. */
  readonly usable: boolean;
}

/** Reads modules.dep alone. Throws LifeboatError when it cannot be read. */
export async function reportKernel({ config, ...kernel }: FoundKernel): Promise<KernelReport> {
  const text = await readText(join(kernel.moduleDirectory, "modules.dep"));
  const modules = withPlace(kernel.moduleDirectory, () => parseModulesDep(text));
  const names = new Set(modules.map(({ name }) => name));
  const { findings } = config === undefined ? checkUnknownConfig() : checkKernelConfig(config, names);
  return { ...kernel, findings, usable: findings.every(({ severity }) => severity !== "fatal") };
}
