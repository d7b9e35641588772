// Sees that the restored machine's initramfs can start from its new controllers, and makes it again when it cannot.

import { LifeboatError } from "#os/error";
import { appendFile, exists, listDirectory, readTextIfThere } from "#os/files";
import { sysLinkName, listSys } from "#os/sysfs";
import { familyNamed, fillTemplate, INITRAMFS_TOOLS, type DistributionFamily, type InitramfsTool } from "../machine/distributions.ts";
import type { Machine } from "../machine/model.ts";
import type { Chroot } from "./chroot.ts";
import type { RestoreEnvironment } from "./engine.ts";

export interface InitramfsRequest {
  readonly machine: Machine;
  readonly drivers: readonly string[];
  readonly chroot: Chroot;
}

/** Returns the absolute paths of what it has changed. */
export async function checkInitramfs(
  { machine, drivers, chroot }: InitramfsRequest,
  environment: RestoreEnvironment,
): Promise<readonly string[]> {
  const family = familyNamed(machine.system.family);
  const releases = await installedKernels(environment.root, family);
  if (releases.length === 0) {
    throw new LifeboatError("Cannot make the machine start from its new disk as it must have a kernel: there is none in its /lib/modules", {
      exitCode: 4,
    });
  }
  const wanted = [...new Set(drivers.map(moduleOf))];
  const tool = await installedTool(family, chroot);
  const lacking: string[] = [];
  for (const { release, image } of releases) {
    const missing = await missingModules({ tool, chroot, release, image, wanted }, environment.root);
    if (missing.length > 0) environment.say(`lifeboat: the initramfs of kernel ${release} lacks ${missing.join(", ")}: making it again`);
    lacking.push(...missing);
  }
  if (lacking.length === 0) return [];
  const { path, text, separator } = tool.addModules;
  const modules = [...new Set(lacking)];
  await appendFile(`${environment.root}${path}`, text.replace("{modules}", modules.join(separator)));
  for (const { release, image } of releases) await rebuild({ tool, chroot, release, image, wanted }, environment);
  return [path, ...releases.map(({ image }) => image)];
}

interface KernelImage {
  readonly release: string;
  readonly image: string;
}

/** The machine's own, whatever its family's usual one is; where there is none, the command says so. */
async function installedTool({ initramfs }: DistributionFamily, chroot: Chroot): Promise<InitramfsTool> {
  const tools = initramfs.tools.map((name) => INITRAMFS_TOOLS[name]);
  const program = await chroot.find(tools.map(({ command }) => command[0]));
  return tools.find(({ command }) => command[0] === program) ?? tools[0]!;
}

/** Kernels with modules and an initramfs. */
async function installedKernels(root: string, { initramfs }: DistributionFamily): Promise<readonly KernelImage[]> {
  const found: KernelImage[] = [];
  for (const release of await listDirectory(`${root}/lib/modules`)) {
    const image = fillTemplate(initramfs.image, { release });
    if (image !== undefined && (await exists(`${root}${image}`))) found.push({ release, image });
  }
  return found;
}

/** Drivers and their modules may have different names; the driver that serves the disk here tells. */
function moduleOf(driver: string): string {
  const buses = listSys("/sys/bus");
  const module = buses.map((bus) => sysLinkName(`/sys/bus/${bus}/drivers/${driver}/module`)).find((name) => name !== undefined);
  return (module ?? driver).replace(/-/g, "_");
}

interface KernelJob extends KernelImage {
  readonly tool: InitramfsTool;
  readonly chroot: Chroot;
  readonly wanted: readonly string[];
}

async function missingModules({ tool, chroot, release, image, wanted }: KernelJob, root: string): Promise<readonly string[]> {
  const builtin = namesIn((await readTextIfThere(`${root}/lib/modules/${release}/modules.builtin`)) ?? "");
  const loadable = wanted.filter((name) => !builtin.has(name));
  const { list } = tool;
  const program = list === undefined ? undefined : await chroot.find([list[0]]);
  if (list === undefined || program === undefined || loadable.length === 0) return loadable;
  const inside = namesIn((await chroot.run(filled(list, { image, release }))).stdout);
  return loadable.filter((name) => !inside.has(name));
}

/** Of all modules that a list of paths names. */
function namesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/([^/\s]+)\.ko(?:\.\w+)?$/gm)].map(([, name]) => name!.replace(/-/g, "_")));
}

async function rebuild(job: KernelJob, { root, note }: RestoreEnvironment): Promise<void> {
  const { tool, chroot, release, image } = job;
  const words = filled(tool.command, { image, release });
  const said = await chroot.run(words);
  note(`${words.join(" ")}: ${said.stdout.trim()} ${said.stderr.trim()}`);
  const missing = await missingModules(job, root);
  if (missing.length > 0 && tool.list !== undefined) {
    throw new LifeboatError(
      `Cannot make the machine start from its new disk as its initramfs must have ${missing.join(", ")}: ${image} still has not`,
      { exitCode: 4 },
    );
  }
}

function filled([program, ...words]: readonly [string, ...string[]], { image, release }: Pick<KernelImage, "image" | "release">) {
  return [program, ...words.map((word) => word.replace("{image}", image).replace("{release}", release))] as const;
}
