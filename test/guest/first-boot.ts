// A new guest boots once, from a kernel given to QEMU, and installs its own boot loader: no host can do that for it.

import { join } from "node:path";
import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import { startMachine } from "../../qemu/machine.ts";
import { guestMachine } from "./guest-machine.ts";
import { logIn, powerOffGuest } from "./guest-session.ts";
import type { DiskRecipe } from "./guest-disk.ts";
import { DISKS, firmwareOf, LOGIN, oddDirectories, type GuestKind } from "./recipe.ts";

const LIMIT_MS = 10 * 60 * 1000;

export async function finishInFirstBoot({ kind, base, image, hostname, workDirectory }: DiskRecipe): Promise<void> {
  const root = DISKS[kind].partitions.find(({ content }) => content?.path === "/")?.content?.uuid ?? "";
  const spec = guestMachine(kind, { file: image, uefiVariables: join(workDirectory, "uefi-variables.fd") });
  const kernel = {
    image: join(base, "vmlinuz"),
    initrd: join(base, "initrd.img"),
    append: `root=UUID=${root} console=ttyS0,115200n8 panic=-1 norandmaps quiet`,
  };
  await using machine = await startMachine(
    { ...spec, kernel },
    { workDirectory: join(workDirectory, "first-boot"), timeLimitMs: LIMIT_MS },
  );
  const session = await logIn(machine, { hostname, login: LOGIN, timeoutMs: LIMIT_MS });
  for (const command of firstBootCommands(kind)) {
    const { exitCode, output } = await session.run(command, LIMIT_MS);
    if (exitCode !== 0) {
      throw new LifeboatError(`Cannot make the guest as "${command}" must succeed inside it: exit code ${exitCode}\n${output}`);
    }
  }
  await powerOffGuest(session);
  await run(["sync", image]);
}

export function firstBootCommands(kind: GuestKind): readonly string[] {
  // The host's container may lack CAP_SYS_RESOURCE, which this flag needs (odd-files.pl).
  const journalled = oddDirectories(kind)
    .filter((word) => /^ext[34]:/.test(word))
    .map((word) => `chattr +j ${word.slice(word.indexOf(":") + 1)}/flags/j`);
  const initramfs = kind === "dracut" ? ['dracut --force "/boot/initrd.img-$(uname -r)" "$(uname -r)"'] : [];
  const isBios = firmwareOf(kind) === "bios";
  const install = isBios ? "grub-install --target=i386-pc /dev/vda" : "grub-install --target=x86_64-efi --efi-directory=/boot/efi";
  return [...journalled, ...initramfs, install, "update-grub"];
}
