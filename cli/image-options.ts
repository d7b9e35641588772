// Options of all commands that look at a kernel or make a rescue image: what goes into it.

import { dirname, join } from "node:path";
import { LifeboatError } from "#os/error";
import { exists } from "#os/files";
import { failsafeKernel } from "../builder/failsafe-kernel.ts";
import { findKernel, kernelSystem, parseKernelRequest, type FoundKernel } from "../builder/find-kernel.ts";
import type { GatherOptions } from "../builder/gather-image.ts";
import { CACHE_DIRECTORY } from "../builder/package-cache.ts";
import { readHardwareModules } from "../machine/sysfs-modules.ts";
import { cacheDirectoryOf } from "./cache-hint.ts";
import { listOption, textOption, type OptionSpec, type OptionValues } from "./command-spec.ts";

/** What all commands share that look at a kernel. */
export const KERNEL_OPTIONS: readonly OptionSpec[] = [
  {
    name: "kernel",
    short: "k",
    value: "KERNEL",
    type: "path-or-name",
    description: "The kernel: running, failsafe, a version, or the path of an image",
    defaultText: "the running kernel, else the newest installed, else failsafe",
  },
  {
    name: "failsafe-kernel",
    value: "FILE",
    type: "path",
    description: "The Debian package of the failsafe kernel, instead of fetching it through apt",
  },
  {
    name: "cache",
    value: "DIR",
    type: "path",
    description: "Where pieces are kept for the next build",
    defaultText: `LIFEBOAT_CACHE, else ${CACHE_DIRECTORY}`,
  },
];

/** What all commands share that look at the image: which kernel, which modules. */
export const IMAGE_OPTIONS: readonly OptionSpec[] = [
  ...KERNEL_OPTIONS,
  { name: "busybox", value: "FILE", type: "path", description: "The static busybox, instead of this machine's own or Debian's" },
  {
    name: "modules",
    value: "WHICH",
    choices: ["all", "host"],
    description: "Take all of the kernel's modules, or those that this machine needs",
    defaultText: "all",
  },
  { name: "force-module", value: "NAME", many: true, description: "Take this module into the initramfs; may be given again" },
  { name: "deny-module", value: "NAME", many: true, description: "Leave this module out, and what needs it; may be given again" },
  {
    name: "firmware",
    value: "WHICH",
    choices: ["needed", "none"],
    description: "Take the firmware that the modules name, or none",
    defaultText: "needed",
  },
];

/** The kernel that the options ask for, checked. */
export async function chooseKernel(options: OptionValues): Promise<FoundKernel> {
  const cacheDirectory = cacheDirectoryOf(options);
  const deb = textOption(options, "failsafe-kernel");
  const system = await kernelSystem(() => failsafeKernel({ cacheDirectory, deb }));
  const word = textOption(options, "kernel") ?? (deb === undefined ? undefined : "failsafe");
  return findKernel(parseKernelRequest(word), system);
}

/** Which modules, firmware and programs: all that the plan of an image depends on, but the agent. */
export function readGatherOptions(options: OptionValues): Omit<GatherOptions, "agentPath"> {
  const host = textOption(options, "modules") === "host" ? hostFacts() : undefined;
  return {
    root: "/",
    cacheDirectory: cacheDirectoryOf(options),
    busybox: textOption(options, "busybox"),
    modules: {
      forceModules: listOption(options, "force-module"),
      denyModules: listOption(options, "deny-module"),
      ...(host === undefined ? {} : { host }),
    },
    firmware: textOption(options, "firmware") === "none" ? "none" : "needed",
  };
}

function hostFacts() {
  const { modaliases, loadedModules, drivers } = readHardwareModules();
  return { modaliases, loadedModules, driverNames: drivers.map(({ name, module }) => module ?? name) };
}

/** The running binary is the agent; in a source checkout, the one that `npm run binary` made. */
export async function agentPath(): Promise<string> {
  const isBinary = !process.execPath.endsWith("/node");
  const path = isBinary ? process.execPath : join(dirname(import.meta.dirname), "out/lifeboat");
  if (await exists(path)) return path;
  throw new LifeboatError(`Cannot build a rescue image as the agent's binary must be there: "${path}" is not`, {
    hint: "Make it with: npm run binary",
  });
}
