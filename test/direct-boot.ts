// Kernel and initramfs given to QEMU itself: boots that no firmware menu has to lead to.

import { join } from "node:path";
import { run } from "#os/exec";
import { exists, makeDirectory, moveIntoPlace, removeTree } from "#os/files";
import type { DirectBoot } from "../qemu/machine-spec.ts";
import type { BuiltImage } from "./scenario.ts";

/** Of the built ISO. `words` are boot words, the mode among them; the serial line is the console. */
export async function isoBoot({ path: iso, buildId }: BuiltImage, words: string): Promise<DirectBoot> {
  const directory = join(iso, "../boot-files", buildId);
  if (!(await exists(directory))) {
    await removeTree(join(iso, "../boot-files"));
    const staging = `${directory}.part`;
    await makeDirectory(staging);
    const extract = ["vmlinuz", "initramfs.img"].flatMap((name) => ["-extract", `/lifeboat/${name}`, join(staging, name)]);
    await run(["xorriso", "-osirrox", "on", "-indev", iso, ...extract]);
    await moveIntoPlace(staging, directory);
  }
  return bootOf(directory, words);
}

/** Of the PXE tree. */
export function treeBoot({ path }: BuiltImage, words: string): DirectBoot {
  return bootOf(join(path, "lifeboat"), words);
}

function bootOf(directory: string, words: string): DirectBoot {
  return {
    image: join(directory, "vmlinuz"),
    initrd: join(directory, "initramfs.img"),
    append: `console=ttyS0,115200n8 panic=-1 quiet ${words}`,
  };
}
