// The Debian tree that all guests start from, made by mmdebstrap from the host's own apt sources.

import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { makeDirectory, readText, writeFile } from "#os/files";
import { BOOT_PACKAGES, KINDS, LEFT_OUT, LOGIN, NOT_IN_GUESTS, PACKAGES, type GuestKind, type LeftOut } from "./recipe.ts";

const RUN_PACKAGES = join(import.meta.dirname, "../../set-up/packages-run.txt");
const PREPARE = join(import.meta.dirname, "prepare-root.sh");
const LIMIT_MS = 20 * 60 * 1000;

/** As makeTree(); and `KIND-packages`, the .debs that make each kind boot, with what they depend on. */
export async function makeBaseTree(directory: string): Promise<void> {
  for (const kind of KINDS) await makeDirectory(join(directory, `${kind}-packages`));
  await makeTree(directory, {
    packages: await basePackages(),
    leftOut: LEFT_OUT,
    modules: ["virtio_pci", "virtio_blk", "ext4", "xfs", "crc32c_generic"],
    hooks: KINDS.map(downloadCommand),
  });
}

export interface TreeRecipe {
  readonly packages: readonly string[];
  readonly leftOut: LeftOut;
  /** Of the initramfs. */
  readonly modules: readonly string[];
  /** Shell commands in `directory`, which is writable, when the packages are there; $1 is the tree. */
  readonly hooks: readonly string[];
}

/**
 * Makes in `directory`, which must have nothing of the same names: `root.tar`; `vmlinuz` and `initrd.img`, for a first boot without boot
 * loader; `release`, the kernel's; `mmdebstrap.log`.
 */
export async function makeTree(directory: string, { packages, leftOut, modules, hooks }: TreeRecipe): Promise<void> {
  const path = (name: string) => join(directory, name);
  await writeFile(path("sources.list"), await aptSources());
  await writeFile(path("apt.conf"), await aptOptions());
  await writeFile(path("dpkg.cfg"), dpkgOptions(leftOut));
  const hook = (command: string) => `set -eu; cd ${quoted(directory)}; ${command}`;
  await run(
    [
      "mmdebstrap",
      "--mode=root",
      "--variant=apt",
      "--format=tar",
      `--logfile=${path("mmdebstrap.log")}`,
      `--aptopt=${path("apt.conf")}`,
      `--dpkgopt=${path("dpkg.cfg")}`,
      `--include=${packages.join(",")}`,
      `--essential-hook=${hook(`sh ${quoted(PREPARE)} before "$1" ${modules.join(" ")}`)}`,
      ...hooks.map((command) => `--customize-hook=${hook(command)}`),
      `--customize-hook=${hook(`sh ${quoted(PREPARE)} after "$1" ${quoted(LOGIN.password)}`)}`,
      `--customize-hook=${hook('cp "$1"/boot/vmlinuz-* vmlinuz; cp "$1"/boot/initrd.img-* initrd.img; ls "$1"/lib/modules >release')}`,
      await codename(),
      path("root.tar"),
      path("sources.list"),
    ],
    { timeoutMs: LIMIT_MS },
  );
}

/** What apt would install, put beside the tree instead of into it. */
function downloadCommand(kind: GuestKind): string {
  const packages = BOOT_PACKAGES[kind].join(" ");
  return `export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"; apt-get clean; apt-get --yes --download-only install ${packages}; mv "$1"/var/cache/apt/archives/*.deb ${kind}-packages`;
}

/** Without what they depend on. */
export async function basePackages(): Promise<readonly string[]> {
  return [...PACKAGES, ...(await runPackages()).filter((name) => !NOT_IN_GUESTS.test(name))];
}

/** What `lifeboat build` needs. */
export async function runPackages(): Promise<readonly string[]> {
  return (await readText(RUN_PACKAGES)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** Debian's own among the host's sources, as one-line entries. */
async function aptSources(): Promise<string> {
  const format = "deb $(REPO_URI) $(CODENAME) $(COMPONENT)";
  const { stdout } = await run(["apt-get", "indextargets", "--format", format, "Identifier: Packages", "Origin: Debian"]);
  if (stdout.trim() === "") {
    throw new LifeboatError("Cannot make a guest as apt must know Debian's packages: its lists name no source of Debian", {
      hint: "Run apt-get update, on Debian",
    });
  }
  return stdout;
}

/** How the host's apt fetches: proxies, and what it checks. */
async function aptOptions(): Promise<string> {
  const { stdout } = await run(["apt-config", "dump", "--format", '%f "%v";%n', "Acquire"]);
  return stdout
    .split("\n")
    .filter((line) => !/^Acquire::(?:IndexTargets|CompressionTypes|Changelogs|cdrom)| "";$/.test(line))
    .concat('APT::Install-Recommends "false";', "")
    .join("\n");
}

function dpkgOptions({ exclude, include }: LeftOut): string {
  const excludes = exclude.map((pattern) => `path-exclude=${pattern}`);
  const includes = include.map((pattern) => `path-include=${pattern}`);
  return `${["force-unsafe-io", ...excludes, ...includes].join("\n")}\n`;
}

async function codename(): Promise<string> {
  return /^VERSION_CODENAME=(\w+)$/m.exec(await readText("/etc/os-release"))?.[1] ?? "bookworm";
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
