// A small rescue image and a menu, as all tests of this room use them.
import { run } from "#os/exec";
import { exists, makeTemporaryDirectory, writeFile } from "#os/files";
import type { MenuOptions, RescueFiles } from "./rescue-files.ts";

export const MENU: MenuOptions = {
  modes: ["interactive", "nuke", "compare", "expert"],
  defaultMode: "interactive",
  timeoutSeconds: 30,
  append: "panic=10",
  consoles: ["tty0", "ttyS0,115200n8"],
  title: "Lifeboat rescue medium",
  machineName: "web1.example.org",
  dateText: "2026-11-21 19:45 UTC",
};

/** 2026-11-21 19:45 UTC. */
export const EPOCH = 1_795_290_300;

export interface Workshop extends AsyncDisposable {
  readonly path: string;
  readonly files: RescueFiles;
}

/** A directory that holds a kernel, an initramfs and a tools layer; none of them is a real one. */
export async function makeWorkshop(): Promise<Workshop> {
  const directory = await makeTemporaryDirectory();
  const { path } = directory;
  const files = {
    kernelPath: `${path}/kernel=odd name`,
    initramfsPath: `${path}/initramfs`,
    toolsPath: `${path}/tools`,
    kernelRelease: "6.1.0-test",
    buildId: "20261121-0a1b2c",
  };
  await writeFile(files.kernelPath, "kernel ".repeat(5000), 0o600);
  await writeFile(files.initramfsPath, "initramfs ".repeat(20_000), 0o600);
  await writeFile(files.toolsPath, "tools ".repeat(50_000), 0o600);
  return { path, files, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** Why a test cannot run here, or undefined: names the programs and files that are not installed. */
export async function missingTools(...needed: readonly string[]): Promise<string | undefined> {
  const missing: string[] = [];
  for (const name of needed) {
    const there = name.startsWith("/") ? exists(name) : isProgram(name);
    if (!(await there)) missing.push(name);
  }
  return missing.length === 0 ? undefined : `not installed: ${missing.join(" ")}`;
}

export const ISO_TOOLS = ["xorriso", "mkfs.vfat", "mcopy", "grub-mkimage", "/usr/lib/ISOLINUX/isolinux.bin", "/usr/lib/grub/x86_64-efi"];

async function isProgram(name: string): Promise<boolean> {
  return (await run(["sh", "-c", `command -v ${name}`], { okCodes: [0, 1, 127] })).exitCode === 0;
}
