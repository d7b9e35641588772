// `lifeboat chroot`, in the rescue system: a shell, or one command, in the machine that lifeboat mount has mounted.

import { LifeboatError, type ExitCode } from "#os/error";
import { openChroot } from "../restore/chroot.ts";
import type { CommandSpec } from "./command-spec.ts";
import { MACHINE_ROOT, mountedSet, requireRescueSystem } from "./mount.ts";

export const chrootCommand: CommandSpec = {
  name: "chroot",
  summary: "In the rescue system: a shell in the machine that lifeboat mount has mounted",
  description:
    `Mounts /proc, /sys, /dev and /run below ${MACHINE_ROOT}, and runs a shell there, or COMMAND with /bin/sh -c; all of it is unmounted again when that ends. ` +
    "Programs of the machine see its disks, and do not touch copies of LVM's settings. The exit code is 1 when the command fails.",
  args: [{ name: "COMMAND", required: false, description: "For the machine's own shell" }],
  options: [],
  examples: [
    { command: "lifeboat chroot", says: "a shell; exit leaves it" },
    { command: "lifeboat chroot 'update-initramfs -u'", says: "one command" },
  ],
  async run({ args: [command] }): Promise<ExitCode> {
    await requireRescueSystem("chroot into");
    await mountedSet("chroot into");
    await using chroot = await openChroot(MACHINE_ROOT);
    const shell = (await chroot.find(["bash"])) === undefined ? "/bin/sh" : "bash";
    if ((await chroot.find(["sh"])) === undefined) {
      throw new LifeboatError(`Cannot chroot into the machine as it must have a shell: there is no sh below ${MACHINE_ROOT}`);
    }
    const exitCode = await chroot.runAttached(command === undefined ? [shell, "-l"] : ["/bin/sh", "-c", command]);
    return exitCode === 0 || command === undefined ? 0 : 1;
  },
};
