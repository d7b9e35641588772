// extlinux on BIOS: the machine's own installer writes its second stage, and the disk's first sector gets the code that finds it.

import { run } from "#os/exec";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import { changedBelow, filesBelow } from "./boot-loader.ts";
import type { Chroot } from "./chroot.ts";
import type { Step } from "./plan.ts";

type ExtlinuxStep = Extract<Step, { readonly kind: "install-extlinux" }>;

/** Before the disk's number and its partition table (MBR), which stay. */
const CODE_BYTES = 440;

/** Returns the files that it has written, by their own names in the machine. */
export async function installExtlinux(step: ExtlinuxStep, chroot: Chroot, root: string): Promise<readonly string[]> {
  const place = await insideRoot(root, step.directory);
  const before = await filesBelow(place);
  await chroot.run([step.installer, "--install", step.directory]);
  const code = await insideRoot(root, step.bootCode);
  await run(["dd", `if=${code}`, `of=${step.disk.path}`, `bs=${CODE_BYTES}`, "count=1", "conv=notrunc,fsync"]);
  return changedBelow(before, await filesBelow(place)).map((path) => pathInMachine(root, `${place}/${path}`));
}
